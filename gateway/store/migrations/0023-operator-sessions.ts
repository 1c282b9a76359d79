import { keyIdSql } from "../key-ids.ts";
import type { Migration } from "./migrate.ts";

/** Who is signed in at the operator's page: by an API key (`key_id`), or by a JWT of an issuer whose rule (`rule`) made a user an operator. */
export const operatorSessions: Migration = {
  name: "0023-operator-sessions",
  statements: [
    `create table operator_sessions (
      id text primary key,
      secret_hash text not null unique,
      key_id text,
      user_id text,
      rule text,
      created_at bigint not null,
      expires_at bigint not null,
      mac text not null
    )`,
    `create index operator_sessions_by_expiry on operator_sessions (expires_at)`,
    `create index operator_sessions_by_mac_key on operator_sessions (${keyIdSql("mac")})`,
  ],
};
