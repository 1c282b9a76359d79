import { type Kysely, sql } from "kysely";
import type { Tables } from "../../gateway/store/tables.ts";

/** What the rows of a table have in common, as SQL: `i` is a row's number, from 1. */
type Columns = Record<string, string>;

const connection: Columns = {
  id: "'c' || (1000000 + i)",
  owner_kind: "'user'",
  owner_id: "'many-' || (i % 1000)",
  connector_slug: "'test'",
  enabled: "1",
  authorization_id: "'a' || (1000000 + i)",
  first_enabled_at: "i",
  created_at: "i",
  updated_at: "1000000000 + i",
};

const authorization: Columns = {
  id: "'a' || (1000000 + i)",
  connection_id: "'c' || (1000000 + i)",
  status: "'active'",
  account_id: "'account-' || (i % 5000)",
  display_label: "'label-' || (i % 5000)",
  requested_scopes: "'[]'",
  granted_scopes: "'[]'",
  sealed_refresh_token: "'x'",
  expires_at: "9000000000000",
  version: "1",
  failures: "0",
  created_at: "i",
  updated_at: "i",
};

interface Many {
  connection?: Columns;
  authorization?: Columns;
  /** Whether the database then counts them for its plans. Default true. */
  isAnalyzed?: boolean;
}

/** Rows of one statement: a store gives each no longer than it gives those of a gateway. */
const ROWS_AT_ONCE = 50_000;

/** Inserts connections that no gateway has made: rows as lists read them, with secrets that do not open. */
export async function insertMany(query: Kysely<Tables>, count: number, of: Many = {}) {
  for (const [table, columns] of [
    ["connections", { ...connection, ...of.connection }],
    ["authorizations", { ...authorization, ...of.authorization }],
  ] as const)
    for (let first = 1; first <= count; first += ROWS_AT_ONCE) {
      const last = Math.min(count, first + ROWS_AT_ONCE - 1);
      const numbers = `with recursive numbers (i) as (select ${first} union all select i + 1 from numbers where i < ${last})`;
      await sql
        .raw(
          `insert into ${table} (${Object.keys(columns).join(", ")}) ${numbers} select ${Object.values(columns).join(", ")} from numbers`,
        )
        .execute(query);
    }
  if (of.isAnalyzed ?? true) await sql`analyze`.execute(query);
}
