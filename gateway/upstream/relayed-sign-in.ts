import { forbidden, GatewayError, unauthenticated } from "../../schema/errors.ts";
import type { Auth } from "../auth/index.ts";
import type { SessionCookies } from "../auth/cookies.ts";
import { defaultLifetimes } from "../auth/lifetimes.ts";
import { assertOwnPage, assertPermittedPage, bindSignIn, type SignIn } from "../auth/sign-in.ts";
import { countRefusal, noLimits } from "../http/rate-limits.ts";
import type { Log } from "../runtime/log.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import { endSession } from "./end-session.ts";
import type { RelayedSession, UserRelay } from "./upstream.ts";

/** What can be passed on in a header, and is worth it: longer than 16 KiB is no token. */
const passableToken = /^[\x21-\x2b\x2d-\x7e]{1,16384}$/;

/** Longest cookie that browsers keep, attributes included (RFC 6265 section 6.1). A longer one they drop without a word. */
const MAXIMUM_COOKIE_BYTES = 4_096;

export interface RelayedSignInOptions {
  auth: Pick<Auth, "cookies" | "bindings" | "origins">;
  relay: UserRelay;
  sealer: Sealer;
  log: Pick<Log, "warn">;
}

/**
 * Signing in where the upstream says who is asking: its sessions are passed on, and its session cookies travel sealed inside ours, so
 * that a browser can hand in no others. Which pages may ask is checked here, because the upstream sees this gateway alone.
 */
export function createRelayedSignIn({ auth: { cookies, bindings, origins }, relay, sealer, log }: RelayedSignInOptions): SignIn {
  const carried = createSealedCookie(cookies.session, `relayed-session:${cookies.session.name}:${relay.origin}`, { sealer, log });

  /** A new session that the browser cannot keep is ended: no one could end it later. */
  async function keep(client: UserRelay, cookie: string | null): Promise<string[]> {
    try {
      return carried.replace(cookie);
    } catch (error) {
      await endSession(client, cookie, log);
      throw error;
    }
  }

  const signIn: SignIn = {
    // How often each user may is the upstream's to say.
    async login(userToken, request, limits = noLimits) {
      assertPermittedPage(origins, request);
      if (!passableToken.test(userToken)) throw unauthenticated("The token was refused: sign in again.");
      const client = relay.from(limits.clientAddress());
      const { cookie, ...session } = await countRefusal(limits, client.login(userToken));
      const setCookies = await keep(client, cookie);
      await endSession(client, carried.find(request), log);
      return { session, setCookies };
    },

    async refresh(request, limits = noLimits) {
      assertOwnPage(origins, request);
      const held = carried.find(request);
      if (held === null) throw unauthenticated("There is no session in this browser, or it has ended: sign in with login.");
      const { cookie, ...session } = await relay.from(limits.clientAddress()).refresh(held);
      return { session, setCookies: cookie === held ? [] : carried.replace(cookie) };
    },

    async logout(request, limits = noLimits) {
      assertOwnPage(origins, request);
      await endSession(relay.from(limits.clientAddress()), carried.find(request), log);
      return { setCookies: [...cookies.session.clear(), ...bindings.clearAll(request)] };
    },

    start: () => Promise.reject(forbidden("This gateway's upstream signs its users in: one-time tokens are for the upstream's own pages.")),

    async findViewer(request) {
      const cookie = carried.find(request);
      return cookie === null ? null : ((await refreshOrNull(relay, cookie))?.viewer ?? null);
    },

    bind: (request, headers, limits = noLimits) => bindSignIn(signIn, { request, headers, limits }),
  };
  return signIn;
}

/** The upstream's session cookies, sealed inside ours. They open in the same place alone, so that no other upstream is sent them. */
function createSealedCookie(session: SessionCookies, place: string, { sealer, log }: Pick<RelayedSignInOptions, "sealer" | "log">) {
  function open(sealed: string): string[] {
    try {
      return [sealer.open(sealed, place)];
    } catch (error) {
      if (error instanceof SealError) return [];
      throw error;
    }
  }

  /** Throws UPSTREAM_UNAVAILABLE for what a browser would not keep. */
  function seal(cookie: string): string[] {
    const setCookies = session.serialize(sealer.seal(cookie, place), defaultLifetimes.sessionSeconds);
    const bytes = Math.max(...setCookies.map((header) => Buffer.byteLength(header)));
    if (bytes <= MAXIMUM_COOKIE_BYTES) return setCookies;
    log.warn({ bytes, maximumBytes: MAXIMUM_COOKIE_BYTES }, "the upstream's session cookies are too long to be stored");
    throw new GatewayError("UPSTREAM_UNAVAILABLE", `${TOO_LONG} ${bytes} bytes, and a browser keeps ${MAXIMUM_COOKIE_BYTES}.`);
  }

  return {
    find: (request: Request): string | null => session.parse(request).flatMap(open)[0] ?? null,
    /** `Set-Cookie` headers in place of what the browser holds. */
    replace: (cookie: string | null): string[] => (cookie === null ? session.clear() : seal(cookie)),
  };
}

const TOO_LONG = "The session cannot be stored: the upstream's cookies, sealed in one cookie, have";

async function refreshOrNull(relay: UserRelay, cookie: string): Promise<RelayedSession | null> {
  try {
    return await relay.refresh(cookie);
  } catch (error) {
    if (error instanceof GatewayError && error.code === "UNAUTHENTICATED") return null;
    throw error;
  }
}
