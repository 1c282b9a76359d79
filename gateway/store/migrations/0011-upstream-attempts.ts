import type { Migration } from "./migrate.ts";

/** What was started at an upstream that has no connection until connecting has succeeded. */
export const upstreamAttempts: Migration = {
  name: "0011-upstream-attempts",
  statements: [
    `create table upstream_attempts (
      authorization_id text primary key,
      connection_id text not null,
      owner_kind text not null,
      owner_id text not null,
      user_id text not null,
      connector_slug text not null,
      started_at bigint not null,
      expires_at bigint not null
    )`,
    `create index upstream_attempts_by_owner on upstream_attempts (owner_kind, owner_id)`,
    `create index upstream_attempts_by_connection on upstream_attempts (connection_id)`,
    `create index upstream_attempts_by_expiry on upstream_attempts (expires_at)`,
  ],
};
