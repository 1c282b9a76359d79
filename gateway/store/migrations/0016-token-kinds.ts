import type { Migration } from "./migrate.ts";

/** Several kinds of token of one grant: each further kind is a row of its own, beside the connection's own one. */
export const tokenKinds: Migration = {
  name: "0016-token-kinds",
  statements: [
    `alter table authorizations add column token_kind text`,
    `alter table authorizations add column came_with text`,
    `alter table authorizations add column further_scopes text`,
    `create index authorizations_by_came_with on authorizations (came_with) where came_with is not null`,
  ],
};
