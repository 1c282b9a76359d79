import { LRUCache } from "lru-cache";
import type { TokenSet } from "../oauth/result.ts";
import type { BoundedClock } from "../store/store-clock.ts";
import { apiAccessOf } from "./api-access.ts";
import type { StoredConnection, StoredGrant } from "./connections.ts";
import { assessFreshness, type Freshness, refreshAheadOf } from "./freshness.ts";
import { type GrantedToken, isKilledByRefresh } from "./held-token.ts";
import type { Refresher } from "./refresh.ts";
import type { RefreshBehind } from "./refresh-behind.ts";
import { lackingScopes, parseScopes } from "./scopes.ts";
import { expiryOf, fingerprintOf, type Keys } from "./sealed-columns.ts";

/** What the memory of narrower tokens may take: 8 MiB. One that was dropped is asked for again. */
const MEMORY_BYTES = 8_388_608;
/** What an entry takes beside its token and its key. */
const BYTES_PER_ENTRY = 1_000;
/** How long a provider that has refused a narrower token, or given less, is not asked for the same one again, in milliseconds. */
const REFUSED_MS = 600_000;

/** A token with fewer scopes, or until when the provider is not asked for it. */
type Kept = KeptToken | { retryAt: number };

interface KeptToken {
  token: GrantedToken;
  issuedAt: number;
}

interface Dependencies extends Keys {
  refresher: Pick<Refresher, "narrow">;
  refreshBehind: RefreshBehind;
  clock: BoundedClock;
}

interface Asked {
  scopes: readonly string[];
  minimumTtl: number | null;
  rejected: string | null;
}

/**
 * Gives access tokens with fewer scopes than their grant has (RFC 6749 section 6), where the provider is declared to give them. They are kept
 * in memory alone, by the grant and the very scopes that were asked for, until they are due.
 */
export function createNarrower({ refresher, refreshBehind, clock, ...keys }: Dependencies) {
  const memory = new LRUCache<string, Kept>({
    maxSize: MEMORY_BYTES,
    sizeCalculation: (kept, key) => BYTES_PER_ENTRY + 2 * key.length + ("token" in kept ? 3 * kept.token.value.length : 0),
  });
  const flights = new Map<string, Promise<Kept | null>>();

  /** `full` is the grant's own token, from which the rest is taken. */
  async function fetchNarrower(
    stored: StoredGrant,
    full: GrantedToken,
    scopes: readonly string[],
    isForced: boolean,
  ): Promise<Kept | null> {
    const narrowed = await refresher.narrow(stored, scopes, isForced ? "rejected" : "due");
    if (narrowed === null) return null;
    if (narrowed === "refused") return { retryAt: clock.now() + REFUSED_MS };
    const { tokens, askedAt } = narrowed;
    // It has not even what was asked for.
    if (tokens.scopes && lackingScopes(scopes, askedAndGranted(scopes, tokens.scopes), stored.connector).length > 0)
      return { retryAt: clock.now() + REFUSED_MS };
    return { token: toNarrower(keys, stored, full, { scopes, tokens, askedAt }), issuedAt: askedAt };
  }

  const assess = ({ token, issuedAt }: KeptToken, { connector }: StoredConnection, minimumTtl: number | null): Freshness => {
    const refresh = connector.facts?.refresh;
    const life = { issuedAt, expiresAt: token.expiresAt?.getTime() ?? null };
    return assessFreshness(life, minimumTtl, clock.latest(), refresh && refreshAheadOf(refresh));
  };

  /** Null: the provider gives none now, or none that lives that long. */
  return async function findNarrower(stored: StoredConnection, full: GrantedToken, asked: Asked): Promise<GrantedToken | null> {
    const { authorization } = stored;
    if (!authorization || !mayNarrow(stored, asked.scopes)) return null;
    const grant = { ...stored, authorization };
    const scopes = [...new Set(asked.scopes)].toSorted();
    const key = JSON.stringify([authorization.id, scopes]);
    const known = memory.get(key);
    if (known && "retryAt" in known && known.retryAt > clock.now()) return null;
    const current = known && "token" in known ? known : null;
    const isRejected = current !== null && current.token.fingerprint === asked.rejected;

    async function bring(): Promise<Kept | null> {
      const flight = flights.get(key) ?? fetchNarrower(grant, full, scopes, isRejected).finally(() => flights.delete(key));
      flights.set(key, flight);
      const brought = await flight;
      if (brought) memory.set(key, brought);
      return brought;
    }
    const freshness = current && assess(current, stored, asked.minimumTtl);
    if (current && freshness?.isUsable && !isRejected && !(freshness.isDue && isKilledByRefresh(stored))) {
      if (freshness.isDue) refreshBehind(stored, key, bring);
      return { ...current.token, connection: full.connection };
    }
    const brought = await bring();
    if (!brought || !("token" in brought)) return null;
    const { isUsable, isDue } = assess(brought, stored, asked.minimumTtl);
    return isUsable && !isDue ? brought.token : null;
  };
}

export type FindNarrower = ReturnType<typeof createNarrower>;

const askedAndGranted = (asked: readonly string[], granted: readonly string[]) => ({
  requested_scopes: JSON.stringify(asked),
  granted_scopes: JSON.stringify(granted),
});

/** Whether fewer scopes are asked for than are granted, of a grant that can be asked for them. */
function mayNarrow({ authorization, connector }: StoredConnection, scopes: readonly string[]): boolean {
  if (!connector.oauth?.provider.narrowsOnRefresh || !authorization?.sealed_refresh_token || scopes.length === 0) return false;
  return lackingScopes(parseScopes(authorization.granted_scopes), askedAndGranted([], scopes), connector).length > 0;
}

function toNarrower(
  keys: Keys,
  stored: StoredGrant,
  full: GrantedToken,
  { scopes, tokens, askedAt }: { scopes: readonly string[]; tokens: TokenSet; askedAt: number },
): GrantedToken {
  const expiresAt = expiryOf(tokens, stored.connector, askedAt);
  return {
    ...full,
    value: tokens.accessToken,
    tokenType: tokens.tokenType,
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    scopes: [...(tokens.scopes ?? scopes)],
    missingScopes: [],
    fingerprint: fingerprintOf(tokens.accessToken),
    ...apiAccessOf(keys, stored, tokens.accessToken),
  };
}
