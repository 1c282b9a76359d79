import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { AuditEndRow, AuditEventRow, Tables } from "../store/tables.ts";
import type { AuditBatch, AuditEntry } from "./audit-batch.ts";
import { beginningOf, chain, type ChainedRow } from "./audit-chain.ts";
import { type AuditEvent, userIdOf } from "./audit-event.ts";
import { serializeFacts } from "./audit-facts.ts";
import type { ConnectionUses } from "./connection-uses.ts";
import type { Person, Persons } from "./persons.ts";

const WRITER_BYTES = 12;
/** Rows in one statement. On SQLite nothing else is done while one runs. */
const BATCH_ROWS = 100;

interface WriterDependencies {
  database: Database;
  macs: Pick<RowMacs, "sign">;
  /** The store's. */
  clock: Pick<Clock, "now">;
  batch: AuditBatch;
  persons: Persons;
  uses: ConnectionUses;
}

/** Answers a function that writes all that waits in one transaction, as the next rows of this process's chain. Never called twice at once. */
export function createAuditWriter({ database, macs, clock, batch, persons, uses }: WriterDependencies): () => Promise<void> {
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
        await uses.write(transaction, entries);
      });
      batch.settle(clock.now());
      uses.settle();
    } catch (error) {
      batch.putBack();
      throw error;
    }
  };
}

const actorIdOf = ({ actor }: AuditEvent): string | null => userIdOf(actor);

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
