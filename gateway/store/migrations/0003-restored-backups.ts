import type { Migration } from "./migrate.ts";

export const restoredBackups: Migration = {
  name: "0003-restored-backups",
  statements: [`create table restored_backups (taken_at bigint primary key)`],
};
