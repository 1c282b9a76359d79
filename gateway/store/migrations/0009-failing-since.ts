import type { Migration } from "./migrate.ts";

/** Tells how long a grant's refreshes have failed, and by which path its account's id was found. */
export const failingSince: Migration = {
  name: "0009-failing-since",
  statements: [`alter table authorizations add column failing_since bigint`, `alter table authorizations add column account_id_path text`],
};
