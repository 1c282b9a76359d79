/** Least life a token must have left when the caller names none, and its cap as a share of the token's whole life (rule 1). */
export const DEFAULT_MARGIN_SECONDS = 60;
const MARGIN_SHARE = 1 / 10;
/** From how long before its expiry a refresh is tried, so that a provider's short outage goes unnoticed; and its cap. */
export const REFRESH_AHEAD_SECONDS = 300;
const REFRESH_AHEAD_SHARE = 1 / 5;
/** A token whose life is not stated is refreshed after this long, where it can be (rule 7). */
export const UNKNOWN_LIFETIME_SECONDS = 3_600;

/** What is known of a held token's life; instants in milliseconds. */
export interface TokenLife {
  issuedAt: number;
  /** Null: unknown, which is not forever. */
  expiresAt: number | null;
}

export interface Freshness {
  /** It may be handed out: it has the life that was asked for. */
  isUsable: boolean;
  /** A refresh should be tried first. */
  isDue: boolean;
  /** The most a caller may ask for, in seconds: what a just refreshed token still offers a margin later. */
  maximumTtl: number;
}

/** Judges a token by rule 1. `minimumTtl` is in seconds; null asks for the default margin. */
export function assessFreshness(life: TokenLife, minimumTtl: number | null, now: number): Freshness {
  return life.expiresAt === null
    ? assessUnknown(life.issuedAt, minimumTtl, now)
    : assessKnown(life.issuedAt, life.expiresAt, minimumTtl, now);
}

function assessKnown(issuedAt: number, expiresAt: number, minimumTtl: number | null, now: number): Freshness {
  const lifetime = Math.max(0, expiresAt - issuedAt);
  const margin = Math.min(DEFAULT_MARGIN_SECONDS * 1000, lifetime * MARGIN_SHARE);
  const ahead = Math.min(REFRESH_AHEAD_SECONDS * 1000, lifetime * REFRESH_AHEAD_SHARE);
  const needed = minimumTtl === null ? margin : minimumTtl * 1000;
  const left = expiresAt - now;
  const isUsable = left > 0 && left >= needed;
  return {
    isUsable,
    isDue: !isUsable || left < ahead,
    maximumTtl: Math.floor((lifetime - margin) / 1000),
  };
}

/** Nothing can be promised of a life that is not stated. */
function assessUnknown(issuedAt: number, minimumTtl: number | null, now: number): Freshness {
  return { isUsable: !minimumTtl, isDue: now - issuedAt >= UNKNOWN_LIFETIME_SECONDS * 1000, maximumTtl: 0 };
}
