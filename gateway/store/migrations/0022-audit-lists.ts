import type { Migration } from "./migrate.ts";

/**
 * Lists the audit, each filter from an index that has the list's order. Readings of tokens are nearly all rows: they are found by time, so
 * that writing one costs no further entry.
 */
export const auditLists: Migration = {
  name: "0022-audit-lists",
  statements: [
    `drop index audit_events_by_actor`,
    `create index audit_events_by_actor on audit_events (actor, first_at, id) where actor is not null`,
    `drop index audit_events_by_subject`,
    `create index audit_events_by_subject on audit_events (subject, first_at, id) where subject is not null`,
    `drop index audit_events_by_connection`,
    `create index audit_events_by_connection on audit_events (connection_id, first_at, id) where connection_id is not null`,
    `create index audit_events_by_action on audit_events (action, first_at, id) where action <> 'token.read'`,
  ],
};
