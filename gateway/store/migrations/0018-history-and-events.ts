import type { Migration } from "./migrate.ts";

/** What happened to each connection, the events that servers are told, and their deliveries to webhooks. */
export const historyAndEvents: Migration = {
  name: "0018-history-and-events",
  statements: [
    `alter table authorizations add column refreshes bigint not null default 0`,
    `alter table authorizations add column first_refreshed_at bigint`,
    `alter table authorizations add column end_told bigint`,
    `alter table authorizations add column ended_told bigint`,
    `create index authorizations_by_last_end on authorizations (expires_at) where sealed_refresh_token is null and expires_at is not null`,
    `create index authorizations_by_grant_end on authorizations (grant_expires_at) where grant_expires_at is not null`,
    `create table connection_history (
      connection_id text not null,
      number bigint not null,
      kind text not null,
      count bigint not null,
      first_at bigint not null,
      at bigint not null,
      by_id text,
      by_name text,
      token_kind text,
      code text,
      added_scopes text,
      removed_scopes text,
      account text,
      primary key (connection_id, number)
    )`,
    `create table events (
      number bigint primary key,
      id text not null unique,
      type text not null,
      connector_slug text not null,
      connection_id text,
      owner_kind text,
      owner_id text,
      body text not null,
      at bigint not null
    )`,
    `create index events_by_connector on events (connector_slug, type, at)`,
    `create index events_by_owner on events (owner_kind, owner_id)`,
    `create index events_by_age on events (at)`,
    `create table counters (name text primary key, last bigint not null)`,
    `insert into counters (name, last) values ('events', 0)`,
    `create table deliveries (
      endpoint text not null,
      number bigint not null references events (number),
      ordered_by text not null,
      attempts bigint not null,
      next_at bigint not null,
      dead_at bigint,
      outcome text,
      primary key (endpoint, number)
    )`,
    `create index deliveries_by_order on deliveries (endpoint, ordered_by, number) where dead_at is null`,
    `create index deliveries_by_time on deliveries (endpoint, next_at) where dead_at is null`,
    `create index deliveries_by_event on deliveries (number)`,
    `create table connector_troubles (
      connector_slug text primary key,
      code text,
      count bigint not null,
      first_at bigint not null,
      due_at bigint,
      told_at bigint
    )`,
  ],
};
