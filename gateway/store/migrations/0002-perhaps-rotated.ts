import type { Migration } from "./migrate.ts";

export const perhapsRotated: Migration = {
  name: "0002-perhaps-rotated",
  statements: [`alter table authorizations add column perhaps_rotated_at bigint`],
};
