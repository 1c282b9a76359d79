import type { Migration } from "./migrate.ts";

/** Finds the connections of an account. */
export const accounts: Migration = {
  name: "0015-accounts",
  statements: [`create index authorizations_by_account on authorizations (account_id) where account_id is not null`],
};
