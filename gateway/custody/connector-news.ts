import { type Kysely, sql, type Transaction } from "kysely";
import type { EventType } from "../../schema/events.ts";
import type { Database } from "../store/database.ts";
import type { Tables } from "../store/tables.ts";
import { addEvent, type EventOptions, lockEvents } from "./events.ts";

/** Connections of one connector that fail, or heal, within this time of the first are told as one event, in milliseconds. */
export const FOLD_MS = 60_000;
/** Servers are told of one connector's trouble, and of its end, at most this often each, in milliseconds. */
export const TOLD_AGAIN_MS = 3_600_000;
/** This many connections of one connector that break, or heal, within `FOLD_MS` are told one by one. More are the connector's news. */
export const MOST_ONE_BY_ONE = 10;

/** What is told of a connector as a whole, and where its connections are counted until then. */
const countedIn = { "connector.misconfigured": "connector_troubles", "connector.healed": "connector_healings" } as const;

export type ConnectorEvent = keyof typeof countedIn;

const connectorEvents = ["connector.misconfigured", "connector.healed"] as const satisfies ConnectorEvent[];

/** Whether so many connections of a connector were just told of in this way that one more is no news of its own. */
export async function areMany(query: Kysely<Tables>, slug: string, type: EventType, now: number): Promise<boolean> {
  const rows = await query
    .selectFrom("events")
    .select("number")
    .where("connector_slug", "=", slug)
    .where("type", "=", type)
    .where("at", ">", now - FOLD_MS)
    .limit(MOST_ONE_BY_ONE)
    .execute();
  return rows.length >= MOST_ONE_BY_ONE;
}

/** Counts a connection for what is told of its connector. All that are counted until `due_at` are one event. Events are locked. */
export async function countForConnector(
  transaction: Transaction<Tables>,
  type: ConnectorEvent,
  { slug, code }: { slug: string; code: string | null },
  now: number,
): Promise<void> {
  const dueAt = now + FOLD_MS;
  const table = countedIn[type];
  const before = (column: string) => sql.ref(`${table}.${column}`);
  await transaction
    .insertInto(table)
    .values({ connector_slug: slug, code, count: 1, first_at: now, due_at: dueAt, told_at: null })
    .onConflict((conflict) =>
      conflict.column("connector_slug").doUpdateSet({
        code,
        count: sql`${before("count")} + 1`,
        first_at: sql`case when ${before("count")} = 0 then excluded.first_at else ${before("first_at")} end`,
        due_at: sql`case
          when ${before("due_at")} is not null then ${before("due_at")}
          when ${before("told_at")} + ${TOLD_AGAIN_MS} > excluded.due_at then ${before("told_at")} + ${TOLD_AGAIN_MS}
          else excluded.due_at end`,
      }),
    )
    .execute();
}

/** Tells what is due of each connector: one event with the number of connections. Of several processes, one does. */
export async function tellOfConnectors(database: Database, options: EventOptions, now: number): Promise<void> {
  for (const slug of await listDue(database.query, now))
    await database.write(["events"], async (transaction) => {
      await lockEvents(transaction);
      const counted = await listCounted(transaction, slug);
      if (!counted.some(({ due_at: dueAt }) => dueAt !== null && dueAt <= now)) return;
      for (const { type, code, count, first_at: firstAt } of counted) {
        await transaction
          .updateTable(countedIn[type])
          .set({ count: 0, due_at: null, told_at: now })
          .where("connector_slug", "=", slug)
          .execute();
        const error = type === "connector.misconfigured" && { error: { code } };
        const facts = { ...error, count, since: new Date(firstAt).toISOString() };
        await addEvent(transaction, { type, subject: { slug }, facts, at: now }, options);
      }
    });
}

async function listDue(query: Kysely<Tables>, now: number): Promise<Set<string>> {
  const slugs = new Set<string>();
  for (const type of connectorEvents) {
    const due = await query.selectFrom(countedIn[type]).select("connector_slug").where("due_at", "<=", now).execute();
    for (const { connector_slug: slug } of due) slugs.add(slug);
  }
  return slugs;
}

/** In the order in which they began: where one of them is due, both are told, so that the last one says how it is now. */
async function listCounted(transaction: Transaction<Tables>, slug: string) {
  const counted = [];
  for (const type of connectorEvents) {
    const row = await transaction
      .selectFrom(countedIn[type])
      .selectAll()
      .where("connector_slug", "=", slug)
      .where("count", ">", 0)
      .executeTakeFirst();
    if (row) counted.push({ ...row, type });
  }
  return counted.toSorted((a, b) => a.first_at - b.first_at);
}
