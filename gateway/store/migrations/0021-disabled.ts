import type { Migration } from "./migrate.ts";

/** When a server disabled a connection, so that its user cannot connect it again; and finds the sessions of a user. */
export const disabled: Migration = {
  name: "0021-disabled",
  statements: [`alter table connections add column disabled_at bigint`, `create index sessions_by_user on sessions (user_id)`],
};
