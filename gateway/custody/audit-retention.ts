import { isTemporary } from "../../schema/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { AuditEventRow } from "../store/tables.ts";
import { putEnd } from "./audit-writer.ts";

/** How often a process looks for rows that are to be deleted by their age, and how soon after its start, in milliseconds. */
export const RETENTION_INTERVAL_MS = 3_600_000;
const FIRST_LOOK_MS = 60_000;
/** Rows deleted in one transaction. */
const BATCH_ROWS = 1_000;
const DAY_MS = 86_400_000;

interface Dependencies {
  database: Database;
  macs: RowMacs;
  /** The store's. */
  clock: Clock;
  log: Pick<Log, "info" | "error">;
}

/**
 * Deletes the rows of every chain that are older than `days`, from its beginning on. A signed checkpoint says up to where, and what the
 * next row follows. Any process may do it. A chain whose last row of those does not verify is kept: it is evidence.
 */
export function startAuditRetention(dependencies: Dependencies, days: number): { stop(): Promise<void> } {
  const { clock, log } = dependencies;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function run(): Promise<void> {
    await clock.until(clock.now() + FIRST_LOOK_MS, signal);
    while (!signal.aborted) {
      await deleteExpired(dependencies, clock.now() - days * DAY_MS, signal).catch((err: unknown) => {
        // A store that is away is told of elsewhere.
        if (!isTemporary(err)) log.error({ err }, "old rows of the audit could not be deleted");
      });
      await clock.until(clock.now() + RETENTION_INTERVAL_MS, signal);
    }
  }
  const running = run();

  return {
    stop() {
      stopping.abort();
      return running;
    },
  };
}

/** Deletes what began before an instant, in milliseconds since the epoch. @returns how many rows. */
export async function deleteExpired(dependencies: Dependencies, before: number, signal?: AbortSignal): Promise<number> {
  const { database, log } = dependencies;
  const kept: string[] = [];
  let deleted = 0;
  for (;;) {
    if (signal?.aborted) break;
    const oldest = await database.query
      .selectFrom("audit_events")
      .select("writer")
      .where("first_at", "<", before)
      .$if(kept.length > 0, (query) => query.where("writer", "not in", kept))
      .orderBy("first_at")
      .limit(1)
      .executeTakeFirst();
    if (!oldest) break;
    const count = await shorten(dependencies, oldest.writer, before);
    if (count === 0) kept.push(oldest.writer);
    deleted += count;
  }
  if (deleted > 0) log.info({ rows: deleted }, "old rows of the audit were deleted");
  return deleted;
}

/** Deletes the first rows of a chain. @returns how many; 0 where none can be. */
async function shorten({ database, macs, log }: Dependencies, writer: string, before: number): Promise<number> {
  const last = await findLastExpired(database, writer, before);
  if (!last) return 0;
  if (!macs.verify("audit_events", last)) {
    log.error({ row: last.id }, "a row of the audit does not verify, so its chain is not shortened: run xkit-gateway audit verify");
    return 0;
  }
  const checkpoint = { writer, sequence: last.sequence, digest: last.digest };
  return database.write([], async (transaction) => {
    await putEnd(transaction, "audit_checkpoints", { ...checkpoint, mac: macs.sign("audit_checkpoints", checkpoint) });
    const { numDeletedRows } = await transaction
      .deleteFrom("audit_events")
      .where("writer", "=", writer)
      .where("sequence", "<=", last.sequence)
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  });
}

/** The last row of the beginning of a chain whose rows are all older, or of its first `BATCH_ROWS`. */
async function findLastExpired({ query }: Database, writer: string, before: number): Promise<AuditEventRow | null> {
  const rows = await query
    .selectFrom("audit_events")
    .selectAll()
    .where("writer", "=", writer)
    .orderBy("sequence")
    .limit(BATCH_ROWS)
    .execute();
  const young = rows.findIndex(({ first_at: firstAt }) => firstAt >= before);
  return (young < 0 ? rows.at(-1) : rows[young - 1]) ?? null;
}
