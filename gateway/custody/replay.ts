import { type Kysely, sql, type Transaction } from "kysely";
import type { Database } from "../store/database.ts";
import type { EventRow } from "../store/event-tables.ts";
import type { Tables } from "../store/tables.ts";
import { ERASED_BODY, newDelivery, orderOf } from "./events.ts";

/** Which events are sent again: the dead ones, one by its id, or all that happened since an instant (milliseconds since the epoch). */
export type Replayed = { dead: true } | { id: string } | { since: number };

/** Events that are made due again in one transaction: others that write wait for it. */
export const REPLAYED_AT_ONCE = 1_000;

/**
 * Makes events due for a webhook again, whether it has taken them or not: the dead ones, one, or those since an instant, a bounded number
 * in each transaction. Where it is ended in between, those before are due, and it can be called again. @returns how many.
 */
export async function replay(
  database: Pick<Database, "query" | "write">,
  webhook: { name: string; events: readonly string[] },
  which: Replayed,
  now: number,
): Promise<number> {
  let replayed = 0;
  for (let after: number | null = null; ;) {
    const found: ReplayedRow[] = await findReplayed(database.query, webhook.name, which, after);
    const wanted = found.filter(({ type }) => webhook.events.includes(type) || "dead" in which);
    if (wanted.length > 0) await database.write(["events"], (transaction) => putAgain(transaction, webhook.name, wanted, now));
    replayed += wanted.length;
    after = found.at(-1)?.number ?? null;
    if (found.length < REPLAYED_AT_ONCE) return replayed;
  }
}

type ReplayedRow = Pick<EventRow, "number" | "type" | "connection_id" | "connector_slug">;

/** The next ones after a number, in their order. */
function findReplayed(query: Kysely<Tables>, name: string, which: Replayed, after: number | null): Promise<ReplayedRow[]> {
  const found = query
    .selectFrom("events")
    .select(["events.number", "type", "connection_id", "connector_slug"])
    .where("body", "!=", ERASED_BODY)
    .$if("id" in which, (one) => one.where("id", "=", "id" in which ? which.id : ""))
    .$if("since" in which, (later) => later.where("at", ">=", "since" in which ? which.since : 0))
    .orderBy("events.number")
    .limit(REPLAYED_AT_ONCE);
  if (!("dead" in which)) return found.$if(after !== null, (next) => next.where("events.number", ">", after ?? 0)).execute();
  return found
    .innerJoin("deliveries", "deliveries.number", "events.number")
    .where("deliveries.endpoint", "=", name)
    .where("dead_at", "is not", null)
    .$if(after !== null, (next) => next.where("deliveries.number", ">", after ?? 0))
    .clearOrderBy()
    .orderBy("deliveries.number")
    .execute();
}

async function putAgain(transaction: Transaction<Tables>, endpoint: string, events: readonly ReplayedRow[], now: number): Promise<void> {
  const again = { ...newDelivery, next_at: now };
  const rows = events.map(({ number, connection_id: connectionId, connector_slug: slug }) => ({
    ...again,
    endpoint,
    number,
    ordered_by: orderOf(connectionId, slug),
  }));
  // Never due at the same instant as before: an attempt under way knows by it that its delivery was made due again, and leaves it.
  const differentInstant = sql<number>`case when deliveries.next_at = ${now} then ${sql.lit(now - 1)} else ${sql.lit(now)} end`;
  await transaction
    .insertInto("deliveries")
    .values(rows)
    .onConflict((conflict) => conflict.columns(["endpoint", "number"]).doUpdateSet({ ...again, next_at: differentInstant }))
    .execute();
}
