import { randomUUID } from "node:crypto";
import type { Database } from "./database.ts";
import { createLapseWatch } from "./lapse-watch.ts";

/** How long a lease lasts without being renewed, and how often it is, in milliseconds. */
const LEASE_MS = 15_000;
const RENEW_INTERVAL_MS = 5_000;
/** How often a process that waits for another's flight looks, at first and at most. */
const WAIT_FIRST_MS = 25;
const WAIT_LONGEST_MS = 250;

/** The right to do a piece of work alone. It is renewed by itself for as long as the work goes on. */
export interface Lease {
  /** Renews it at once. False when another process has taken over, as after this one was suspended: then nothing may be sent. */
  renew(this: void): Promise<boolean>;
}

/**
 * Does `work` once at a time for each key, over all processes of the store. Who asks while it goes on in this process joins it. Who asks
 * in another waits, and then does its own: `work` begins by reading again what the other may have stored.
 *
 * Rejects as `work` does, and with TEMPORARILY_UNAVAILABLE when the store is away.
 */
export type SingleFlight = (key: string, work: Work) => Promise<void>;

type Store = Pick<Database, "query" | "clock">;

/** What is done alone. */
type Work = (lease: Lease) => Promise<void>;

/** Makes the single flight of a process over its store. */
export function createSingleFlight(store: Store): { singleFlight: SingleFlight; idle(): Promise<void> } {
  const flights = new Map<string, Promise<void>>();
  return {
    singleFlight(key, work) {
      const joined = flights.get(key);
      if (joined) return joined;
      const flight = fly(store, key, work).finally(() => flights.delete(key));
      flights.set(key, flight);
      return flight;
    },
    /** Resolves when no work goes on in this process. */
    async idle() {
      while (flights.size > 0) await Promise.allSettled(flights.values());
    },
  };
}

const fly = async (store: Store, key: string, work: Work): Promise<void> => hold(store, key, await claim(store, key), work);

/**
 * Does `work` unless another process does it: then false is answered, and nothing is waited for.
 * @param takeOver the lapsed lease that may be taken over, from `watchLease`
 */
export async function tryAlone(store: Store, key: string, takeOver: string | null, work: Work): Promise<boolean> {
  const id = randomUUID();
  await store.clock.measure();
  if (!(await claimOnce(store, { key, id, takeOver: takeOver ?? "" }))) return false;
  await hold(store, key, id, work);
  return true;
}

/** Watches the lease of a key. The answer is the one that may be taken over; null while there is none. `waitedMs`: since the last look. */
export function watchLease({ query, clock }: Store, key: string): (waitedMs: number) => Promise<string | null> {
  const lapse = createLapseWatch({ database: { clock }, clock });
  return async (waitedMs) => {
    const held = await query.selectFrom("leases").selectAll().where("key", "=", key).executeTakeFirst();
    return held ? lapse.look({ lease_id: held.id, lease_expires_at: held.expires_at }, waitedMs) : null;
  };
}

/** Does the work, and renews the lease meanwhile. */
async function hold(store: Store, key: string, id: string, work: Work): Promise<void> {
  const renew = () => renewLease(store, key, id);
  // What fails is tried again. A lease that lapses meanwhile is noticed by `renew` before the next request.
  const timer = setInterval(() => void renew().catch(() => {}), RENEW_INTERVAL_MS).unref();
  try {
    await work({ renew });
  } finally {
    clearInterval(timer);
    const release = store.query.deleteFrom("leases").where("key", "=", key).where("id", "=", id).execute();
    // One that cannot be released lapses.
    await release.catch(() => {});
  }
}

/** Waits until no other process has the lease. @returns its id. */
async function claim(store: Store, key: string): Promise<string> {
  const { clock } = store;
  const id = randomUUID();
  const look = watchLease(store, key);
  let takeOver = "";
  for (let waitMs = WAIT_FIRST_MS; ; waitMs = Math.min(waitMs * 2, WAIT_LONGEST_MS)) {
    await clock.measure();
    if (await claimOnce(store, { key, id, takeOver })) return id;
    await clock.sleep(waitMs);
    takeOver = (await look(waitMs)) ?? "";
  }
}

async function claimOnce({ query, clock }: Store, { key, id, takeOver }: { key: string; id: string; takeOver: string }): Promise<boolean> {
  const now = clock.now();
  const lease = { id, expires_at: now + LEASE_MS };
  const claimed = await query
    .insertInto("leases")
    .values({ key, ...lease })
    .onConflict((conflict) =>
      conflict.column("key").doUpdateSet(lease).where("leases.id", "=", takeOver).where("leases.expires_at", "<=", now),
    )
    .returning("id")
    .executeTakeFirst();
  return claimed !== undefined;
}

async function renewLease({ query, clock }: Store, key: string, id: string): Promise<boolean> {
  await clock.measure();
  const { numUpdatedRows } = await query
    .updateTable("leases")
    .set({ expires_at: clock.now() + LEASE_MS })
    .where("key", "=", key)
    .where("id", "=", id)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
