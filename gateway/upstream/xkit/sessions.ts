import { type ErrorCode, GatewayError } from "../../../schema/errors.ts";
import type { Viewer } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { endSession } from "../end-session.ts";
import type { UserRelay } from "../upstream.ts";
import { jarOf, mergeInto, parseJar, serializeJar } from "./cookie-jar.ts";
import { expiryOf } from "./expiry.ts";
import type { Ask } from "./operation.ts";
import { answers } from "./response-schemas.ts";
import { upstreamUnavailable } from "./refusal.ts";

/** The upstream wants to be asked from the platform's own pages (contract, "Sessions"). That they are is this gateway's to check first. */
const OWN_PAGE = { "sec-fetch-site": "same-origin" };

export interface RelayedSessionsOptions {
  ask: Ask;
  whoIs(bearer: string): Promise<Viewer>;
  clock: Clock;
  log: Pick<Log, "warn">;
}

/** Signing in, staying so, and out, at the upstream (contract, "Sessions"). */
export function createRelayedSessions(options: RelayedSessionsOptions): Pick<UserRelay, "login" | "refresh" | "logout"> {
  const { ask, whoIs, clock, log } = options;
  const logout = (cookie: string) => endAtUpstream(ask, cookie);
  return {
    async login(userToken) {
      // Before there is a session that a failure would leave behind.
      const viewer = await whoIs(userToken);
      const credential = { authorization: `Bearer ${userToken}` };
      const { body, setCookies } = await ask({ method: "POST", path: ["sessions"], credential }, answers.anything);
      const cookie = serializeJar(jarOf(setCookies, clock.now()));
      try {
        const { success, data } = answers.login.safeParse(body);
        if (!success) throw upstreamUnavailable("gave an unexpected answer to a login");
        // A plain Xkit answers nothing: the user token itself stays the bearer.
        const token = data.access_token ?? userToken;
        const now = token === userToken ? viewer : await whoIs(token);
        if (now.userId !== viewer.userId) throw upstreamUnavailable("answered a login with another user's session");
        return { token, expiresAt: expiryOf(token, data.expires_at, clock.now()), viewer: now, cookie };
      } catch (error) {
        await endSession({ logout }, cookie, log);
        throw error;
      }
    },

    async refresh(held) {
      const request = { method: "POST", path: ["sessions", "token"], credential: { cookie: held }, headers: OWN_PAGE } as const;
      const { body, setCookies } = await ask(request, answers.token);
      const token = body.access_token;
      const cookie = serializeJar(mergeInto(parseJar(held), setCookies, clock.now()));
      return { token, expiresAt: expiryOf(token, body.expires_at, clock.now()), viewer: await whoIs(token), cookie };
    },

    logout,
  };
}

const SIGNED_OUT: readonly ErrorCode[] = ["UNAUTHENTICATED", "NOT_FOUND"];

async function endAtUpstream(ask: Ask, cookie: string): Promise<void> {
  try {
    await ask({ method: "DELETE", path: ["sessions"], credential: { cookie }, headers: OWN_PAGE }, answers.anything);
  } catch (error) {
    if (!(error instanceof GatewayError) || !SIGNED_OUT.includes(error.code)) throw error;
  }
}
