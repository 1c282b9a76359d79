import { hash } from "node:crypto";
import type { AuditEventRow } from "../store/tables.ts";

/** What of a row never changes, and is chained to the row before. What is counted since (`count`, `last_at`) is covered by its HMAC alone. */
export type ChainedRow = Omit<AuditEventRow, "count" | "last_at" | "mac">;

/** Where a chain has come to. */
export interface ChainEnd {
  sequence: number;
  digest: string;
}

/**
 * Before the first row. A chain is one process's: its writer is a random name, made when the process starts. The digests need no key, and
 * each HMAC is over the digest of its own row: `keys reseal` makes an HMAC again without touching another row.
 */
export const beginningOf = (writer: string): ChainEnd => ({ sequence: 0, digest: digest([writer]) });

/** The next row of a chain. */
export function chain(end: ChainEnd, row: Omit<ChainedRow, "id" | "sequence" | "digest">): ChainedRow {
  const sequence = end.sequence + 1;
  const next = { ...row, id: `${row.writer}-${sequence}`, sequence, digest: "" };
  return { ...next, digest: digestAfter(end.digest, next) };
}

/** What the digest of a row is to be, after the one before. */
export const digestAfter = (previous: string, row: Omit<ChainedRow, "digest">): string => {
  const { id, writer, sequence, first_at, action, actor, subject, connection_id, facts } = row;
  return digest([previous, id, writer, sequence, first_at, action, actor, subject, connection_id, facts]);
};

const digest = (parts: readonly (string | number | null)[]): string => hash("sha256", JSON.stringify(parts), "base64url");
