import type { Clock } from "../runtime/clock.ts";
import type { Database } from "./database.ts";

/**
 * A lease that lapsed is taken over this long after it is first seen so. Its holder may have an answer that it could not store while the
 * store was away: it stores first, and the used refresh token is not sent again.
 */
export const TAKEOVER_WAIT_MS = 3_000;

/** A lease as a row holds it; null where there is none. */
interface HeldLease {
  lease_id: string | null;
  lease_expires_at: number | null;
}

/** Watches a lease of another process, and tells once it has been lapsed for `TAKEOVER_WAIT_MS`. */
export function createLapseWatch({ database, clock }: { database: Pick<Database, "clock">; clock: Pick<Clock, "now"> }) {
  let lapsedId: string | null = null;
  let lapsedForMs = 0;
  return {
    /** @returns the lease that may be taken over. `waitedMs`: since the last look. */
    async look({ lease_id: id, lease_expires_at: endsAt }: HeldLease, waitedMs: number): Promise<string | null> {
      // The clock is measured only where it would say so.
      if (id !== null && (endsAt ?? 0) <= clock.now()) await database.clock.measure();
      const hasLapsed = id !== null && (endsAt ?? 0) <= clock.now();
      lapsedForMs = hasLapsed && id === lapsedId ? lapsedForMs + waitedMs : 0;
      lapsedId = hasLapsed ? id : null;
      return lapsedForMs >= TAKEOVER_WAIT_MS ? lapsedId : null;
    },
  };
}
