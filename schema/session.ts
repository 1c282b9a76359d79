import { builder } from "./builder.ts";
import type { Session } from "./context.ts";
import { userTokenSchema } from "./input.ts";
import { ViewerType } from "./viewer.ts";

const SessionType = builder.objectRef<Session>("Session").implement({
  description: "A signed-in user in one browser.",
  fields: (t) => ({
    token: t.exposeString("token", { description: "A session token: send it as `Authorization: Bearer`. Keep it in memory only." }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      description: "When the session token expires. refreshSession returns a new one.",
    }),
    viewer: t.field({ type: ViewerType, description: "Who signed in.", resolve: ({ viewer }) => viewer }),
  }),
});

builder.mutationField("login", (t) =>
  t.field({
    type: SessionType,
    description: "Signs a user in with a user token of this gateway or of a configured issuer, and sets the session cookie.",
    args: { token: t.arg.string({ required: true, description: "The user token.", validate: userTokenSchema }) },
    resolve: (_root, { token }, { sessions }) => sessions.login(token),
  }),
);

builder.mutationField("refreshSession", (t) =>
  t.field({
    type: SessionType,
    description: "Returns a new session token. Needs only the session cookie, and one of the platform's web origins.",
    resolve: (_root, _args, { sessions }) => sessions.refresh(),
  }),
);

builder.mutationField("logout", (t) =>
  t.boolean({
    description: "Ends the session of the cookie, in all processes. True also without a session.",
    resolve: async (_root, _args, { sessions }) => {
      await sessions.logout();
      return true;
    },
  }),
);
