import { plainName } from "../../client/design/plain-name.ts";
import type { Actor } from "../custody/history.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { AuthorizationRow, ConnectionRow } from "../store/tables.ts";
import { credentialOf } from "../vault/credential.ts";
import { newAuthorization, newConnection } from "../vault/new-rows.ts";
import { expiryOf, grantFacts, type Keys, keptOf, placeOf, sealColumn, sealStated } from "../vault/sealed-columns.ts";
import type { ImportedTokens } from "./imported-connection.ts";
import type { Prepared } from "./prepare.ts";

/** The rows of an imported connection: its own grant comes first. */
export interface ImportedRows {
  connection: ConnectionRow;
  grants: AuthorizationRow[];
}

/** Where the tokens come to. Null: a new connection. */
type Target = ConnectionRow | null;

/** What an imported connection is stored as. */
export function importedRows(keys: Keys, prepared: Prepared, target: Target, now: number): ImportedRows {
  const { owner, connector, imported } = prepared;
  const connectedAt = Math.min(imported.connected_at ?? now, now);
  const before = target ?? {
    ...newConnection(owner, connector.slug, imported.id ?? null, now),
    created_at: Math.min(imported.created_at ?? connectedAt, now),
  };
  const own = grantRow(keys, prepared, before, { tokens: imported, connectedAt, cameWith: null, now });
  const further = (imported.further ?? []).map((tokens) =>
    grantRow(keys, prepared, before, { tokens, connectedAt, cameWith: own.id, now }),
  );
  const enabled = { enabled: 1, authorization_id: own.id, first_enabled_at: before.first_enabled_at ?? connectedAt, updated_at: now };
  return { connection: { ...before, ...enabled }, grants: [own, ...further] };
}

interface Given {
  tokens: ImportedTokens;
  connectedAt: number;
  cameWith: string | null;
  now: number;
}

function grantRow(
  keys: Keys,
  prepared: Prepared,
  connection: ConnectionRow,
  { tokens, connectedAt, cameWith, now }: Given,
): AuthorizationRow {
  const { connector, imported } = prepared;
  const { kind: defaultKind } = connector.tokenKinds[0];
  const kind = tokens.token_kind ?? defaultKind;
  const requested = connector.tokenKinds.find((each) => each.kind === kind)?.scopes ?? [];
  const starter = starterOf(prepared);
  const startedBy = starter && { userId: starter.id, name: starter.name };
  const asked = newAuthorization(keys.macs, connection, { scopes: requested, kind, startedBy }, now);
  const row = {
    ...asked,
    ...secretColumns(keys, prepared, connection, asked.id, tokens),
    ...lifeColumns(connector, tokens, now),
    status: "active" as const,
    came_with: cameWith,
    granted_scopes: JSON.stringify(tokens.scopes ?? requested),
    client_id: connector.oauth ? (imported.client_id ?? connector.oauth.client.clientId) : null,
    account_id: imported.account_id ?? null,
    display_label: plainName(imported.account_label ?? null),
    connected_at: connectedAt,
    health_changed_at: now,
    version: 1,
  };
  return { ...row, mac: keys.macs.sign("authorizations", grantFacts(connection, row)) };
}

/** The user whose connection it is, or who connected it for the group. */
export function starterOf({ owner, imported }: Prepared): Actor | null {
  if (owner.kind === "user") return { id: owner.id, name: imported.name ?? null };
  return imported.connected_by == null ? null : { id: imported.connected_by, name: null };
}

function secretColumns(
  { sealer }: Keys,
  { connector, fields, stated }: Prepared,
  connection: ConnectionRow,
  id: string,
  tokens: ImportedTokens,
) {
  const place = placeOf(connection, id);
  const accessToken = connector.oauth ? (tokens.access_token ?? "") : credentialOf(connector, fields);
  const kept = keptOf(stated, [accessToken, tokens.refresh_token ?? null], connector);
  return {
    sealed_access_token: sealColumn(sealer, place, "sealed_access_token", accessToken),
    sealed_refresh_token: tokens.refresh_token == null ? null : sealColumn(sealer, place, "sealed_refresh_token", tokens.refresh_token),
    sealed_fields: Object.keys(fields).length === 0 ? null : sealColumn(sealer, place, "sealed_fields", JSON.stringify(fields)),
    sealed_stated: sealStated(sealer, place, kept),
    token_type: connector.oauth ? (tokens.token_type ?? "bearer").toLowerCase() : connector.facts?.kind === "basic" ? "basic" : "api_key",
  };
}

/** A token that has ended is as old as its end. One of unknown age that has a life, and can be refreshed, has ended (rule 1). */
function lifeColumns(connector: ConnectorConfig, tokens: ImportedTokens, now: number) {
  const { expires_at: endsAt = null, refresh_expires_at: grantEndsAt = null, access_token: accessToken } = tokens;
  const issuedAt = Math.min(tokens.issued_at ?? now, endsAt ?? now, now);
  const assumed = connector.oauth ? expiryOf({ accessToken: accessToken ?? "", expiresInSeconds: null }, connector, issuedAt) : null;
  const isOfUnknownAge = tokens.issued_at == null && tokens.refresh_token != null && assumed !== null;
  return { issued_at: issuedAt, expires_at: endsAt ?? (isOfUnknownAge ? issuedAt : assumed), grant_expires_at: grantEndsAt };
}
