import type { AuthorizationStatus } from "../../schema/upstream.ts";
import type { ConnectorNewsRow, CounterRow, DeliveryRow, EventRow, HistoryRow } from "./event-tables.ts";

/** The store's tables. Instants are milliseconds since the epoch, flags 0 or 1, `sealed…` envelopes of `seal.ts`, lists JSON. */
export interface Tables {
  signing_keys: SigningKeyRow;
  users: UserRow;
  groups: GroupRow;
  sessions: SessionRow;
  operator_sessions: OperatorSessionRow;
  one_time_tokens: OneTimeTokenRow;
  api_keys: ApiKeyRow;
  connections: ConnectionRow;
  authorizations: AuthorizationRow;
  attempts: AttemptRow;
  upstream_attempts: UpstreamAttemptRow;
  restored_backups: RestoredBackupRow;
  rates: RateRow;
  upgrades: UpgradeRow;
  leases: LeaseRow;
  notes: NoteRow;
  audit_events: AuditEventRow;
  audit_heads: AuditEndRow;
  audit_checkpoints: AuditEndRow;
  persons: PersonRow;
  connection_uses: ConnectionUseRow;
  connection_history: HistoryRow;
  events: EventRow;
  counters: CounterRow;
  deliveries: DeliveryRow;
  connector_troubles: ConnectorNewsRow;
  connector_healings: ConnectorNewsRow;
  imports: ImportRow;
}

export interface SigningKeyRow {
  id: string;
  public_jwk: string;
  sealed_private_jwk: string;
  created_at: number;
  /** Signs nothing new from then on, and verifies until the last token it signed has expired. */
  retired_at: number | null;
  /** The HMAC of the columns that `coveredColumns` lists; null where an earlier release wrote the row. */
  mac: string | null;
}

export interface UserRow {
  id: string;
  group_id: string | null;
  /** Issue time of the assertion that set `group_id`; an older one does not move the user back. */
  group_asserted_at: number | null;
  /** Tokens and sessions that were issued before are refused. */
  tokens_valid_from: number | null;
  name: string | null;
  created_at: number;
  updated_at: number;
  mac: string | null;
}

export interface GroupRow {
  id: string;
  created_at: number;
}

export interface SessionRow {
  id: string;
  /** Hash of what the session cookie holds. */
  secret_hash: string;
  user_id: string;
  created_at: number;
  last_used_at: number;
  expires_at: number;
  ended_at: number | null;
  mac: string | null;
}

/** Somebody at the operator's page, by an API key or as a user: of `key_id` and `user_id`, one is null. */
export interface OperatorSessionRow {
  id: string;
  /** Hash of what the page's cookie holds. */
  secret_hash: string;
  /** The publishable key. */
  key_id: string | null;
  user_id: string | null;
  /** What of the configuration made the user an operator. */
  rule: string | null;
  created_at: number;
  expires_at: number;
  mac: string | null;
}

export interface OneTimeTokenRow {
  hash: string;
  user_id: string;
  expires_at: number;
  used_at: number | null;
  mac: string | null;
}

export interface ApiKeyRow {
  /** The publishable key. */
  id: string;
  secret_hash: string;
  name: string | null;
  created_at: number;
  last_used_at: number | null;
  revoked_at: number | null;
  mac: string | null;
}

export interface ConnectionRow {
  id: string;
  owner_kind: "user" | "group";
  owner_id: string;
  connector_slug: string;
  enabled: number;
  /** The authorization whose tokens are in use, or else the latest attempt. */
  authorization_id: string | null;
  /** Null until connecting has succeeded once. */
  first_enabled_at: number | null;
  /** When a server disabled it; null where it is not. Covered by the HMACs of its authorizations. */
  disabled_at: number | null;
  created_at: number;
  updated_at: number;
}

export interface AuthorizationRow {
  id: string;
  connection_id: string;
  /** The user who started it; null where an earlier release wrote the row. */
  started_by: string | null;
  started_by_name: string | null;
  /** When it was connected; null before that, and where an earlier release wrote the row. */
  connected_at: number | null;
  status: AuthorizationStatus;
  display_label: string | null;
  /** The account's id at the provider. */
  account_id: string | null;
  /** The path of the provider's answer that held the id; null for ids stored before paths were, and for unknown accounts. */
  account_id_path: string | null;
  error_code: string | null;
  error_message: string | null;
  requested_scopes: string;
  granted_scopes: string;
  token_type: string | null;
  sealed_access_token: string | null;
  sealed_refresh_token: string | null;
  /** Collected fields, as a JSON object. */
  sealed_fields: string | null;
  /** Values that the provider stated beside the tokens, by their sources, as a JSON object. */
  sealed_stated: string | null;
  /** The kind of its tokens (`providers/token-kinds.ts`); null where there is one kind, or an earlier release wrote the row: the default. */
  token_kind: string | null;
  /** Of a further kind: the connection's own authorization, which was granted with it. Null for that one itself. */
  came_with: string | null;
  /** The scopes that were asked for further kinds, as a JSON object of lists by kind; null for none. */
  further_scopes: string | null;
  /** The client that made it; null where an earlier release wrote the row, and for keys. */
  client_id: string | null;
  /** When the refresh token ends; null when unknown. */
  grant_expires_at: number | null;
  /** When the current access token was asked for. */
  issued_at: number | null;
  expires_at: number | null;
  /** Counts the changes of the tokens; a refresh stores only over the version it started from. */
  version: number;
  lease_id: string | null;
  lease_expires_at: number | null;
  /** Failed refreshes in a row, when to try again, and what the last one was. */
  failures: number;
  retry_at: number | null;
  /** When the first of these failures was; null when the last refresh went well. */
  failing_since: number | null;
  failure_kind: "temporary" | "misconfigured" | null;
  failure_code: string | null;
  /** With the provider's own words: for the log and for servers. */
  failure_message: string | null;
  /** Since when the grant's health (`vault/health.ts`) is what it is; null where that is not known. */
  health_changed_at: number | null;
  /** When an answer was lost that may have rotated the refresh token; null once new tokens are stored. */
  perhaps_rotated_at: number | null;
  /** When a refresh was last forced by `rejected`. */
  forced_at: number | null;
  /**
   * When the provider was last asked whether the access token still works, and when it said that the current one does not.
   * `NO_USERINFO_AT` where its userinfo did not take the first token: userinfo is then no check.
   */
  checked_at: number | null;
  refused_at: number | null;
  /** Refreshes since the last entry of the connection's history, and when the first of them was. */
  refreshes: number;
  first_refreshed_at: number | null;
  /** The end that servers were told is near, and the one that they were told has passed. */
  end_told: number | null;
  ended_told: number | null;
  created_at: number;
  updated_at: number;
  mac: string | null;
}

export interface AttemptRow {
  state_hash: string;
  authorization_id: string;
  connector_slug: string;
  /** The signed-in user who started it, and the hash of what binds it to a browser. */
  user_id: string;
  browser_hash: string;
  /** The PKCE verifier, or JSON with more (`AttemptSecrets`). */
  sealed_verifier: string;
  redirect_uri: string;
  return_to: string | null;
  expires_at: number;
  used_at: number | null;
  mac: string | null;
}

/** What was started at an upstream that has no connection until connecting has succeeded. */
export interface UpstreamAttemptRow {
  authorization_id: string;
  /** Under which it will be known. */
  connection_id: string;
  owner_kind: "user" | "group";
  owner_id: string;
  /** Who started it. */
  user_id: string;
  connector_slug: string;
  started_at: number;
  expires_at: number;
}

/** A backup that this store was restored from, by when it was taken. A backup notes itself, so that a copy of it by hand is known too. */
export interface RestoredBackupRow {
  taken_at: number;
}

/** What all gateways counted of one user or address together. */
export interface RateRow {
  key: string;
  /** When all of it has drained (`runtime/rate-limiter.ts`); the row is deleted after that. */
  drained_at: number;
}

/** What a release does to the rows of the releases before it, beside running gateways. */
export interface UpgradeRow {
  name: string;
  started_at: number;
  /** Null until it is done. */
  completed_at: number | null;
  mac: string;
}

/** One process's right to do what the key names, while no other does it. There is a row only while it is done. */
export interface LeaseRow {
  key: string;
  id: string;
  expires_at: number;
}

/** What an adapter notes of a connection whose tokens are stored elsewhere. */
export interface NoteRow {
  key: string;
  text: string;
}

/** One act, or several equal readings of a token: a link of its writer's chain (`custody/audit-chain.ts`). */
export interface AuditEventRow {
  id: string;
  /** The process that wrote it, and its place among that process's rows, from 1. */
  writer: string;
  sequence: number;
  first_at: number;
  action: string;
  /** Pseudonyms of who acted and of whose connection it is, where these are users. */
  actor: string | null;
  subject: string | null;
  connection_id: string | null;
  /** The rest, as a JSON object (`custody/audit-facts.ts`). */
  facts: string;
  /** The SHA-256 of all columns above and of the digest of the row before. */
  digest: string;
  /** How many equal readings there were, and when the last one was. */
  count: number;
  last_at: number;
  mac: string;
}

/** Where a chain ends now (`audit_heads`), or up to where its rows were deleted by age (`audit_checkpoints`). */
export interface AuditEndRow {
  writer: string;
  sequence: number;
  digest: string;
  mac: string;
}

/** The random name of a user in `audit_events`, and the key of what is sealed there of them. Erasing a user deletes it. */
export interface PersonRow {
  pseudonym: string;
  user_id: string;
  sealed_key: string;
  created_at: number;
}

/** When a token of a connection was last given, to an hour. Beside the connection, whose row is cached and told of. */
export interface ConnectionUseRow {
  connection_id: string;
  last_used_at: number;
}

/** A connection that was imported. Its import is not repeated. */
export interface ImportRow {
  /** What names it where it came from (`transfer/imported-connection.ts`). */
  import_id: string;
  connection_id: string;
  imported_at: number;
}
