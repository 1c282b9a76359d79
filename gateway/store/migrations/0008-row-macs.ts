import { keyIdSql } from "../key-ids.ts";
import type { Migration } from "./migrate.ts";

const tables = ["signing_keys", "api_keys", "sessions", "one_time_tokens", "users", "attempts", "authorizations"];

/** HMACs of the rows that grant power, and what becomes of rows that have none yet. */
export const rowMacs: Migration = {
  name: "0008-row-macs",
  statements: [
    ...tables.flatMap((table) => [
      `alter table ${table} add column mac text`,
      `create index ${table}_by_mac_key on ${table} (${keyIdSql("mac")})`,
    ]),
    `alter table users add column tokens_valid_from bigint`,
    `create table upgrades (name text primary key, started_at bigint not null, completed_at bigint, mac text not null)`,
    `create index upgrades_by_mac_key on upgrades (${keyIdSql("mac")})`,
  ],
};
