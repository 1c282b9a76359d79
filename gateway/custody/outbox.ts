import type { Kysely, Transaction } from "kysely";
import { sql } from "kysely";
import type { DeliveryRow, EventRow } from "../store/event-tables.ts";
import type { Tables } from "../store/tables.ts";
import { newDelivery, orderOf } from "./events.ts";

/** How often an event is sent to one webhook at most, before it is given up. */
export const MAXIMUM_ATTEMPTS = 10;
/** How long after the first failure an event is sent again, and how many times longer after each further one: a day in all. */
const FIRST_RETRY_MS = 10_000;
const RETRY_GROWTH = 3;
/** Up to this share of each wait is left out at random, so that what failed together is not sent again together. */
const JITTER_SHARE = 0.2;
/** A longer `Retry-After` counts as this one, in milliseconds: an hour. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

type Query = Kysely<Tables> | Transaction<Tables>;

/** A delivery beside its event. */
export type DueDelivery = Pick<DeliveryRow, "endpoint" | "number" | "attempts"> & Pick<EventRow, "id" | "type" | "body" | "at">;

/** What became of one attempt. */
export interface Attempted {
  delivery: DueDelivery;
  isTaken: boolean;
  outcome: string;
  retryAfterSeconds: number | null;
}

/** How long to wait after so many failures, in milliseconds, with the jitter. `random`: from 0 to 1. */
export function retryMs(failures: number, retryAfterSeconds: number | null, random = Math.random()): number {
  const wait = FIRST_RETRY_MS * RETRY_GROWTH ** (failures - 1) * (1 - JITTER_SHARE * random);
  return Math.round(Math.max(wait, Math.min((retryAfterSeconds ?? 0) * 1000, LONGEST_RETRY_AFTER_MS)));
}

/** The pending deliveries of a webhook that may be sent: of each connection the first alone, so that its events come in their order. */
const selectFirsts = (query: Query, endpoint: string) =>
  query
    .selectFrom("deliveries as due")
    .where("due.endpoint", "=", endpoint)
    .where("due.dead_at", "is", null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("deliveries as earlier")
            .select("earlier.number")
            .whereRef("earlier.endpoint", "=", "due.endpoint")
            .whereRef("earlier.ordered_by", "=", "due.ordered_by")
            .whereRef("earlier.number", "<", "due.number")
            .where("earlier.dead_at", "is", null),
        ),
      ),
    );

/** When the next delivery of a webhook is due, in milliseconds since the epoch; null where it has taken all. */
export async function findNextDue(query: Query, endpoint: string): Promise<number | null> {
  const row = await selectFirsts(query, endpoint).select("due.next_at").orderBy("due.next_at").limit(1).executeTakeFirst();
  return row?.next_at ?? null;
}

/** The deliveries of a webhook that are due, the oldest first. */
export const listDue = (query: Query, endpoint: string, now: number, limit: number): Promise<DueDelivery[]> =>
  selectFirsts(query, endpoint)
    .innerJoin("events", "events.number", "due.number")
    .select(["due.endpoint", "due.number", "due.attempts", "events.id", "events.type", "events.body", "events.at"])
    .where("due.next_at", "<=", now)
    .orderBy("due.number")
    .limit(limit)
    .execute();

/** Writes what became of attempts: what was taken is done, what was not is due again later, and after the last attempt is dead. */
export async function settle(transaction: Transaction<Tables>, attempted: readonly Attempted[], now: number): Promise<void> {
  for (const { delivery, isTaken, outcome, retryAfterSeconds } of attempted) {
    const { endpoint, number, attempts: before } = delivery;
    if (isTaken) {
      await transaction.deleteFrom("deliveries").where("endpoint", "=", endpoint).where("number", "=", number).execute();
      continue;
    }
    const attempts = before + 1;
    const isDead = attempts >= MAXIMUM_ATTEMPTS;
    const next = { attempts, outcome, dead_at: isDead ? now : null, next_at: now + (isDead ? 0 : retryMs(attempts, retryAfterSeconds)) };
    await transaction.updateTable("deliveries").set(next).where("endpoint", "=", endpoint).where("number", "=", number).execute();
  }
}

/** How much a webhook has not taken. */
export interface Backlog {
  pending: number;
  /** When the oldest pending event happened; null for none. */
  oldestAt: number | null;
  dead: number;
}

export async function readBacklog(query: Query, endpoint: string): Promise<Backlog> {
  const { pending, dead, oldest } = await query
    .selectFrom("deliveries")
    .innerJoin("events", "events.number", "deliveries.number")
    .select([
      sql<number | null>`sum(case when dead_at is null then 1 else 0 end)`.as("pending"),
      sql<number | null>`sum(case when dead_at is null then 0 else 1 end)`.as("dead"),
      sql<number | null>`min(case when dead_at is null then at end)`.as("oldest"),
    ])
    .where("endpoint", "=", endpoint)
    .executeTakeFirstOrThrow();
  return { pending: pending ?? 0, dead: dead ?? 0, oldestAt: oldest };
}

/** The events that a webhook has not taken in all their attempts, the oldest first. */
export const listDead = (query: Query, endpoint: string, limit: number) =>
  query
    .selectFrom("deliveries")
    .innerJoin("events", "events.number", "deliveries.number")
    .select(["events.id", "events.type", "events.at", "deliveries.attempts", "deliveries.outcome", "deliveries.dead_at"])
    .where("endpoint", "=", endpoint)
    .where("dead_at", "is not", null)
    .orderBy("deliveries.number")
    .limit(limit)
    .execute();

/** Which events are sent again: the dead ones, one by its id, or all that happened since an instant (milliseconds since the epoch). */
export type Replayed = { dead: true } | { id: string } | { since: number };

/** Makes events due for a webhook again, whether it has taken them or not. @returns how many. */
export async function replay(
  transaction: Transaction<Tables>,
  { name, events }: { name: string; events: readonly string[] },
  which: Replayed,
  now: number,
): Promise<number> {
  const again = { ...newDelivery, next_at: now };
  if ("dead" in which) {
    const revived = await transaction
      .updateTable("deliveries")
      .set(again)
      .where("endpoint", "=", name)
      .where("dead_at", "is not", null)
      .executeTakeFirst();
    return Number(revived.numUpdatedRows);
  }
  const rows = await transaction
    .selectFrom("events")
    .select(["number", "type", "connection_id", "connector_slug"])
    .$if("id" in which, (query) => query.where("id", "=", "id" in which ? which.id : ""))
    .$if("since" in which, (query) => query.where("at", ">=", "since" in which ? which.since : 0))
    .orderBy("number")
    .execute();
  const wanted = rows.filter(({ type }) => events.includes(type));
  for (const { number, connection_id: connectionId, connector_slug: slug } of wanted)
    await transaction
      .insertInto("deliveries")
      .values({ ...again, endpoint: name, number, ordered_by: orderOf(connectionId, slug) })
      .onConflict((conflict) => conflict.columns(["endpoint", "number"]).doUpdateSet(again))
      .execute();
  return wanted.length;
}
