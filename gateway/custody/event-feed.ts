import { badUserInput } from "../../schema/errors.ts";
import type { GatewayEvent } from "../../schema/events.ts";
import { follow } from "../store/changes.ts";
import type { Database } from "../store/database.ts";
import { ERASED_BODY } from "./events.ts";

/** Events that are read at a time. */
const READ_AT_ONCE = 100;

/**
 * Yields each event after the one with the id `after`, in the order in which they were committed, until the reader stops.
 * Null: each from now on. Throws BAD_USER_INPUT for an event that is not kept any more.
 */
export async function followEvents({ query, changes }: Database, after: string | null): Promise<AsyncIterableIterator<GatewayEvent>> {
  let last = after === null ? await newestOf(query) : await numberOf(query, after);
  return follow(changes, ["events"], async () => {
    const rows = await query.selectFrom("events").selectAll().where("number", ">", last).orderBy("number").limit(READ_AT_ONCE).execute();
    last = rows.at(-1)?.number ?? last;
    const kept = rows.filter(({ body }) => body !== ERASED_BODY);
    const values = kept.map(({ id, type, body, at }) => ({ id, type, body, at: new Date(at) }));
    return { values, isLast: false, ...(rows.length === READ_AT_ONCE && { again: Promise.resolve() }) };
  });
}

async function newestOf(query: Database["query"]): Promise<number> {
  const { last } = await query.selectFrom("counters").select("last").where("name", "=", "events").executeTakeFirstOrThrow();
  return last;
}

async function numberOf(query: Database["query"], id: string): Promise<number> {
  const row = await query.selectFrom("events").select("number").where("id", "=", id).executeTakeFirst();
  if (row) return row.number;
  throw badUserInput("after: no stored event has this id: read the connections, then subscribe without after.", "after");
}
