import { type Kysely, sql, type Transaction } from "kysely";
import type { Database } from "../store/database.ts";
import type { Tables } from "../store/tables.ts";
import { addEvent, type EventOptions, lockEvents } from "./events.ts";

/** Grants of one connector that fail within this time of the first are told as one event, in milliseconds. */
export const FOLD_MS = 60_000;
/** Servers are told of one connector's trouble at most this often, in milliseconds. */
export const TOLD_AGAIN_MS = 3_600_000;
/** This many connections of one connector that break within `FOLD_MS` are told one by one. More are the connector's trouble. */
export const MOST_BROKEN_ONE_BY_ONE = 10;

/** Whether so many connections of a connector have just broken that one more is no news of its own. */
export async function isMassBreakage(query: Kysely<Tables>, slug: string, now: number): Promise<boolean> {
  const rows = await query
    .selectFrom("events")
    .select("number")
    .where("connector_slug", "=", slug)
    .where("type", "=", "connection.errored")
    .where("at", ">", now - FOLD_MS)
    .limit(MOST_BROKEN_ONE_BY_ONE)
    .execute();
  return rows.length >= MOST_BROKEN_ONE_BY_ONE;
}

/** Notes that a grant has failed because of its connector. All that are noted until `due_at` are told as one event. */
export async function noteTrouble(transaction: Transaction<Tables>, slug: string, code: string | null, now: number): Promise<void> {
  const dueAt = now + FOLD_MS;
  await transaction
    .insertInto("connector_troubles")
    .values({ connector_slug: slug, code, count: 1, first_at: now, due_at: dueAt, told_at: null })
    .onConflict((conflict) =>
      conflict.column("connector_slug").doUpdateSet({
        code,
        count: sql`connector_troubles.count + 1`,
        first_at: sql`case when connector_troubles.count = 0 then excluded.first_at else connector_troubles.first_at end`,
        due_at: sql`case
          when connector_troubles.due_at is not null then connector_troubles.due_at
          when connector_troubles.told_at + ${TOLD_AGAIN_MS} > excluded.due_at then connector_troubles.told_at + ${TOLD_AGAIN_MS}
          else excluded.due_at end`,
      }),
    )
    .execute();
}

/** Tells of each connector's trouble that is due: one event with the number of grants. Of several processes, one does. */
export async function tellTroubles(database: Database, options: EventOptions, now: number): Promise<void> {
  const due = await database.query.selectFrom("connector_troubles").select("connector_slug").where("due_at", "<=", now).execute();
  for (const { connector_slug: slug } of due)
    await database.write(["events"], async (transaction) => {
      await lockEvents(transaction);
      const lock = transaction.selectFrom("connector_troubles").selectAll().where("connector_slug", "=", slug).where("due_at", "<=", now);
      const trouble = await lock.$if(database.kind === "postgres", (query) => query.forUpdate()).executeTakeFirst();
      if (!trouble) return;
      await transaction
        .updateTable("connector_troubles")
        .set({ count: 0, due_at: null, told_at: now })
        .where("connector_slug", "=", slug)
        .execute();
      const facts = { error: { code: trouble.code }, count: trouble.count, since: new Date(trouble.first_at).toISOString() };
      await addEvent(transaction, { type: "connector.misconfigured", subject: { slug }, facts, at: now }, options);
    });
}
