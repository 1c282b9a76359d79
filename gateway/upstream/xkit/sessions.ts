import { GatewayError } from "../../../schema/errors.ts";
import type { Viewer } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import { answers } from "./response-schemas.ts";
import { expiryOf } from "./expiry.ts";
import type { RelayedSession, UserRelay } from "../upstream.ts";
import type { RestClient } from "./rest-client.ts";

/** The upstream wants to be asked from the platform's own pages (contract, "Sessions"). That they are is this gateway's to check first. */
const OWN_PAGE = { "sec-fetch-site": "same-origin" };

export interface RelayedSessionsOptions {
  ask: RestClient["ask"];
  whoIs(bearer: string): Promise<Viewer>;
  clock: Clock;
}

/** Signing in, staying so, and out, at the upstream (contract, "Sessions"). */
export function createRelayedSessions({ ask, whoIs, clock }: RelayedSessionsOptions): Pick<UserRelay, "login" | "refresh" | "logout"> {
  async function toSession(token: string, expiresAt: Date | null, setCookies: readonly string[]): Promise<RelayedSession> {
    return { token, expiresAt: expiryOf(token, expiresAt, clock.now()), viewer: await whoIs(token), cookie: toCookie(setCookies) };
  }

  return {
    async login(userToken) {
      const credential = { authorization: `Bearer ${userToken}` };
      const { body, setCookies } = await ask({ method: "POST", path: ["sessions"], credential }, answers.login);
      // A plain Xkit answers nothing: the user token itself stays the bearer.
      return toSession(body.access_token ?? userToken, body.expires_at, setCookies);
    },

    async refresh(cookie) {
      const request = { method: "POST", path: ["sessions", "token"], credential: { cookie }, headers: OWN_PAGE } as const;
      const { body, setCookies } = await ask(request, answers.token);
      return toSession(body.access_token, body.expires_at, setCookies);
    },

    async logout(cookie) {
      try {
        await ask({ method: "DELETE", path: ["sessions"], credential: { cookie }, headers: OWN_PAGE }, answers.anything);
      } catch (error) {
        // Signed out already.
        if (!(error instanceof GatewayError) || error.code !== "UNAUTHENTICATED") throw error;
      }
    },
  };
}

/** The cookies that an answer sets, as a `Cookie` header sends them back (RFC 6265 section 4.2); null when it sets none. */
export function toCookie(setCookies: readonly string[]): string | null {
  const set = setCookies.filter((header) => !/;\s*max-age=0\s*(;|$)/i.test(header));
  const pairs = set.map((header) => header.split(";", 1)[0]?.trim() ?? "").filter((pair) => /^[^=\s]+=\S+$/.test(pair));
  return pairs.length > 0 ? pairs.join("; ") : null;
}
