import type { Migration } from "./migrate.ts";

/** Counts the connections of each connector that work again, until they are told as one event: as `connector_troubles` counts those that failed. */
export const connectorHealings: Migration = {
  name: "0025-connector-healings",
  statements: [
    `create table connector_healings (
      connector_slug text primary key,
      code text,
      count bigint not null,
      first_at bigint not null,
      due_at bigint,
      told_at bigint
    )`,
  ],
};
