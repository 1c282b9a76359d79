import type { Migration } from "./migrate.ts";

/** Notes which connections were imported, so that an import that ended halfway goes on where it was, and finds what is stored of a user. */
export const imports: Migration = {
  name: "0020-imports",
  statements: [
    `create table imports (
      import_id text primary key,
      connection_id text not null,
      imported_at bigint not null
    )`,
    `create index imports_by_connection on imports (connection_id)`,
    `create index sessions_by_user on sessions (user_id)`,
    `create index connection_history_by_actor on connection_history (by_id) where by_id is not null`,
    `create index authorizations_by_starter on authorizations (started_by) where started_by is not null`,
  ],
};
