import type { Migration } from "./migrate.ts";

/** Notes when a provider was asked whether an access token still works, and when it said that it does not. */
export const tokenChecks: Migration = {
  name: "0007-token-checks",
  statements: [`alter table authorizations add column checked_at bigint`, `alter table authorizations add column refused_at bigint`],
};
