import { forbidden, GatewayError, unauthenticated } from "../../schema/errors.ts";
import type { Auth } from "../auth/index.ts";
import { noLimits } from "../http/rate-limits.ts";
import { defaultLifetimes } from "../auth/lifetimes.ts";
import { assertOwnPage, assertPermittedPage, bindSignIn, type SignedIn, type SignIn } from "../auth/sign-in.ts";
import type { RelayedSession, RelayedUsers, Upstream } from "./upstream.ts";
import { SealError, type Sealer } from "../store/sealing.ts";

/** What can be passed on in a header, and is worth it: longer than 16 KiB is no token. */
const passableToken = /^[\x21-\x2b\x2d-\x7e]{1,16384}$/;

/** The same `auth`, with the upstream's own signing in where the upstream says who its users are. */
export const signInThrough = (auth: Auth, { users }: Pick<Upstream, "users">, sealer: Sealer): Auth =>
  users.knownHere ? auth : { ...auth, signIn: createRelayedSignIn({ auth, users, sealer }) };

export interface RelayedSignInOptions {
  auth: Pick<Auth, "cookies" | "bindings" | "origins">;
  users: RelayedUsers;
  sealer: Sealer;
}

/**
 * Signing in where the upstream says who is asking: its sessions are passed on, and its session cookie travels sealed inside ours, so
 * that a browser can hand in no other. Which pages may ask is checked here, because the upstream sees this gateway alone.
 */
export function createRelayedSignIn({ auth: { cookies, bindings, origins }, users, sealer }: RelayedSignInOptions): SignIn {
  const place = `relayed-session:${cookies.session.name}`;

  function findCookie(request: Request): string | null {
    return cookies.session.parse(request).flatMap(open)[0] ?? null;
  }

  function open(sealed: string): string[] {
    try {
      return [sealer.open(sealed, place)];
    } catch (error) {
      if (error instanceof SealError) return [];
      throw error;
    }
  }

  function toSignedIn({ token, expiresAt, viewer, cookie }: RelayedSession): SignedIn {
    const kept = cookie === null ? [] : cookies.session.serialize(sealer.seal(cookie, place), defaultLifetimes.sessionSeconds);
    return { session: { token, expiresAt, viewer }, setCookies: kept };
  }

  async function end(request: Request): Promise<void> {
    const cookie = findCookie(request);
    if (cookie !== null) await users.logout(cookie);
  }

  const signIn: SignIn = {
    // How often each user may is the upstream's to say.
    async login(userToken, request, limits = noLimits) {
      assertPermittedPage(origins, request);
      if (!passableToken.test(userToken)) throw unauthenticated("The token was refused: sign in again.");
      const session = await limits.countRefusal(users.login(userToken));
      await end(request);
      return toSignedIn(session);
    },

    async refresh(request) {
      assertOwnPage(origins, request);
      const cookie = findCookie(request);
      if (cookie === null) throw unauthenticated("There is no session in this browser, or it has ended: sign in with login.");
      return toSignedIn(await users.refresh(cookie));
    },

    async logout(request) {
      assertOwnPage(origins, request);
      await end(request);
      return { setCookies: [...cookies.session.clear(), ...bindings.clearAll(request)] };
    },

    start: () =>
      Promise.reject(forbidden("Users of this gateway are signed in by its upstream: one-time tokens are for that one's pages.")),

    async findViewer(request) {
      const cookie = findCookie(request);
      try {
        return cookie === null ? null : (await users.refresh(cookie)).viewer;
      } catch (error) {
        if (error instanceof GatewayError && error.code === "UNAUTHENTICATED") return null;
        throw error;
      }
    },

    bind: (request, headers, limits = noLimits) => bindSignIn(signIn, { request, headers, limits }),
  };
  return signIn;
}
