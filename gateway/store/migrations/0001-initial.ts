import type { Migration } from "./migrate.ts";

export const initial: Migration = {
  name: "0001-initial",
  statements: [
    `create table signing_keys (
      id text primary key,
      public_jwk text not null,
      sealed_private_jwk text not null,
      created_at bigint not null,
      retired_at bigint
    )`,
    `create table users (
      id text primary key,
      group_id text,
      group_asserted_at bigint,
      name text,
      created_at bigint not null,
      updated_at bigint not null
    )`,
    `create table groups (
      id text primary key,
      created_at bigint not null
    )`,
    `create table sessions (
      id text primary key,
      secret_hash text not null unique,
      user_id text not null,
      created_at bigint not null,
      last_used_at bigint not null,
      expires_at bigint not null,
      ended_at bigint
    )`,
    `create index sessions_by_expiry on sessions (expires_at)`,
    `create table one_time_tokens (
      hash text primary key,
      user_id text not null,
      expires_at bigint not null,
      used_at bigint
    )`,
    `create table api_keys (
      id text primary key,
      secret_hash text not null,
      name text,
      created_at bigint not null,
      last_used_at bigint,
      revoked_at bigint
    )`,
    `create table connections (
      id text primary key,
      owner_kind text not null,
      owner_id text not null,
      connector_slug text not null,
      enabled bigint not null,
      authorization_id text,
      created_at bigint not null,
      updated_at bigint not null
    )`,
    `create index connections_by_owner on connections (owner_kind, owner_id, connector_slug)`,
    `create table authorizations (
      id text primary key,
      connection_id text not null references connections (id),
      status text not null,
      display_label text,
      account_id text,
      error_code text,
      error_message text,
      requested_scopes text not null,
      granted_scopes text not null,
      token_type text,
      sealed_access_token text,
      sealed_refresh_token text,
      sealed_fields text,
      issued_at bigint,
      expires_at bigint,
      version bigint not null,
      lease_id text,
      lease_expires_at bigint,
      failures bigint not null,
      retry_at bigint,
      failure_kind text,
      failure_message text,
      forced_at bigint,
      created_at bigint not null,
      updated_at bigint not null
    )`,
    `create index authorizations_by_connection on authorizations (connection_id)`,
    `create table attempts (
      state_hash text primary key,
      authorization_id text not null references authorizations (id),
      connector_slug text not null,
      user_id text not null,
      browser_hash text not null,
      sealed_verifier text not null,
      redirect_uri text not null,
      return_to text,
      expires_at bigint not null,
      used_at bigint
    )`,
    `create index attempts_by_expiry on attempts (expires_at)`,
  ],
};
