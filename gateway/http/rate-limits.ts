import { LRUCache } from "lru-cache";
import { GatewayError } from "../../schema/errors.ts";
import { boundedByCount } from "../runtime/bounded-by-count.ts";
import type { Log } from "../runtime/log.ts";
import type { RateLimit, RateLimiter } from "../runtime/rate-limiter.ts";
import { clientAddressOf, isPrivate, networkOf } from "./client-address.ts";
import type { Peer } from "./peer.ts";

const WINDOW_SECONDS = 600;
const per = (count: number): RateLimit => ({ count, seconds: WINDOW_SECONDS });

/**
 * How often requests that write to the store or sign a token may come within ten minutes: from one user, known by a verified credential, and
 * from one address. A hundred users of an office share an address: their pages stay far below it.
 */
export const RATE_LIMITS = {
  login: { user: per(300), address: per(6_000) },
  refreshSession: { user: per(600), address: per(12_000) },
  connect: { user: per(300), address: per(6_000) },
  oneTimeToken: { user: per(300), address: per(6_000) },
} as const;
/** Refused credentials from one address. One that has expired, or is missing, does not count. */
export const BAD_CREDENTIAL_LIMIT = per(600);

export type LimitedAction = keyof typeof RATE_LIMITS;

/** The limits, for one request. */
export interface RequestLimits {
  /** Counts what a user is about to do. Throws RATE_LIMITED. */
  admit(this: void, action: LimitedAction, userId: string): Promise<void>;
  /** Counts why a credential is refused. Throws RATE_LIMITED, in place of UNAUTHENTICATED, when there were too many. */
  countRefusal(this: void, error: unknown): Promise<void>;
  /** The request has a valid API key: its address is a server's, and counts no more. */
  exemptAddress(this: void): void;
  /** Where the client is; null where that is not known, or a proxy's address. */
  clientAddress(this: void): string | null;
}

/** What `authenticating` resolves to; a refusal is counted, and then thrown. */
export async function countRefusal<Value>(limits: RequestLimits, authenticating: Promise<Value>): Promise<Value> {
  try {
    return await authenticating;
  } catch (error) {
    await limits.countRefusal(error);
    throw error;
  }
}

/** Nothing is limited. */
export const noLimits: RequestLimits = {
  admit: async () => {},
  countRefusal: async () => {},
  exemptAddress() {},
  clientAddress: () => null,
};

interface Options {
  isOn: boolean;
  /** Proxies in front whose `X-Forwarded-For` and `Forwarded` are believed. */
  trustedProxyHops: number;
  /** Whether a private peer address is warned of. In development it is the developer's own machine. */
  warnsOfProxy: boolean;
  log: Pick<Log, "warn">;
  limiter: Pick<RateLimiter, "consume">;
  /** Whether a refused credential was valid before. */
  isStaleCredential: (error: Error) => boolean;
}

/** Peers whose address is not looked at again. */
const REMEMBERED_PEERS = 1_000;

interface Found {
  address: string | null;
  /** A private address stands for many clients where no proxies are trusted. */
  isProxy: boolean;
}

/** Finds where requests come from. What proxies write is read at each of them; a peer itself is looked at once. */
function createAddressFinder(trustedProxyHops: number): (peer: Peer | null, headers: Headers) => Found {
  const remembered = new LRUCache<string, Found>(boundedByCount(REMEMBERED_PEERS));
  const findNew = (peer: Peer | null, headers: Headers): Found => {
    const address = clientAddressOf(peer, headers, trustedProxyHops);
    return { address, isProxy: address !== null && trustedProxyHops === 0 && isPrivate(address) };
  };
  return (peer, headers) => {
    if (trustedProxyHops > 0 || !peer?.address) return findNew(peer, headers);
    const known = remembered.get(peer.address);
    if (known) return known;
    const found = findNew(peer, headers);
    remembered.set(peer.address, found);
    return found;
  };
}

/** Says what is counted, and for whom. The limiter counts it. */
export function createRateLimits({ isOn, trustedProxyHops, warnsOfProxy, log, limiter, isStaleCredential }: Options) {
  const findAddress = createAddressFinder(trustedProxyHops);
  let shouldWarn = warnsOfProxy;

  function warnOnce(): void {
    if (shouldWarn) log.warn({}, PRIVATE_PEER);
    shouldWarn = false;
  }

  async function consume(key: string, limit: RateLimit, what: string): Promise<void> {
    const retryAfter = await limiter.consume(key, limit);
    if (retryAfter === null) return;
    throw new GatewayError("RATE_LIMITED", ({ refusals }) => refusals.tooMany(what, retryAfter), { retryAfter });
  }

  return (peer: Peer | null, headers: Headers): RequestLimits => {
    let found: Found | undefined;
    const find = () => (found ??= findAddress(peer, headers));
    const clientAddress = () => (find().isProxy ? null : find().address);
    if (!isOn) return { ...noLimits, clientAddress };
    let isExempt = false;
    const findNetwork = () => {
      if (isExempt) return null;
      if (find().isProxy) warnOnce();
      const from = clientAddress();
      return from && networkOf(from);
    };
    return {
      async admit(action, userId) {
        const { user, address: shared } = RATE_LIMITS[action];
        await consume(`${action} user ${userId}`, user, `${action} requests of this user`);
        const from = findNetwork();
        if (from !== null) await consume(`${action} address ${from}`, shared, `${action} requests from this address`);
      },
      async countRefusal(error) {
        if (!(error instanceof GatewayError) || error.code !== "UNAUTHENTICATED" || isStaleCredential(error)) return;
        const from = findNetwork();
        if (from !== null) await consume(`bad credential ${from}`, BAD_CREDENTIAL_LIMIT, "refused credentials from this address");
      },
      exemptAddress: () => void (isExempt = true),
      clientAddress,
    };
  };
}

const PRIVATE_PEER =
  "Requests come from a private address, which counts as a proxy, so no rate limit by address applies. Set XKIT_TRUSTED_PROXY_HOPS to the number of proxies in front of the gateway.";
