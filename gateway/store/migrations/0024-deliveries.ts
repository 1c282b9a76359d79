import type { Migration } from "./migrate.ts";

/** Finds what a webhook is to be sent next, the oldest that it has not taken, and what was given up, each by an index in that order. */
export const deliveries: Migration = {
  name: "0024-deliveries",
  statements: [
    `drop index deliveries_by_time`,
    `create index deliveries_by_time on deliveries (endpoint, next_at, number) where dead_at is null`,
    `create index deliveries_by_age on deliveries (endpoint, number) where dead_at is null`,
    `create index deliveries_dead on deliveries (endpoint, number) where dead_at is not null`,
    `create index deliveries_by_death on deliveries (dead_at) where dead_at is not null`,
  ],
};
