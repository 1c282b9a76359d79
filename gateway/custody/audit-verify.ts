import { sql, type Kysely } from "kysely";
import { z } from "zod";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { AuditEndRow, AuditEventRow, Tables } from "../store/tables.ts";
import { beginningOf, type ChainEnd, digestAfter } from "./audit-chain.ts";

/** Rows read at a time. */
const BATCH_ROWS = 1_000;

/** The first of a chain that is not as it was written. */
export interface BrokenChain {
  writer: string;
  /** The row, or the place of the first missing one; null for the chain as a whole. */
  row: string | null;
  /** What is wrong with it, as one sentence. */
  why: string;
}

/** What a chain has come to. Kept elsewhere, it shows later whether the chain was set back. */
export interface VerifiedChain extends ChainEnd {
  writer: string;
  rows: number;
}

export interface Verification {
  chains: VerifiedChain[];
  broken: BrokenChain[];
}

interface Dependencies {
  database: Pick<Database, "query">;
  macs: Pick<RowMacs, "verify">;
}

/**
 * Reads every chain from its beginning, or from where rows were deleted by age, to its end. Gateways may write meanwhile. It notices every
 * row that was changed, moved, inserted or taken away, at the end too, unless the whole store, or one chain with its head, was
 * set back to an earlier state of itself.
 * @param onProgress called after each batch, with the number of rows that were read.
 */
export async function verifyAudit(dependencies: Dependencies, onProgress: (rows: number) => void = () => {}): Promise<Verification> {
  const result: Verification = { chains: [], broken: [] };
  for (const writer of await listWriters(dependencies.database.query)) {
    const verified = await verifyChain(dependencies, writer, onProgress);
    if ("why" in verified) result.broken.push(verified);
    else result.chains.push(verified);
  }
  return result;
}

async function verifyChain(
  { database: { query }, macs }: Dependencies,
  writer: string,
  onProgress: (rows: number) => void,
): Promise<VerifiedChain | BrokenChain> {
  const broken = (row: string | null, why: string): BrokenChain => ({ writer, row, why });
  const head = await readEnd(query, "audit_heads", writer);
  if (!head) return broken(null, "The head of the chain is missing: it was deleted.");
  const from = await readEnd(query, "audit_checkpoints", writer);
  if (from && !macs.verify("audit_checkpoints", from))
    return broken(null, "The checkpoint of the rows that were deleted by age does not verify.");
  let end: ChainEnd = from ?? beginningOf(writer);
  let rows = 0;
  for (;;) {
    const batch = await readRows(query, writer, end.sequence);
    const [first] = batch;
    if (first ? first.sequence !== end.sequence + 1 : end.sequence < head.sequence) {
      // Rows may have been deleted by age meanwhile: what follows is judged from there on.
      const moved = await readEnd(query, "audit_checkpoints", writer);
      if (moved && moved.sequence > end.sequence && macs.verify("audit_checkpoints", moved)) {
        end = moved;
        continue;
      }
    }
    for (const row of batch) {
      if (row.sequence !== end.sequence + 1)
        return broken(`${writer}-${end.sequence + 1}`, `The row is missing: the next one is ${row.id}.`);
      const why = objectionTo(macs, end, row);
      if (why !== null) return broken(row.id, why);
      end = { sequence: row.sequence, digest: row.digest };
      rows += 1;
    }
    if (batch.length === 0) break;
    onProgress(rows);
  }
  const now = await readEnd(query, "audit_heads", writer);
  return objectionToEnd(macs, { head, now, end }, broken) ?? { writer, rows, sequence: end.sequence, digest: end.digest };
}

function objectionTo(macs: Dependencies["macs"], end: ChainEnd, row: AuditEventRow): string | null {
  if (digestAfter(end.digest, row) !== row.digest) return "The row does not follow the row before it: it was changed, moved or inserted.";
  if (!macs.verify("audit_events", row))
    return "The HMAC of the row does not verify: its count was changed, another program wrote it, or a key is missing.";
  return null;
}

/** @param ends the chain's head before its rows were read, the head now, and the last row. */
function objectionToEnd(
  macs: Dependencies["macs"],
  { head, now, end }: { head: AuditEndRow; now: AuditEndRow | null; end: ChainEnd },
  broken: (row: string | null, why: string) => BrokenChain,
): BrokenChain | null {
  if (!now || !macs.verify("audit_heads", now)) return broken(null, "The head of the chain does not verify.");
  if (end.sequence < head.sequence)
    return broken(`${head.writer}-${end.sequence + 1}`, `The row is missing, and so are all rows up to ${head.sequence}.`);
  if (end.sequence > now.sequence)
    return broken(null, `The head of the chain is at row ${now.sequence}, but later rows exist: the head was set back.`);
  if (end.sequence === now.sequence && end.digest !== now.digest) return broken(null, "The head of the chain does not match its last row.");
  return null;
}

const readEnd = async (query: Kysely<Tables>, table: "audit_heads" | "audit_checkpoints", writer: string): Promise<AuditEndRow | null> =>
  (await query.selectFrom(table).selectAll().where("writer", "=", writer).executeTakeFirst()) ?? null;

const readRows = (query: Kysely<Tables>, writer: string, after: number): Promise<AuditEventRow[]> =>
  query
    .selectFrom("audit_events")
    .selectAll()
    .where("writer", "=", writer)
    .where("sequence", ">", after)
    .orderBy("sequence")
    .limit(BATCH_ROWS)
    .execute();

const writerSchema = z.object({ writer: z.string().nullable() });

/** Every writer that a row, a head or a checkpoint names. One step in the index for each writer of rows. */
async function listWriters(query: Kysely<Tables>): Promise<string[]> {
  const ends = [
    ...(await query.selectFrom("audit_heads").select("writer").execute()),
    ...(await query.selectFrom("audit_checkpoints").select("writer").execute()),
  ];
  const writers = new Set(ends.map(({ writer }) => writer));
  for (let last = ""; ;) {
    const { rows } = await sql`select min(writer) as writer from audit_events where writer > ${last}`.execute(query);
    const { writer } = writerSchema.parse(rows[0]);
    if (writer === null) return [...writers];
    writers.add((last = writer));
  }
}
