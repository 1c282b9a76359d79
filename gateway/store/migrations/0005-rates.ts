import type { Migration } from "./migrate.ts";

/** What gateways counted for rate limits. */
export const rates: Migration = {
  name: "0005-rates",
  statements: [`create table rates (key text primary key, drained_at bigint not null)`],
};
