import { type Kysely, sql } from "kysely";
import { LRUCache } from "lru-cache";
import type { Database } from "../store/database.ts";
import type { ConnectionUseRow, Tables } from "../store/tables.ts";
import type { AuditEntry } from "./audit-batch.ts";
import { boundedByCount } from "../runtime/bounded-by-count.ts";

/** The use of a connection is written at most once in this time, over all processes, in milliseconds: an hour. */
export const RECORD_USE_EVERY_MS = 3_600_000;
/** Connections whose last use a process remembers at most. */
const REMEMBERED_USES = 50_000;
/** Connections in one statement. */
const BATCH_ROWS = 500;

/** When a token of each connection was last given. */
export interface ConnectionUses {
  /** Writes, beside these events, the uses that they tell of. */
  write(transaction: Kysely<Tables>, entries: readonly AuditEntry[]): Promise<void>;
  /** What was written with the last events is in the store. */
  settle(): void;
  /** When a token of a connection was last given, to an hour; null where none was since that is recorded. */
  find(this: void, connectionId: string): Promise<Date | null>;
  /** Deletes what is known of connections. */
  forget(connectionIds: readonly string[]): Promise<void>;
}

export function createConnectionUses({ query }: Pick<Database, "query">): ConnectionUses {
  const writtenAt = new LRUCache<string, number>(boundedByCount(REMEMBERED_USES));
  let writing = new Map<string, number>();
  return {
    async write(transaction, entries) {
      writing = new Map(entries.flatMap(useOf).filter(([id, at]) => at - (writtenAt.get(id) ?? -Infinity) >= RECORD_USE_EVERY_MS));
      if (writing.size > 0) await put(transaction, writing);
    },
    settle() {
      for (const [id, at] of writing) writtenAt.set(id, at);
      writing.clear();
    },
    find: createFinder(query),
    async forget(connectionIds) {
      for (let at = 0; at < connectionIds.length; at += BATCH_ROWS)
        await query
          .deleteFrom("connection_uses")
          .where("connection_id", "in", connectionIds.slice(at, at + BATCH_ROWS))
          .execute();
    },
  };
}

const useOf = ({ event, lastAt }: AuditEntry): [string, number][] =>
  event.action === "token.read" && event.fingerprint && event.connectionId ? [[event.connectionId, lastAt]] : [];

/** In one order in every process, so that two never wait for each other. */
async function put(transaction: Kysely<Tables>, uses: ReadonlyMap<string, number>): Promise<void> {
  const rows = [...uses].map(([connection_id, last_used_at]) => ({ connection_id, last_used_at }));
  const sorted = rows.toSorted((a, b) => (a.connection_id < b.connection_id ? -1 : 1));
  for (let at = 0; at < sorted.length; at += BATCH_ROWS) await putSome(transaction, sorted.slice(at, at + BATCH_ROWS));
}

const putSome = (transaction: Kysely<Tables>, rows: ConnectionUseRow[]) =>
  transaction
    .insertInto("connection_uses")
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .column("connection_id")
        .doUpdateSet(({ ref }) => ({ last_used_at: ref("excluded.last_used_at") }))
        .where(sql<boolean>`excluded.last_used_at - connection_uses.last_used_at >= ${sql.lit(RECORD_USE_EVERY_MS)}`),
    )
    .execute();

/** Connections that are asked for in one turn are read together. */
function createFinder(query: Kysely<Tables>): ConnectionUses["find"] {
  let ids = new Set<string>();
  let reading: Promise<ReadonlyMap<string, number>> | null = null;

  async function read(): Promise<ReadonlyMap<string, number>> {
    // What else this turn asks for joins.
    await Promise.resolve();
    const asked = [...ids];
    ids = new Set();
    reading = null;
    const rows = await query.selectFrom("connection_uses").selectAll().where("connection_id", "in", asked).execute();
    return new Map(rows.map(({ connection_id, last_used_at }) => [connection_id, last_used_at]));
  }

  return async (connectionId) => {
    ids.add(connectionId);
    const at = (await (reading ??= read())).get(connectionId);
    return at === undefined ? null : new Date(at);
  };
}
