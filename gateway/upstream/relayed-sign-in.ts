import { forbidden, GatewayError, unauthenticated } from "../../schema/errors.ts";
import type { Auth } from "../auth/index.ts";
import { defaultLifetimes } from "../auth/lifetimes.ts";
import { assertOwnPage, assertPermittedPage, bindSignIn, type SignedIn, type SignIn } from "../auth/sign-in.ts";
import { noLimits } from "../http/rate-limits.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import type { RelayedSession, UserRelay } from "./upstream.ts";

/** What can be passed on in a header, and is worth it: longer than 16 KiB is no token. */
const passableToken = /^[\x21-\x2b\x2d-\x7e]{1,16384}$/;

export interface RelayedSignInOptions {
  auth: Pick<Auth, "cookies" | "bindings" | "origins">;
  relay: UserRelay;
  sealer: Sealer;
}

/**
 * Signing in where the upstream says who is asking: its sessions are passed on, and its session cookie travels sealed inside ours, so
 * that a browser can hand in no other. Which pages may ask is checked here, because the upstream sees this gateway alone.
 */
export function createRelayedSignIn({ auth: { cookies, bindings, origins }, relay, sealer }: RelayedSignInOptions): SignIn {
  const carried = createSealedCookie(cookies, sealer);

  const toSignedIn = ({ token, expiresAt, viewer, cookie }: RelayedSession): SignedIn => ({
    session: { token, expiresAt, viewer },
    setCookies: cookie === null ? [] : carried.serialize(cookie),
  });

  const signIn: SignIn = {
    // How often each user may is the upstream's to say.
    async login(userToken, request, limits = noLimits) {
      assertPermittedPage(origins, request);
      if (!passableToken.test(userToken)) throw unauthenticated("The token was refused: sign in again.");
      const session = await limits.countRefusal(relay.login(userToken));
      await end(relay, carried.find(request));
      return toSignedIn(session);
    },

    async refresh(request) {
      assertOwnPage(origins, request);
      const cookie = carried.find(request);
      if (cookie === null) throw unauthenticated("There is no session in this browser, or it has ended: sign in with login.");
      return toSignedIn(await relay.refresh(cookie));
    },

    async logout(request) {
      assertOwnPage(origins, request);
      await end(relay, carried.find(request));
      return { setCookies: [...cookies.session.clear(), ...bindings.clearAll(request)] };
    },

    start: () =>
      Promise.reject(forbidden("Users of this gateway are signed in by its upstream: one-time tokens are for that one's pages.")),

    async findViewer(request) {
      const cookie = carried.find(request);
      return cookie === null ? null : ((await refreshOrNull(relay, cookie))?.viewer ?? null);
    },

    bind: (request, headers, limits = noLimits) => bindSignIn(signIn, { request, headers, limits }),
  };
  return signIn;
}

/** The upstream's session cookie, sealed inside ours. */
function createSealedCookie({ session }: Auth["cookies"], sealer: Sealer) {
  const place = `relayed-session:${session.name}`;

  function open(sealed: string): string[] {
    try {
      return [sealer.open(sealed, place)];
    } catch (error) {
      if (error instanceof SealError) return [];
      throw error;
    }
  }

  return {
    find: (request: Request): string | null => session.parse(request).flatMap(open)[0] ?? null,
    serialize: (cookie: string): string[] => session.serialize(sealer.seal(cookie, place), defaultLifetimes.sessionSeconds),
  };
}

async function end(relay: UserRelay, cookie: string | null): Promise<void> {
  if (cookie !== null) await relay.logout(cookie);
}

async function refreshOrNull(relay: UserRelay, cookie: string): Promise<RelayedSession | null> {
  try {
    return await relay.refresh(cookie);
  } catch (error) {
    if (error instanceof GatewayError && error.code === "UNAUTHENTICATED") return null;
    throw error;
  }
}
