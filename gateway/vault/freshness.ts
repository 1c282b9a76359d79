/** Least life a token must have left when the caller names none, and its cap as a share of the token's whole life (rule 1). */
export const DEFAULT_MARGIN_SECONDS = 60;
const MARGIN_SHARE = 1 / 10;
/** From how long before its expiry a refresh is tried, so that a provider's short outage goes unnoticed; and its cap. */
export const REFRESH_AHEAD_SECONDS = 300;
const REFRESH_AHEAD_SHARE = 1 / 5;
/** The cap of a declared time. */
const DECLARED_AHEAD_SHARE = 1 / 2;
/** A token whose life is not stated is refreshed after this long, where it can be (rule 7). */
export const UNKNOWN_LIFETIME_SECONDS = 3_600;

/** How long what was found of a token's life holds, in milliseconds: a store may have been waited for since. */
const JUDGED_FOR_MS = 100;
/** How often a token is asked for again, as its life was judged too long ago. */
export const MOST_JUDGEMENTS = 3;

/**
 * Whether a token may still be given that was judged at `judgedAt` (by `performance.now`): it was a moment ago, or it has life enough left
 * by the margin without its cap. `now` is in milliseconds.
 */
export function isJudgedStill(
  { expiresAt }: { expiresAt: Date | null },
  minimumTtl: number | null,
  { judgedAt, now }: { judgedAt: number; now: number },
): boolean {
  const needed = Math.max(DEFAULT_MARGIN_SECONDS, minimumTtl ?? 0) * 1000;
  return performance.now() - judgedAt <= JUDGED_FOR_MS || expiresAt === null || expiresAt.getTime() - now >= needed;
}

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

/** What a provider's facts say of a refresh. */
export interface RefreshFacts {
  kills_old_token: boolean;
  ahead_seconds: number | null;
}

/** How much life a token has left when it is refreshed ahead. */
interface RefreshAhead {
  seconds: number;
  /** Its cap, as a share of the token's whole life. */
  share: number;
}

const usualAhead: RefreshAhead = { seconds: REFRESH_AHEAD_SECONDS, share: REFRESH_AHEAD_SHARE };

/** A token that a refresh would end early is left alone, unless the provider wants it. */
export function refreshAheadOf({ kills_old_token: isKilling, ahead_seconds: seconds }: RefreshFacts): RefreshAhead {
  if (seconds !== null) return { seconds, share: DECLARED_AHEAD_SHARE };
  return isKilling ? { seconds: 0, share: 0 } : usualAhead;
}

/** Judges a token by rule 1. `minimumTtl` is in seconds; null asks for the default margin. */
export function assessFreshness(life: TokenLife, minimumTtl: number | null, now: number, ahead = usualAhead): Freshness {
  const { issuedAt, expiresAt } = life;
  return expiresAt === null ? assessUnknown(issuedAt, minimumTtl, now) : assessKnown({ issuedAt, expiresAt }, minimumTtl, now, ahead);
}

interface KnownLife {
  issuedAt: number;
  expiresAt: number;
}

function assessKnown({ issuedAt, expiresAt }: KnownLife, minimumTtl: number | null, now: number, refreshAhead: RefreshAhead): Freshness {
  const lifetime = Math.max(0, expiresAt - issuedAt);
  const margin = Math.min(DEFAULT_MARGIN_SECONDS * 1000, lifetime * MARGIN_SHARE);
  const ahead = Math.min(refreshAhead.seconds * 1000, lifetime * refreshAhead.share);
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
