import { keyIdSql } from "../key-ids.ts";
import type { Migration } from "./migrate.ts";

const byMacKey = (table: string) => `create index ${table}_by_mac_key on ${table} (${keyIdSql("mac")})`;

/**
 * Who did what: rows in chains, their ends, what was deleted by age, the persons that the rows name by pseudonyms, and when a token of each connection was
 * last given.
 */
export const audit: Migration = {
  name: "0019-audit",
  statements: [
    `create table audit_events (
      id text primary key, writer text not null, sequence bigint not null, first_at bigint not null, action text not null, actor text,
      subject text, connection_id text, facts text not null, digest text not null, count bigint not null, last_at bigint not null,
      mac text not null
    )`,
    `create unique index audit_events_by_chain on audit_events (writer, sequence)`,
    `create index audit_events_by_time on audit_events (first_at, id)`,
    `create index audit_events_by_actor on audit_events (actor, first_at) where actor is not null`,
    `create index audit_events_by_subject on audit_events (subject, first_at) where subject is not null`,
    `create index audit_events_by_connection on audit_events (connection_id, first_at) where connection_id is not null`,
    byMacKey("audit_events"),
    `create table audit_heads (writer text primary key, sequence bigint not null, digest text not null, mac text not null)`,
    byMacKey("audit_heads"),
    `create table audit_checkpoints (writer text primary key, sequence bigint not null, digest text not null, mac text not null)`,
    byMacKey("audit_checkpoints"),
    `create table persons (pseudonym text primary key, user_id text not null, sealed_key text not null, created_at bigint not null)`,
    `create unique index persons_by_user on persons (user_id)`,
    `create index persons_by_key on persons (${keyIdSql("sealed_key")})`,
    `create table connection_uses (connection_id text primary key, last_used_at bigint not null)`,
  ],
};
