import { nameOfCode } from "../../schema/problems.ts";
import type { TokenFailure } from "../oauth/result.ts";
import { backoffMs } from "./backoff.ts";
import { isLeased, type StoredConnection } from "./connections.ts";
import type { AuthorizationRow } from "../store/tables.ts";

/** At most one refresh forced by `rejected` in this time, per connection (rule 8). */
export const FORCED_REFRESH_INTERVAL_MS = 30_000;

/** A failure that has lasted this long is the operator's to look at: two days (rule 4). */
export const TEMPORARY_LONGEST_MS = 172_800_000;
/** Fewer failures in a row say nothing that lasts. */
export const LASTING_FAILURES = 3;

/** Why a refresh did not bring a usable token. */
export type RefreshProblem =
  | { kind: "revoked" }
  /** `why` may be told to everyone, `said` is what the provider said, for servers. */
  | { kind: "temporary"; retryAfterSeconds: number; why: string; said: string | null }
  | { kind: "misconfigured"; why: string; said: string | null }
  /** The client that made the grant is not configured any more. The provider was not asked. */
  | { kind: "client_changed" }
  /** What is stored does not open here. The provider was not asked. */
  | { kind: "unopened" };

/** What is wrong with an answer whose token is of no use. */
export const shortLived = { code: "short_lived", reason: "its new token expires too soon" } as const;

/** The columns of a grant whose last refresh went well. */
export const noProblem = {
  failures: 0,
  retry_at: null,
  failing_since: null,
  failure_kind: null,
  failure_code: null,
  failure_message: null,
  perhaps_rotated_at: null,
} as const;

export const clientChanged: RefreshProblem = { kind: "client_changed" };

/** The provider has answered, and the store cannot keep the answer yet. */
export const storeAway: RefreshProblem = { kind: "temporary", retryAfterSeconds: 1, why: "this gateway's store is away", said: null };

/** The refresh goes on after its caller has waited long enough. */
export const stillRefreshing: RefreshProblem = {
  kind: "temporary",
  retryAfterSeconds: 1,
  why: "its refresh takes longer than a request may",
  said: null,
};

/** The columns that keep callers away from the provider for a while (rule 4). */
export function problemColumns(
  { failures: before, failing_since: since }: Pick<AuthorizationRow, "failures" | "failing_since">,
  now: number,
  { kind, code, reason, retryAfterSeconds }: Pick<TokenFailure, "kind" | "code" | "reason" | "retryAfterSeconds">,
) {
  const failures = before + 1;
  const failingSince = since ?? now;
  return {
    failures,
    retry_at: now + backoffMs(failures, retryAfterSeconds),
    failing_since: failingSince,
    failure_kind: kind === "misconfigured" || hasLasted(failures, failingSince, now) ? "misconfigured" : "temporary",
    failure_code: code,
    failure_message: reason,
  } satisfies Partial<AuthorizationRow>;
}

const hasLasted = (failures: number, since: number, now: number): boolean =>
  failures >= LASTING_FAILURES && now - since >= TEMPORARY_LONGEST_MS;

const secondsUntil = (instant: number, now: number): number => Math.max(1, Math.ceil((instant - now) / 1000));

type Problems = Pick<AuthorizationRow, "retry_at" | "failures" | "failing_since" | "failure_kind" | "failure_code" | "failure_message">;

/** What an earlier failure still says, while the provider is left alone. */
export function standingProblem(authorization: Problems, now: number): RefreshProblem | null {
  const { retry_at, failures, failing_since, failure_kind, failure_code, failure_message: said } = authorization;
  if (retry_at === null || retry_at <= now) return null;
  const isShort = failure_code === shortLived.code;
  const why = isShort ? shortLived.reason : (nameOfCode(failure_code) ?? "the last refresh failed");
  if (failure_kind !== "misconfigured") return { kind: "temporary", retryAfterSeconds: secondsUntil(retry_at, now), why, said };
  if (failing_since === null || !hasLasted(failures, failing_since, now)) return { kind: "misconfigured", why, said };
  const since = `no usable answer since ${new Date(failing_since).toISOString()}: `;
  return { kind: "misconfigured", why: `${since}${why}`, said: said && `${since}${said}` };
}

/** What a refresh that just ended has left behind. */
export function problemOf(stored: StoredConnection | null, now: number): RefreshProblem | null {
  if (!stored?.authorization) return null;
  return stored.authorization.status === "error" ? { kind: "revoked" } : standingProblem(stored.authorization, now);
}

/** Why no further refresh can be forced yet; null when one can. */
export function forcedTooSoon(
  authorization: Pick<AuthorizationRow, "forced_at" | "lease_id" | "lease_expires_at">,
  now: number,
): RefreshProblem | null {
  const allowedAt = (authorization.forced_at ?? 0) + FORCED_REFRESH_INTERVAL_MS;
  if (isLeased(authorization, now) || allowedAt <= now) return null;
  return {
    kind: "temporary",
    retryAfterSeconds: secondsUntil(allowedAt, now),
    why: "its token was refreshed a moment ago because it had been refused",
    said: null,
  };
}
