import type { History } from "./history.ts";
import { PROVIDER_TIMEOUT_MS } from "./plan.ts";
import type { Reuse, Rotation, Truth } from "./truth.ts";

/** A gateway that is left in peace stores an answer within this long. */
const STORE_WITHIN_MS = 1_000;

/**
 * Whether no gateway could have kept this grant: every answer that held its next refresh token was lost on the way where there is no time
 * to ask again, or died (or slept beyond its lease) with the only process that had it.
 */
export function isUnavoidable({ grant, atMs, rotations }: Reuse, history: History): boolean {
  return rotations.every((rotation) => isLostInTransit(rotation, grant.graceMs, history) || isLostWithItsHolder(rotation, atMs, history));
}

/** Within a grace window the one who asked can ask again, while it runs. */
function isLostInTransit({ isLost, process, atMs }: Rotation, graceMs: number, history: History): boolean {
  return isLost && (graceMs === 0 || history.find(process, ["killed", "paused"], atMs, atMs + graceMs).length > 0);
}

/** The process was killed or paused before it can have stored what it was answered. */
function isLostWithItsHolder({ process, atMs, answeredAtMs }: Rotation, reusedAtMs: number, history: History): boolean {
  const storedAtMs = storedBy(process, answeredAtMs ?? reusedAtMs, history);
  return history.find(process, ["killed", "paused"], atMs, Math.min(storedAtMs, reusedAtMs)).length > 0;
}

/** When an answer that came at an instant is stored at the latest: a store in trouble puts it off. */
function storedBy(process: number, instant: number, history: History): number {
  const [trouble] = history
    .find(process, ["store in trouble"], instant, instant + STORE_WITHIN_MS)
    .filter(({ untilMs }) => untilMs > instant);
  return trouble ? storedBy(process, trouble.untilMs, history) : instant + STORE_WITHIN_MS;
}

/** The refresh token that most often brought tokens which its gateway received and could store: those uses, and its connection. */
export function findMostUsed({ refreshTokens }: Truth, history: History): { connection: number; uses: readonly Rotation[] } {
  const isClean = (rotation: Rotation) => isInTime(rotation) && !isLostWithItsHolder(rotation, Number.POSITIVE_INFINITY, history);
  const all = [...refreshTokens.values()].map(({ grant, rotations }) => ({
    connection: grant.connection,
    uses: rotations.filter(isClean),
  }));
  return all.toSorted((one, other) => other.uses.length - one.uses.length)[0] ?? { connection: 0, uses: [] };
}

/** After the gateway's timeout an answer may come, but cannot be waited for. */
const isInTime = ({ isLost, atMs, answeredAtMs }: Rotation): boolean =>
  !isLost && answeredAtMs !== null && answeredAtMs <= atMs + PROVIDER_TIMEOUT_MS;

/** What happened to the token that came again, for the report. */
export function describeReuse({ grant, atMs, process, rotations }: Reuse, at: (instant: number) => string): string {
  return `connection ${grant.connection}, grace ${grant.graceMs / 1000} s: ${describeUses(rotations, at)}; sent again by process ${process} at ${at(atMs)}`;
}

export const describeUses = (rotations: readonly Rotation[], at: (instant: number) => string): string =>
  rotations
    .map(({ process, atMs, answeredAtMs, isLost }) => {
      const answered = answeredAtMs === null ? "never answered" : `answered at ${at(answeredAtMs)}`;
      return `rotated for process ${process} at ${at(atMs)} (${isLost ? "answer lost" : answered})`;
    })
    .join(", ");
