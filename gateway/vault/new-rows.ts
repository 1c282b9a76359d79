import { randomUUID } from "node:crypto";
import type { Owner, Viewer } from "../../schema/upstream.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { createSecret, hashSecret } from "../store/sealing.ts";
import { ATTEMPT_LIFETIME_SECONDS, type AttemptSecrets, type Bind, sealSecrets } from "./attempts.ts";
import { grantFacts, type Keys } from "./sealed-columns.ts";
import type { AttemptRow, AuthorizationRow, ConnectionRow } from "../store/tables.ts";

/** A pending connection: no authorization of it has succeeded yet. */
export const newConnection = (owner: Owner, slug: string, id: string | null, now: number): ConnectionRow => ({
  id: id ?? randomUUID(),
  owner_kind: owner.kind,
  owner_id: owner.id,
  connector_slug: slug,
  enabled: 0,
  authorization_id: null,
  first_enabled_at: null,
  disabled_at: null,
  created_at: now,
  updated_at: now,
});

/** Who starts a grant. */
type Starter = Pick<Viewer, "userId" | "name">;

/** What a grant is asked for. */
export interface AskedGrant {
  scopes: readonly string[];
  /** The kind of its tokens. Default: there is one, without a name. */
  kind?: string | null;
  /** Of further kinds, by kind. Default none. */
  furtherScopes?: Readonly<Record<string, readonly string[]>>;
  startedBy: Starter | null;
}

/** A grant that is only asked for. */
export function newAuthorization(macs: RowMacs, connection: ConnectionRow, asked: AskedGrant, now: number): AuthorizationRow {
  const row = { ...emptyGrant(connection.id, asked, now), id: randomUUID() };
  return { ...row, mac: macs.sign("authorizations", grantFacts(connection, row)) };
}

const emptyGrant = (
  connectionId: string,
  { scopes, kind = null, furtherScopes = {}, startedBy }: AskedGrant,
  now: number,
): Omit<AuthorizationRow, "id" | "mac"> => ({
  connection_id: connectionId,
  started_by: startedBy?.userId ?? null,
  started_by_name: startedBy?.name ?? null,
  connected_at: null,
  status: "awaiting_callback",
  display_label: null,
  account_id: null,
  account_id_path: null,
  error_code: null,
  error_message: null,
  requested_scopes: JSON.stringify(scopes),
  granted_scopes: "[]",
  token_type: null,
  sealed_access_token: null,
  sealed_refresh_token: null,
  sealed_fields: null,
  sealed_stated: null,
  token_kind: kind,
  came_with: null,
  further_scopes: Object.keys(furtherScopes).length === 0 ? null : JSON.stringify(furtherScopes),
  client_id: null,
  grant_expires_at: null,
  issued_at: null,
  expires_at: null,
  version: 0,
  lease_id: null,
  lease_expires_at: null,
  failures: 0,
  retry_at: null,
  failing_since: null,
  failure_kind: null,
  failure_code: null,
  failure_message: null,
  health_changed_at: null,
  perhaps_rotated_at: null,
  forced_at: null,
  checked_at: null,
  refused_at: null,
  refreshes: 0,
  first_refreshed_at: null,
  end_told: null,
  ended_told: null,
  created_at: now,
  updated_at: now,
});

export interface NewAttempt {
  authorizationId: string;
  connectorSlug: string;
  userId: string;
  /** Makes the secret that binds to the browser. */
  bind: Bind;
  secrets: AttemptSecrets;
  redirectUri: string;
  returnTo: string | null;
}

/** An attempt, and the state that finds it again: only its hash is kept. */
export function newAttempt({ sealer, macs }: Keys, attempt: NewAttempt, now: number): { state: string; row: AttemptRow } {
  const state = createSecret();
  const stateHash = hashSecret(state);
  const row = {
    state_hash: stateHash,
    authorization_id: attempt.authorizationId,
    connector_slug: attempt.connectorSlug,
    user_id: attempt.userId,
    browser_hash: hashSecret(attempt.bind(stateHash)),
    sealed_verifier: sealSecrets(sealer, stateHash, attempt.secrets),
    redirect_uri: attempt.redirectUri,
    return_to: attempt.returnTo,
    expires_at: now + ATTEMPT_LIFETIME_SECONDS * 1000,
    used_at: null,
  };
  return { state, row: { ...row, mac: macs.sign("attempts", row) } };
}
