import { keyIdSql } from "../key-ids.ts";
import type { Migration } from "./migrate.ts";

/** What a provider states of a grant beside its tokens. Sealed: these values say where tokens are sent. */
export const statedValues: Migration = {
  name: "0013-stated-values",
  statements: [
    `alter table authorizations add column sealed_stated text`,
    `create index authorizations_by_stated_key on authorizations (${keyIdSql("sealed_stated")})`,
  ],
};
