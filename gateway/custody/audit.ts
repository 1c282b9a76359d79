import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { withTimeout } from "../runtime/with-timeout.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { Sealer } from "../store/sealing.ts";
import type { AuditEndRow, AuditEventRow, Tables } from "../store/tables.ts";
import { type AuditBatch, type AuditEntry, createAuditBatch } from "./audit-batch.ts";
import { beginningOf, chain, type ChainedRow } from "./audit-chain.ts";
import { type AuditEvent, theGateway } from "./audit-event.ts";
import { serializeFacts } from "./audit-facts.ts";
import { createPersons, type Person, type Persons } from "./persons.ts";

/** How long an event waits in memory at most before it is written, in milliseconds: what a process that is killed may lose. */
export const FLUSH_INTERVAL_MS = 1_000;
/** How long a stop waits for a store that does not answer, in milliseconds. */
const STOP_WAIT_MS = 8_000;
const WRITER_BYTES = 12;
/** Rows in one statement. On SQLite nothing else is done while one runs. */
const BATCH_ROWS = 100;

/**
 * Who did what, for one process.
 *
 * To record an act, call `record` once its end is known: with what it was (`AuditAction`), who did it (`AuditActor`; `theOperator` for
 * the command line, `theGateway` for what it does unasked), whose connection it is about (`owner`, `connectionId`, `connector`), how it
 * ended (`outcome`), and where the request came from. Nothing is awaited, and nothing thrown.
 */
export interface Audit {
  /** Takes note of an act. It is written within `FLUSH_INTERVAL_MS`, and before `close` resolves. */
  record(this: void, event: AuditEvent): void;
  /** Resolves once all that was recorded before is in the store. Throws what the store throws; it is then tried again by itself. */
  flush(this: void): Promise<void>;
  persons: Persons;
  /** How many events were lost since the process started, as the store was away for too long. */
  lost(): number;
  /** How long the oldest event has waited that is not in the store, in milliseconds. */
  lagMs(): number;
  /** Writes what waits. What the store does not take in `STOP_WAIT_MS` is lost, and the log says how much. */
  close(): Promise<void>;
}

export interface AuditOptions {
  database: Database;
  sealer: Sealer;
  macs: RowMacs;
  /** The store's. */
  clock: Clock;
  log: Pick<Log, "info" | "warn" | "error">;
  /** Default: an empty one. */
  batch?: AuditBatch;
}

/** What was lost, as long as the log and the store have not been told. */
interface Losses {
  total: number;
  untold: number;
}

export function createAudit(options: AuditOptions): Audit {
  const { clock, log, batch = createAuditBatch() } = options;
  const persons = createPersons(options);
  const write = createWriter({ ...options, batch, persons });
  const losses: Losses = { total: 0, untold: 0 };
  const stopping = new AbortController();
  let isArmed = false;
  let isFailing = false;
  let writing: Promise<void> | null = null;

  function record(event: AuditEvent): void {
    if (batch.add(event, clock.now())) return arm();
    if (losses.untold === 0) log.error({ waiting: batch.unwritten() }, LOSING);
    losses.total += 1;
    losses.untold += 1;
  }

  /** A timer runs only while there is something to write. */
  function arm(): void {
    if (isArmed || stopping.signal.aborted) return;
    isArmed = true;
    void writeLater();
  }

  async function writeLater(): Promise<void> {
    await clock.until(clock.now() + FLUSH_INTERVAL_MS, stopping.signal);
    isArmed = false;
    if (stopping.signal.aborted) return;
    await writeOnce().catch(noteFailure);
    if (!batch.isEmpty()) arm();
  }

  /** The log says it once. The lag says how long it lasts. */
  function noteFailure(err: unknown): void {
    if (!isFailing) log.warn({ err, waiting: batch.unwritten() }, "the audit cannot be written: it is kept, and tried again each second");
    isFailing = true;
  }

  const writeOnce = () =>
    (writing ??= write()
      .then(noteSuccess)
      .finally(() => (writing = null)));

  function noteSuccess(): void {
    isFailing = false;
    tellLosses();
  }

  function tellLosses(): void {
    if (losses.untold === 0) return;
    const events = losses.untold;
    losses.untold = 0;
    log.error({ events }, "events of the audit were lost while the store was away: a row says how many");
    record({ action: "audit.lost", actor: theGateway, details: { events } });
  }

  async function flush(): Promise<void> {
    if (writing) await writing.catch(() => {});
    await (batch.isEmpty() ? writing : writeOnce());
  }

  return {
    record,
    flush,
    persons,
    lost: () => losses.total,
    lagMs: () => Math.max(0, clock.now() - (batch.waitingSince() ?? clock.now())),
    async close() {
      stopping.abort();
      const isWritten = flush().then(
        () => true,
        () => false,
      );
      await withTimeout(isWritten, STOP_WAIT_MS);
      const lost = batch.unwritten() + losses.untold;
      if (lost > 0) log.error({ lost }, "the store did not take what was left of the audit: it is lost");
    },
  };
}

const LOSING = "the audit is full, as the store does not take it: from now on events are lost and counted, until the store is back";

interface WriterDependencies extends AuditOptions {
  batch: AuditBatch;
  persons: Persons;
}

/** Answers a function that writes all that waits in one transaction, as the next rows of this process's chain. Never called twice at once. */
function createWriter({ database, macs, clock, batch, persons }: WriterDependencies): () => Promise<void> {
  const writer = randomBytes(WRITER_BYTES).toString("base64url");
  let end = beginningOf(writer);

  function link(entry: AuditEntry, known: ReadonlyMap<string, Person>): ChainedRow {
    const { event, firstAt } = entry;
    const { action, owner, connectionId = null } = event;
    const actor = known.get(actorIdOf(event) ?? "") ?? null;
    const subject = owner?.kind === "user" ? (known.get(owner.id)?.pseudonym ?? null) : null;
    const facts = serializeFacts(event, actor);
    const columns = { writer, first_at: firstAt, action, actor: actor?.pseudonym ?? null, subject, connection_id: connectionId, facts };
    const row = chain(end, columns);
    end = { sequence: row.sequence, digest: row.digest };
    return row;
  }

  /** A row keeps its place when it could not be written, as its commit may have been done all the same. */
  function toRow(entry: AuditEntry, known: ReadonlyMap<string, Person>): AuditEventRow {
    const row = { ...(entry.row ??= link(entry, known)), count: entry.count, last_at: entry.lastAt };
    return { ...row, mac: macs.sign("audit_events", row) };
  }

  return async function write() {
    const entries = batch.take();
    try {
      const known = await persons.provide(userIdsOf(entries));
      const rows = entries.map((entry) => toRow(entry, known));
      const head = { writer, ...end };
      await database.write([], async (transaction) => {
        await putEvents(transaction, rows);
        await putEnd(transaction, "audit_heads", { ...head, mac: macs.sign("audit_heads", head) });
      });
      batch.settle(clock.now());
    } catch (error) {
      batch.putBack();
      throw error;
    }
  };
}

const actorIdOf = ({ actor }: AuditEvent): string | null => (actor.kind === "user" ? actor.userId : null);

/** Whom rows that have no place yet name. */
function userIdsOf(entries: readonly AuditEntry[]): Set<string> {
  const ids = new Set<string>();
  for (const { event, row } of entries) {
    if (row) continue;
    const actorId = actorIdOf(event);
    if (actorId !== null) ids.add(actorId);
    if (event.owner?.kind === "user") ids.add(event.owner.id);
  }
  return ids;
}

/** Inserts rows; of those that are there, stores what was counted since. */
async function putEvents(transaction: Kysely<Tables>, rows: readonly AuditEventRow[]): Promise<void> {
  for (let at = 0; at < rows.length; at += BATCH_ROWS)
    await transaction
      .insertInto("audit_events")
      .values(rows.slice(at, at + BATCH_ROWS))
      .onConflict((conflict) =>
        conflict.column("id").doUpdateSet(({ ref }) => ({
          count: ref("excluded.count"),
          last_at: ref("excluded.last_at"),
          mac: ref("excluded.mac"),
        })),
      )
      .execute();
}

/** Stores where a chain ends, or from where it goes on. It never goes back. */
export async function putEnd(query: Kysely<Tables>, table: "audit_heads" | "audit_checkpoints", row: AuditEndRow): Promise<void> {
  await query
    .insertInto(table)
    .values(row)
    .onConflict((conflict) =>
      conflict
        .column("writer")
        .doUpdateSet(({ ref }) => ({ sequence: ref("excluded.sequence"), digest: ref("excluded.digest"), mac: ref("excluded.mac") }))
        .whereRef("excluded.sequence", ">", `${table}.sequence`),
    )
    .execute();
}
