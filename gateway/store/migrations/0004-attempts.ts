import type { Migration } from "./migrate.ts";

/** Tells connections that were never enabled from those that were, and finds attempts by user and by authorization. */
export const attempts: Migration = {
  name: "0004-attempts",
  statements: [
    `alter table connections add column first_enabled_at bigint`,
    // Until now: as old as the only authorization it has had.
    `update connections set first_enabled_at = created_at where enabled = 1 or authorization_id is null or not exists (
      select 1 from authorizations
      where authorizations.id = connections.authorization_id and authorizations.created_at = connections.created_at
    )`,
    `create index attempts_by_user on attempts (user_id, connector_slug)`,
    `create index attempts_by_authorization on attempts (authorization_id)`,
  ],
};
