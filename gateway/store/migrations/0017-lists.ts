import type { Migration } from "./migrate.ts";

/**
 * Lists the connections of a platform, each filter from an index that has the list's order: `ended` has the grants that may need their
 * person, `failing` those whose last refresh failed.
 */
export const lists: Migration = {
  name: "0017-lists",
  statements: [
    `drop index connections_by_owner`,
    `create index connections_by_owner on connections (owner_kind, owner_id, id)`,
    `create index connections_by_connector on connections (connector_slug, id)`,
    `create index connections_by_change on connections (updated_at, id)`,
    `drop index authorizations_by_account`,
    `create index authorizations_by_account on authorizations (account_id, connection_id) where account_id is not null`,
    `create index authorizations_by_label on authorizations (display_label, connection_id) where display_label is not null`,
    `create index authorizations_failing on authorizations (failure_kind, connection_id)
      where failure_kind is not null and came_with is null and version > 0`,
    `create index authorizations_ended on authorizations (connection_id)
      where came_with is null and version > 0 and (status = 'error' or (sealed_refresh_token is null and expires_at is not null))`,
  ],
};
