import { keyIdSql } from "../key-ids.ts";
import type { Migration } from "./migrate.ts";

/**
 * Counts rows by the key that sealed them. The id is read from the envelope itself, so that it is true also of rows that an earlier
 * release writes beside this one.
 */
export const keyIds: Migration = {
  name: "0006-key-ids",
  statements: [
    `create index signing_keys_by_private_jwk_key on signing_keys (${keyIdSql("sealed_private_jwk")})`,
    `create index attempts_by_verifier_key on attempts (${keyIdSql("sealed_verifier")})`,
    `create index authorizations_by_access_token_key on authorizations (${keyIdSql("sealed_access_token")})`,
    `create index authorizations_by_refresh_token_key on authorizations (${keyIdSql("sealed_refresh_token")})`,
    `create index authorizations_by_fields_key on authorizations (${keyIdSql("sealed_fields")})`,
  ],
};
