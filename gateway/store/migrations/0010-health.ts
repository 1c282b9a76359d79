import type { Migration } from "./migrate.ts";

/** Notes who started each grant, when it was connected, and since when its health is what it is. */
export const health: Migration = {
  name: "0010-health",
  statements: [
    `alter table authorizations add column started_by text`,
    `alter table authorizations add column started_by_name text`,
    `alter table authorizations add column connected_at bigint`,
    `alter table authorizations add column failure_code text`,
    `alter table authorizations add column health_changed_at bigint`,
  ],
};
