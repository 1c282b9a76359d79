import type { OAuthProvider } from "./provider.ts";

/** How a token answer states the life of its access token, the standard's member first (RFC 6749 section 5.1). */
const LIFETIME_MEMBERS = ["expires_in", "expires_at", "expires"] as const;

export interface Lifetime {
  /** Whole seconds from when the tokens were asked for; undefined where none are stated, or the token does not expire. */
  readonly seconds: number | undefined;
  /** The members that state something that cannot be understood. */
  readonly misread: readonly string[];
}

export interface LifetimeFacts {
  readonly provider: Pick<OAuthProvider, "expiryPath" | "expiresInUnit" | "expiryZeroMeans">;
  /** Milliseconds since the epoch: when the tokens were asked for. */
  readonly askedAt: number;
  /** Whether there is a refresh token: without one, a token that has no life would be of no use to any client. */
  readonly isRenewable: boolean;
}

const MS_PER_SECOND = 1000;
/** A number from a day ago to 50 years ahead is an instant. No life is that long. */
const EARLIEST_INSTANT_MS = -86_400_000;
const LATEST_INSTANT_MS = 1_577_836_800_000;
const LONGEST_LIFE_SECONDS = LATEST_INSTANT_MS / MS_PER_SECOND;

const decimalNumber = /^\s*[+-]?\d+(?:\.\d+)?\s*$/;
const duration = /^\s*(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|d|days?)\s*$/i;
/** Without its zone an instant is hours off. */
const zonedInstant = /\d{4}.*(?:Z|GMT|UTC|[+-]\d{2}:?\d{2})\s*$/i;

const unitSeconds = (unit: string): number => {
  if (/^m(?:s|illi)/i.test(unit)) return 1 / MS_PER_SECOND;
  return { s: 1, m: 60, h: 3_600, d: 86_400 }[unit.charAt(0).toLowerCase()] ?? 1;
};

/**
 * Reads the life of an access token from the first member that states one, the declared one before those of the standard: seconds (or the
 * declared unit), a number with its unit, or an instant as seconds or milliseconds since the epoch, or as a date with its zone.
 *
 * 0 and -1 count where no other member states a life. They mean what is declared; else that the token does not expire, unless it can be
 * renewed. Rule 1 never rests on a guess: what is not understood is named in `misread`, and states no life.
 */
export function readLifetime(source: Readonly<Record<string, unknown>>, facts: LifetimeFacts, declared?: unknown): Lifetime {
  const misread: string[] = [];
  let ofNothing: number | "endless" | undefined;
  const toLifetime = (seconds: number | "endless" | undefined): Lifetime =>
    typeof seconds === "number" ? { seconds: Math.max(0, Math.floor(seconds)), misread } : { seconds: undefined, misread };
  for (const { member, value, unit } of membersOf(source, facts, declared)) {
    if (value === undefined || value === null || value === "") continue;
    const seconds = lifetimeOf({ isInstant: member === "expires_at", unit }, value, facts);
    if (seconds === undefined) misread.push(member);
    else if (isNothing(Number(value))) ofNothing ??= seconds;
    else return toLifetime(seconds);
  }
  return toLifetime(ofNothing);
}

/** The members that may state a life. A declared unit is the declared member's, where there is one. */
function membersOf(source: Readonly<Record<string, unknown>>, { provider }: LifetimeFacts, declared: unknown): StatedLife[] {
  const { expiryPath: path, expiresInUnit: unit } = provider;
  const standard = LIFETIME_MEMBERS.filter((member) => member !== path).map((member) => ({ member, value: source[member] }));
  if (path === null) return standard.map((life) => ({ ...life, unit }));
  return [{ member: path, value: declared, unit }, ...standard.map((life) => ({ ...life, unit: "seconds" as const }))];
}

interface StatedLife {
  readonly member: string;
  readonly value: unknown;
  readonly unit: OAuthProvider["expiresInUnit"];
}

/**
 * Whole seconds until a refresh token ends; undefined where they are not stated. 0 and less state nothing. It may be an instant in
 * any declared unit.
 */
export function readRefreshLifetime(
  value: unknown,
  { provider, askedAt }: Pick<LifetimeFacts, "askedAt"> & { provider: Pick<OAuthProvider, "expiresInUnit"> },
): number | undefined {
  const unit = provider.expiresInUnit === "milliseconds" ? "milliseconds" : "seconds";
  const seconds = lifetimeOf({ isInstant: false, unit }, value, { provider: { expiryZeroMeans: "never" }, askedAt, isRenewable: true });
  return typeof seconds === "number" && seconds > 0 ? Math.floor(seconds) : undefined;
}

/** What may only stand for "not stated". */
const isNothing = (number: number): boolean => number === 0 || number === -1;

/** How a member is to be read. */
interface Reading {
  readonly isInstant: boolean;
  readonly unit: OAuthProvider["expiresInUnit"];
}

type ReadFacts = Omit<LifetimeFacts, "provider"> & { provider: Pick<OAuthProvider, "expiryZeroMeans"> };

function lifetimeOf(reading: Reading, value: unknown, facts: ReadFacts): number | "endless" | undefined {
  const number = typeof value === "string" && decimalNumber.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return lifetimeOfNumber(reading, number, facts);
  return typeof value === "string" ? lifetimeOfText(value, facts) : undefined;
}

function lifetimeOfNumber({ isInstant, unit }: Reading, number: number, facts: ReadFacts): number | "endless" | undefined {
  const { provider, askedAt, isRenewable } = facts;
  const zeroMeans = provider.expiryZeroMeans ?? (isRenewable ? "expired" : "never");
  if (isNothing(number)) return zeroMeans === "never" ? "endless" : 0;
  const isMilliseconds = unit === "milliseconds";
  const instants = isMilliseconds ? [number] : [number * MS_PER_SECOND, number];
  const instant = instants.find((each) => each - askedAt > EARLIEST_INSTANT_MS && each - askedAt < LATEST_INSTANT_MS);
  if (instant !== undefined) return (instant - askedAt) / MS_PER_SECOND;
  const seconds = isMilliseconds ? number / MS_PER_SECOND : number;
  return isInstant || unit === "epoch" || unit === "iso" || seconds > LONGEST_LIFE_SECONDS ? undefined : seconds;
}

function lifetimeOfText(text: string, { askedAt }: Pick<LifetimeFacts, "askedAt">): number | undefined {
  const [, count, unit] = duration.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return Number(count) * unitSeconds(unit);
  const instant = zonedInstant.test(text) ? Date.parse(text) : NaN;
  return instant - askedAt > EARLIEST_INSTANT_MS ? (instant - askedAt) / MS_PER_SECOND : undefined;
}
