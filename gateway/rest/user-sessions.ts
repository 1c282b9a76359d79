import { z } from "zod";
import { noInput, defineOperation, type Operation } from "./operation.ts";
import { serializeSession, serializeViewer } from "./serialize.ts";
import { wireAnswers } from "./wire-answers.ts";

const nothing = z.object({});

/** Signing in, staying so, and out (contract, "Sessions"). */
export const sessionOperations: Operation[] = [
  defineOperation({
    ...noInput,
    name: "login",
    caller: "user",
    method: "post",
    path: "/sessions",
    summary: "Signs in with a user token as the bearer, and sets the session cookie.",
    answer: wireAnswers.sessionToken,
    handle: async ({ login }) => serializeSession(await login()),
  }),
  defineOperation({
    ...noInput,
    name: "refreshSession",
    caller: "cookie",
    method: "post",
    path: "/sessions/token",
    summary: "Returns a new session token. Needs only the session cookie, and one of the platform's web origins.",
    answer: wireAnswers.sessionToken,
    handle: async (session) => serializeSession(await session.refresh()),
  }),
  defineOperation({
    ...noInput,
    name: "createOneTimeToken",
    caller: "user",
    method: "post",
    path: "/sessions/ott",
    summary: "Returns a one-time token that signs the user in in a popup, and binds the popup to what this user started last.",
    answer: wireAnswers.ott,
    handle: async ({ createOneTimeToken }) => ({ ott: await createOneTimeToken() }),
  }),
  defineOperation({
    ...noInput,
    name: "logout",
    caller: "cookie",
    method: "delete",
    path: "/sessions",
    summary: "Ends the session of the cookie. Succeeds also without a session.",
    status: 204,
    answer: nothing,
    handle: async (session) => {
      await session.logout();
      return {};
    },
  }),
  defineOperation({
    ...noInput,
    name: "getSession",
    caller: "user",
    method: "get",
    path: "/session",
    summary: "The user that the bearer belongs to.",
    answer: wireAnswers.session,
    handle: async ({ viewer }) => ({ session: { user: serializeViewer(await viewer()) } }),
  }),
];
