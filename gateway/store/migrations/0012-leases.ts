import type { Migration } from "./migrate.ts";

/** For adapters whose tokens are stored elsewhere: who refreshes what, and what is noted of it. */
export const leases: Migration = {
  name: "0012-leases",
  statements: [
    `create table leases (key text primary key, id text not null, expires_at bigint not null)`,
    `create table notes (key text primary key, text text not null)`,
  ],
};
