import { sql } from "kysely";
import type { ShareRates } from "../runtime/rate-limiter.ts";
import type { Database } from "./database.ts";

/** How often what has drained is deleted, in milliseconds. */
const CLEAN_INTERVAL_MS = 60_000;

/**
 * Adds what this process counted to what others did, in one statement. Null on SQLite, where it is not cheap: each commit waits for the
 * disk, and empties the caches of the file's other processes.
 */
export function createSharedRates({ kind, query, clock }: Pick<Database, "kind" | "query" | "clock">): ShareRates | null {
  if (kind === "sqlite") return null;
  let cleanedAt = 0;

  async function deleteDrained(now: number): Promise<void> {
    const drained = query.selectFrom("rates").select("key").where("drained_at", "<", now);
    await query.deleteFrom("rates").where("key", "in", drained.forUpdate().skipLocked()).execute();
  }

  return async (counts) => {
    const now = clock.now();
    if (now - cleanedAt > CLEAN_INTERVAL_MS) {
      cleanedAt = now;
      await deleteDrained(now);
    }
    // In one order, or two gateways that count the same keys would wait for each other.
    const rows = counts.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ key, ms }) => ({ key, drained_at: now + Math.ceil(ms) }));
    const told = await query
      .insertInto("rates")
      .values(rows)
      .onConflict((conflict) =>
        conflict.column("key").doUpdateSet({ drained_at: sql`greatest(rates.drained_at, ${now}) + excluded.drained_at - ${now}` }),
      )
      .returning(["key", "drained_at"])
      .execute();
    return told.map(({ key, drained_at: drainedAt }) => ({ key, drainedAt }));
  };
}
