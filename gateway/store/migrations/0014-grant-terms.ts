import type { Migration } from "./migrate.ts";

/** The client that made a grant, and when the grant ends. The index finds grants by their last refresh. */
export const grantTerms: Migration = {
  name: "0014-grant-terms",
  statements: [
    `alter table authorizations add column client_id text`,
    `alter table authorizations add column grant_expires_at bigint`,
    `create index authorizations_by_issued_at on authorizations (issued_at) where status = 'active'`,
  ],
};
