import { randomUUID } from "node:crypto";
import type { Kysely } from "kysely";
import type { Telemetry } from "../runtime/telemetry.ts";
import type { BoundedClock } from "../store/store-clock.ts";
import type { Database, Mark } from "../store/database.ts";
import type { AuthorizationRow, Tables } from "../store/tables.ts";
import { ownerOf, type StoredGrant, topicOf } from "./connections.ts";
import { isKilledByRefresh } from "./held-token.ts";
import { FORCED_REFRESH_INTERVAL_MS } from "./refresh-problem.ts";

/** A lease outlives the provider's timeout by this much, for storing the answer. */
const LEASE_MARGIN_MS = 5_000;
/**
 * A claim that took longer, because the row was locked, has used too much of its lease: it is released and claimed again. So is one by a
 * clock that was wrong by more.
 */
const CLAIM_LONGEST_MS = 1_000;

/** The columns of a grant that no process is refreshing. */
export const noLease = { lease_id: null, lease_expires_at: null };

/** A grant whose refresh this process has claimed. */
export interface ClaimedGrant extends StoredGrant {
  /** What is left of the lease, by the store's clock. */
  leaseRemainsMs(): number;
  /** `forced_at` as it was before the claim. */
  forcedAtBefore: number | null;
}

export interface LeaseDependencies {
  database: Database;
  clock: BoundedClock;
  /** Longest a provider may take, in milliseconds. */
  timeoutMs: number;
}

export interface Claim {
  /** Because the third party refused the current token. */
  forced: boolean;
  /** The lapsed lease that may be taken over. */
  takeOver: string | null;
}

/**
 * Claims the refresh of a grant for this process by one conditional update: no process holds the lease, no refresh failed a moment ago, and
 * the grant is still the one that was read.
 * @returns the grant as it is now; null when it was not claimed.
 */
export async function claimLease(
  { database, clock, timeoutMs, telemetry }: LeaseDependencies & { telemetry: Telemetry },
  grant: StoredGrant,
  claim: Claim,
): Promise<ClaimedGrant | null> {
  const now = clock.now();
  const leaseExpiresAt = now + timeoutMs + LEASE_MARGIN_MS;
  // Other processes hear of it where they must not give the token any more.
  const topics = isKilledByRefresh(grant) ? [topicOf(ownerOf(grant.connection))] : [];
  const authorization = await database.changeOne(topics, (query, mark) => takeLease(query, grant, claim, { now, leaseExpiresAt }, mark), {
    isTransient: true,
  });
  if (!authorization) return null;
  const leaseRemainsMs = () => leaseExpiresAt - clock.now();
  const claimed = { ...grant, authorization, leaseRemainsMs, forcedAtBefore: grant.authorization.forced_at };
  // The store has told its time: the clock by which it was claimed may have been wrong.
  if (Math.abs(clock.now() - now) <= CLAIM_LONGEST_MS) {
    if (claim.takeOver !== null && grant.authorization.lease_id === claim.takeOver) telemetry.metrics.countTakeover(grant.connector.slug);
    return claimed;
  }
  await undoClaim(database, claimed);
  return null;
}

interface LeaseTimes {
  now: number;
  leaseExpiresAt: number;
}

function takeLease(
  query: Kysely<Tables>,
  { authorization }: StoredGrant,
  { forced, takeOver }: Claim,
  { now, leaseExpiresAt }: LeaseTimes,
  mark: Mark,
): Promise<(AuthorizationRow & { mark: unknown }) | undefined> {
  let update = query
    .updateTable("authorizations")
    .set({ lease_id: randomUUID(), lease_expires_at: leaseExpiresAt, ...(forced && { forced_at: now }) })
    // The process that let it lapse may have sent the refresh token.
    .$if(takeOver !== null, (taking) => taking.set({ perhaps_rotated_at: authorization.perhaps_rotated_at ?? now }))
    .where("id", "=", authorization.id)
    .where("version", "=", authorization.version)
    .where("status", "=", "active")
    // It would not verify beside a connection that was read before it was disabled.
    .where("mac", "is not distinct from", authorization.mac)
    .where((row) => row.or([row("retry_at", "is", null), row("retry_at", "<=", now)]))
    .where((row) => row.or([row("lease_id", "is", null), row.and([row("lease_id", "=", takeOver), row("lease_expires_at", "<=", now)])]));
  if (forced)
    update = update.where((row) => row.or([row("forced_at", "is", null), row("forced_at", "<=", now - FORCED_REFRESH_INTERVAL_MS)]));
  return update.returningAll().returning(mark.as("mark")).executeTakeFirst();
}

/**
 * Lengthens a lease for one more call to the provider, which comes in `pauseMs`, and notes that the refresh token may have been used.
 * @returns null when another process has taken the grant over.
 */
export async function renewLease(
  { database, clock, timeoutMs }: LeaseDependencies,
  grant: ClaimedGrant,
  pauseMs: number,
  perhapsRotatedAt: number | null,
): Promise<ClaimedGrant | null> {
  const leaseExpiresAt = clock.now() + pauseMs + timeoutMs + LEASE_MARGIN_MS;
  const authorization = await database.changeOne([], (query, mark) =>
    query
      .updateTable("authorizations")
      .set({ lease_expires_at: leaseExpiresAt, perhaps_rotated_at: perhapsRotatedAt })
      .where("id", "=", grant.authorization.id)
      .where("version", "=", grant.authorization.version)
      .where("lease_id", "=", grant.authorization.lease_id)
      .returningAll()
      .returning(mark.as("mark"))
      .executeTakeFirst(),
  );
  if (!authorization) return null;
  // Its HMAC is made again where the connection is disabled meanwhile: this refresh has verified the former one.
  const { mac } = grant.authorization;
  // What is left is counted by the time that the store has told.
  return { ...grant, authorization: { ...authorization, mac }, leaseRemainsMs: () => leaseExpiresAt - clock.now() };
}

/** Ends a lease before its time, if this process still holds it. */
export const releaseLease = (database: Pick<Database, "query">, grant: StoredGrant): Promise<void> => endLease(database, grant, noLease);

/** Ends a lease under which nothing was sent: the claim leaves no trace. */
export const undoClaim = (database: Pick<Database, "query">, grant: ClaimedGrant): Promise<void> =>
  endLease(database, grant, { ...noLease, forced_at: grant.forcedAtBefore });

async function endLease(
  { query }: Pick<Database, "query">,
  { authorization }: StoredGrant,
  columns: Partial<AuthorizationRow>,
): Promise<void> {
  await query
    .updateTable("authorizations")
    .set(columns)
    .where("id", "=", authorization.id)
    .where("lease_id", "=", authorization.lease_id)
    .execute();
}
