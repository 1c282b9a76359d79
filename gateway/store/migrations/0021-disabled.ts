import type { Migration } from "./migrate.ts";

/** When a server disabled a connection, so that its user cannot connect it again. */
export const disabled: Migration = {
  name: "0021-disabled",
  statements: [`alter table connections add column disabled_at bigint`],
};
