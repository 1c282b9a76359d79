import { GatewayError } from "../../../schema/errors.ts";
import type { Viewer } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { UserRelay } from "../upstream.ts";
import { jarOf, mergeInto, parseJar, serializeJar } from "./cookie-jar.ts";
import { expiryOf } from "./expiry.ts";
import { answers } from "./response-schemas.ts";
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
  return {
    async login(userToken) {
      const credential = { authorization: `Bearer ${userToken}` };
      const { body, setCookies } = await ask({ method: "POST", path: ["sessions"], credential }, answers.login);
      // A plain Xkit answers nothing: the user token itself stays the bearer.
      const token = body.access_token ?? userToken;
      const cookie = serializeJar(jarOf(setCookies, clock.now()));
      return { token, expiresAt: expiryOf(token, body.expires_at, clock.now()), viewer: await whoIs(token), cookie };
    },

    async refresh(held) {
      const request = { method: "POST", path: ["sessions", "token"], credential: { cookie: held }, headers: OWN_PAGE } as const;
      const { body, setCookies } = await ask(request, answers.token);
      const token = body.access_token;
      const cookie = serializeJar(mergeInto(parseJar(held), setCookies, clock.now()));
      return { token, expiresAt: expiryOf(token, body.expires_at, clock.now()), viewer: await whoIs(token), cookie };
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
