import { type Kysely, sql } from "kysely";
import { z } from "zod";
import { keyIdIn, type KeyedColumn } from "./key-ids.ts";
import { coveredColumns, type CoveredTable, type RowMacs } from "./row-macs.ts";
import type { Tables } from "./tables.ts";

const tables: readonly CoveredTable[] = [
  "signing_keys",
  "api_keys",
  "sessions",
  "operator_sessions",
  "one_time_tokens",
  "users",
  "attempts",
  "authorizations",
  "upgrades",
  "audit_events",
  "audit_heads",
  "audit_checkpoints",
];

/** The columns that hold HMACs. */
export const macColumns: readonly (KeyedColumn & { table: CoveredTable })[] = tables.map((table) => ({ table, column: "mac" }));

const rowSchema = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

/** A row's covered columns and its HMAC. */
export type CoveredRow = z.output<typeof rowSchema>;

/** The columns of its connection that an authorization's HMAC covers. Where one changes, the HMAC is made again in the same transaction. */
const owned: ReadonlySet<string> = new Set(["owner_kind", "owner_id", "connector_slug", "disabled_at"]);
const isOwned = (table: CoveredTable, column: string): boolean => table === "authorizations" && owned.has(column);

/**
 * The next rows of a table after `after`, by the row's own key.
 * @param keyId only rows whose HMAC names that key.
 */
export async function readCovered(
  query: Kysely<Tables>,
  table: CoveredTable,
  { after, limit, keyId }: { after: string; limit: number; keyId?: string },
): Promise<CoveredRow[]> {
  const [key] = coveredColumns[table];
  const columns = [...coveredColumns[table], "mac"].map((column) =>
    isOwned(table, column)
      ? sql`(select ${sql.ref(column)} from connections where connections.id = connection_id) as ${sql.ref(column)}`
      : sql.ref(column),
  );
  const isWanted = keyId === undefined ? sql`` : sql`and ${keyIdIn({ column: "mac" })} = ${keyId}`;
  const { rows } = await sql`
    select ${sql.join(columns)} from ${sql.table(table)}
    where ${sql.ref(key)} > ${after} ${isWanted} order by ${sql.ref(key)} limit ${limit}`.execute(query);
  return rows.map((row) => rowSchema.parse(row));
}

/** Whether any row of the store is covered, with an HMAC or without. */
export async function hasCovered(query: Kysely<Tables>): Promise<boolean> {
  for (const table of tables) if ((await readCovered(query, table, { after: "", limit: 1 })).length > 0) return true;
  return false;
}

/** Stores a new HMAC of a row. False, and nothing is changed, when the row has changed since it was read. */
export async function signCovered(query: Kysely<Tables>, macs: RowMacs, table: CoveredTable, row: CoveredRow): Promise<boolean> {
  const [key, ...others] = [...coveredColumns[table], "mac"].filter((column) => !isOwned(table, column));
  // Postgres has no index for the other comparison.
  const isIt = sql`${sql.ref(key ?? "")} = ${row[key ?? ""]}`;
  const isUnchanged = [isIt, ...others.map((column) => sql`${sql.ref(column)} is not distinct from ${row[column]}`)];
  const { numAffectedRows } = await sql`
    update ${sql.table(table)} set mac = ${macs.signRow(table, row)} where ${sql.join(isUnchanged, sql` and `)}`.execute(query);
  return numAffectedRows === 1n;
}
