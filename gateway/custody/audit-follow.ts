import type { AuditRecord } from "../../schema/audit-record.ts";
import { isTemporary } from "../../schema/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../store/database.ts";
import type { AuditEventRow } from "../store/tables.ts";
import { FOLD_MS } from "./audit-batch.ts";
import type { AuditReader } from "./audit-read.ts";
import { FLUSH_INTERVAL_MS } from "./audit-flushing.ts";

/** How often the store is looked at, in milliseconds. */
export const FOLLOW_INTERVAL_MS = 1_000;
/** Rows read at a time. */
const BATCH_ROWS = 500;
/** From when on nothing more is counted in a row, in milliseconds after its first reading. */
const SETTLED_AFTER_MS = FOLD_MS + 2 * FLUSH_INTERVAL_MS;

interface Dependencies {
  database: Pick<Database, "query">;
  reader: Pick<AuditReader, "show">;
  /** The store's. */
  clock: Pick<Clock, "now" | "sleep">;
}

/** Where a follower is. */
interface Following {
  /** The sequence of the row of each chain that was yielded last. */
  reached: Map<string, number>;
  /** How often each reading was counted when it was yielded, while more may come. */
  open: Map<string, { count: number; firstAt: number }>;
}

/**
 * Yields every act that any process writes from now on, or since an instant, in the order of each process, until `signal` aborts. Equal
 * readings are yielded when the first is written, and once more with the same `id` when their minute is over, if there were more. While the
 * store is away it waits.
 */
export async function* followAudit(
  dependencies: Dependencies,
  { since, signal }: { since: Date | null; signal: AbortSignal },
): AsyncGenerator<AuditRecord, void> {
  const { database, clock } = dependencies;
  const following: Following = { reached: await findPlaces(database, since), open: new Map() };
  while (!signal.aborted) {
    try {
      yield* showNew(dependencies, following);
      yield* showSettled(dependencies, following);
    } catch (error) {
      if (!isTemporary(error)) throw error;
    }
    await clock.sleep(FOLLOW_INTERVAL_MS, signal);
  }
}

async function* showNew({ database, reader, clock }: Dependencies, { reached, open }: Following): AsyncGenerator<AuditRecord, void> {
  for (const { writer, sequence } of await database.query.selectFrom("audit_heads").select(["writer", "sequence"]).execute()) {
    for (let after = reached.get(writer) ?? 0; after < sequence; after = reached.get(writer) ?? sequence) {
      // Before they are read: what is settled by then is read with its last count.
      const openSince = clock.now() - SETTLED_AFTER_MS;
      const rows = await readAfter(database, writer, after);
      const shown = await reader.show(rows);
      reached.set(writer, rows.at(-1)?.sequence ?? sequence);
      for (const { id, action, count, first_at: firstAt } of rows)
        if (action === "token.read" && firstAt > openSince) open.set(id, { count, firstAt });
      yield* shown;
    }
  }
}

async function* showSettled({ database, reader, clock }: Dependencies, { open }: Following): AsyncGenerator<AuditRecord, void> {
  const settled = [...open].filter(([, { firstAt }]) => clock.now() - firstAt >= SETTLED_AFTER_MS).map(([id]) => id);
  for (let at = 0; at < settled.length; at += BATCH_ROWS) {
    const ids = settled.slice(at, at + BATCH_ROWS);
    const rows = await readByIds(database, ids);
    const shown = await reader.show(rows.filter(({ id, count }) => open.get(id)?.count !== count));
    for (const id of ids) open.delete(id);
    yield* shown;
  }
}

/** After which row of each chain to begin. */
async function findPlaces({ query }: Dependencies["database"], since: Date | null): Promise<Map<string, number>> {
  const heads = await query.selectFrom("audit_heads").select(["writer", "sequence"]).execute();
  const places = new Map(heads.map(({ writer, sequence }) => [writer, sequence]));
  if (since === null) return places;
  const firsts = await query
    .selectFrom("audit_events")
    .select(["writer", ({ fn }) => fn.min<number | string>("sequence").as("first")])
    .where("first_at", ">=", since.getTime())
    .groupBy("writer")
    .execute();
  for (const { writer, first } of firsts) places.set(writer, Number(first) - 1);
  return places;
}

const readAfter = ({ query }: Dependencies["database"], writer: string, after: number): Promise<AuditEventRow[]> =>
  query
    .selectFrom("audit_events")
    .selectAll()
    .where("writer", "=", writer)
    .where("sequence", ">", after)
    .orderBy("sequence")
    .limit(BATCH_ROWS)
    .execute();

const readByIds = ({ query }: Dependencies["database"], ids: readonly string[]): Promise<AuditEventRow[]> =>
  query.selectFrom("audit_events").selectAll().where("id", "in", ids).orderBy("first_at").execute();
