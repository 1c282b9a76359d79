import { requirePage, SESSION_COOKIE } from "./credentials.ts";
import { ok, type Routes } from "./exchange.ts";
import type { Service } from "./service.ts";
import { toUser } from "./shapes.ts";

/** Contract, "Sessions". */
export function createSessionRoutes({ credentials, url }: Service): Routes {
  return {
    "POST /sessions": (call) => {
      const user = credentials.requireUser(call);
      const headers = { "set-cookie": `${SESSION_COOKIE}=${credentials.openSession(user)}; Path=/; HttpOnly` };
      return ok({ ...credentials.mintSessionToken(user) }, { headers });
    },
    "POST /sessions/token": (call) => {
      requirePage(call, url);
      return ok({ ...credentials.mintSessionToken(credentials.requireSession(call)) });
    },
    "POST /sessions/ott": (call) => ok({ ott: credentials.mintOneTimeToken(credentials.requireUser(call)) }),
    "DELETE /sessions": (call) => {
      requirePage(call, url);
      credentials.endSession(call);
      return ok(null, { status: 204, headers: { "set-cookie": `${SESSION_COOKIE}=; Path=/; Max-Age=0` } });
    },
    "GET /session": (call) => ok({ session: { user: toUser(credentials.requireUser(call)) } }),
  };
}
