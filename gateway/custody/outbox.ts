import { setImmediate as nextTurn } from "node:timers/promises";
import { type Expression, type Kysely, sql, type Transaction } from "kysely";
import type { DeliveryRow, EventRow } from "../store/event-tables.ts";
import type { Tables } from "../store/tables.ts";

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
export type DueDelivery = Pick<DeliveryRow, "number" | "ordered_by" | "attempts" | "next_at"> &
  Pick<EventRow, "id" | "type" | "body" | "at">;

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

/** Deliveries that one look reads at most, in the order in which they are due. */
export const LOOKED_AT_ONCE = 200;
/**
 * When a delivery that waits for an earlier one of its connection is looked at again, in milliseconds. It is due at once when the earlier
 * one is taken or given up. This wait is for a row that left the table in another way: a process of an earlier release deletes it and makes
 * nothing due. Putting off 80,000 deliveries takes one core two seconds.
 */
export const PARKED_MS = 300_000;

/** When a webhook is to be looked at next, in milliseconds since the epoch; null where it has taken all. */
export async function findNextDue(query: Query, endpoint: string): Promise<number | null> {
  const row = await pendingOf(query, endpoint).select("next_at").orderBy("next_at").limit(1).executeTakeFirst();
  return row?.next_at ?? null;
}

const pendingOf = (query: Query, endpoint: string) =>
  query.selectFrom("deliveries").where("deliveries.endpoint", "=", endpoint).where("dead_at", "is", null);

/**
 * The deliveries of a webhook that are due and may be sent, the longest due first, at most `LOOKED_AT_ONCE`: of each connection the first
 * alone, so that its events come in their order. Those that wait for an earlier one are put off, so that they are not read at every look.
 * Empty where nothing is due, and where it may not go on, which is asked after each round that has only put off. Called by the process that
 * sends, and by no other.
 */
export async function takeDue(query: Query, endpoint: string, now: number, mayGoOn: () => Promise<boolean>): Promise<DueDelivery[]> {
  for (;;) {
    const looked = await lookAtDue(query, endpoint, now);
    const waiting = looked.filter(isWaiting);
    await park(query, endpoint, waiting, now);
    if (waiting.length < looked.length || looked.length === 0) return looked.filter((row) => !isWaiting(row));
    // Requests go on in between: SQLite answers in the same turn.
    await nextTurn();
    if (!(await mayGoOn())) return [];
  }
}

/** Those that are still to be sent: of a user who was deleted since they were read there is none any more. By the primary key. */
export async function keepPending(query: Query, endpoint: string, due: readonly DueDelivery[]): Promise<DueDelivery[]> {
  const numbers = due.map(({ number }) => number);
  const rows = await pendingOf(query, endpoint).select("number").where("number", "in", numbers).execute();
  const pending = new Set(rows.map(({ number }) => number));
  return due.filter(({ number }) => pending.has(number));
}

/** A delivery that is due, with the number of the first one of its connection. */
type Looked = DueDelivery & { first: number | null };

const isWaiting = ({ first, number }: Looked): boolean => first !== null && first < number;

/** From the index of when each is due (migration `0024-deliveries`), in its order. */
const lookAtDue = (query: Query, endpoint: string, now: number): Promise<Looked[]> =>
  query
    .selectFrom(
      pendingOf(query, endpoint)
        .select(["number", "ordered_by", "attempts", "next_at"])
        .where("next_at", "<=", now)
        .orderBy("next_at")
        .orderBy("number")
        .limit(LOOKED_AT_ONCE)
        .as("due"),
    )
    .innerJoin("events", "events.number", "due.number")
    .select(["due.number", "due.ordered_by", "due.attempts", "due.next_at", "events.id", "events.type", "events.body", "events.at"])
    .select(({ ref }) => firstOf(ref("due.ordered_by"), endpoint).as("first"))
    .orderBy("due.next_at")
    .orderBy("due.number")
    .execute();

/** Only while the earlier one is there. */
async function park(query: Query, endpoint: string, waiting: readonly Looked[], now: number): Promise<void> {
  if (waiting.length === 0) return;
  const numbers = waiting.map(({ number }) => number);
  await query
    .updateTable("deliveries")
    .set({ next_at: now + PARKED_MS })
    .where("endpoint", "=", endpoint)
    .where("number", "in", numbers)
    .where(({ ref, eb }) => eb(firstOf(ref("deliveries.ordered_by"), endpoint), "<", ref("number")))
    .execute();
}

/** The number of the first pending delivery that is ordered by the same: those after it wait for it. */
const firstOf = (orderedBy: Expression<string>, endpoint: string) =>
  sql<number | null>`(select min(earlier.number) from deliveries as earlier
    where earlier.endpoint = ${endpoint} and earlier.ordered_by = ${orderedBy} and earlier.dead_at is null)`;

/**
 * Writes what became of attempts of one webhook: what was taken is done, what was not is due again later, and after the last attempt is
 * dead. What has waited for one that is done or dead is due at once. A delivery that has changed since it was read is left alone: it was made due
 * again meanwhile, or sent by another process.
 */
export async function settle(
  transaction: Transaction<Tables>,
  endpoint: string,
  attempted: readonly Attempted[],
  now: number,
): Promise<void> {
  const taken = attempted.filter(({ isTaken }) => isTaken).map(({ delivery }) => delivery);
  if (taken.length > 0)
    await transaction
      .deleteFrom("deliveries")
      .where("endpoint", "=", endpoint)
      // By the primary key: the other columns are in no index.
      .where(
        "number",
        "in",
        taken.map(({ number }) => number),
      )
      .where((row) => row.or(taken.map(({ number, attempts, next_at }) => row.and({ number, attempts, next_at }))))
      .execute();
  const ended = taken.map((delivery) => delivery.ordered_by);
  for (const { delivery, isTaken, outcome, retryAfterSeconds } of attempted) {
    if (isTaken) continue;
    const attempts = delivery.attempts + 1;
    const isDead = attempts >= MAXIMUM_ATTEMPTS;
    if (isDead) ended.push(delivery.ordered_by);
    const next = { attempts, outcome, dead_at: isDead ? now : null, next_at: now + (isDead ? 0 : retryMs(attempts, retryAfterSeconds)) };
    await transaction
      .updateTable("deliveries")
      .set(next)
      .where("endpoint", "=", endpoint)
      .where("number", "=", delivery.number)
      .where("attempts", "=", delivery.attempts)
      .where("next_at", "=", delivery.next_at)
      .execute();
  }
  if (ended.length > 0) await unpark(transaction, endpoint, ended, now);
}

/** The next of each connection is due, where it was put off. */
async function unpark(transaction: Transaction<Tables>, endpoint: string, ended: readonly string[], now: number): Promise<void> {
  const firsts = ended.map((orderedBy) => sql`select ${firstOf(sql`${orderedBy}`, endpoint)} as number`);
  const { rows } = await sql<{ number: number | null }>`${sql.join(firsts, sql` union all `)}`.execute(transaction);
  const numbers = rows.flatMap(({ number }) => number ?? []);
  if (numbers.length === 0) return;
  await transaction
    .updateTable("deliveries")
    .set({ next_at: now })
    .where("endpoint", "=", endpoint)
    .where("number", "in", numbers)
    .where("next_at", ">", now)
    .execute();
}

/** When the oldest event happened that a webhook has not taken, in milliseconds since the epoch; null where it has taken all. */
export async function findOldestAt(query: Query, endpoint: string): Promise<number | null> {
  const row = await query
    .selectFrom(pendingOf(query, endpoint).select("number").orderBy("number").limit(1).as("oldest"))
    .innerJoin("events", "events.number", "oldest.number")
    .select("events.at")
    .executeTakeFirst();
  return row?.at ?? null;
}

/** How much a webhook has not taken. */
export interface Backlog {
  pending: number;
  /** When the oldest pending event happened; null for none. */
  oldestAt: number | null;
  dead: number;
}

/** From the indexes of what is pending and of what is dead, in their order. @param most counts no more than that of each; null: all */
export async function readBacklog(query: Query, endpoint: string, most: number | null = null): Promise<Backlog> {
  const pending = pendingOf(query, endpoint);
  const dead = query.selectFrom("deliveries").where("endpoint", "=", endpoint).where("dead_at", "is not", null);
  const count = async (rows: typeof pending): Promise<number> => {
    const some = rows.select("number").$if(most !== null, (all) => all.orderBy("number").limit(most ?? 0));
    const { counted } = await query
      .selectFrom(some.as("some"))
      .select(({ fn }) => fn.countAll<number>().as("counted"))
      .executeTakeFirstOrThrow();
    return counted;
  };
  return { pending: await count(pending), dead: await count(dead), oldestAt: await findOldestAt(query, endpoint) };
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
