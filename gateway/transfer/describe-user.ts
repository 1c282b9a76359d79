import type { Kysely } from "kysely";
import { parseHistoryScopes } from "../custody/history.ts";
import type { HistoryRow } from "../store/event-tables.ts";
import type { AuthorizationRow, ConnectionRow, Tables } from "../store/tables.ts";
import { connectedAtOf } from "../vault/health.ts";
import type { StoredConnection, View } from "../vault/connections.ts";
import { parseScopes } from "../vault/scopes.ts";
import { rateKeysOf, readPerson } from "./person-rows.ts";
import type { Connectors } from "./prepare.ts";

interface Dependencies {
  query: Kysely<Tables>;
  connectors: Connectors;
  /** What is shown of what the provider has told. */
  metadataOf: View["metadataOf"];
}

/** All that is held of a user, as plain JSON: instants are RFC 3339, and of what is sealed only the names. */
export type HeldOfUser = Awaited<ReturnType<typeof describeUser>>;

/** Says what is held of a user, for the user to be given. Never a token. Null where nothing is held. */
export async function describeUser({ query, connectors, metadataOf }: Dependencies, userId: string) {
  const { own, shared } = await readPerson(query, userId, null);
  const history = await readHistoryOf(query, [...own.connections, ...shared.connections]);
  const usedAt = await readUses(query, own.connections);
  const ofUser = { user: await readUser(query, userId), ...(await readTraces(query, userId)) };
  const connections = own.connections.map((connection) => ({
    ...describeConnection(connection),
    metadata: metadataIn({ connectors, metadataOf }, connection, own.grants),
    last_used_at: instant(usedAt.get(connection.id) ?? null),
    authorizations: own.grants.filter(({ connection_id: id }) => id === connection.id).map(describeGrant),
    history: history.filter(({ connection_id: id }) => id === connection.id).map(describeEntry),
  }));
  const groupConnections = shared.connections.map((connection) => ({
    ...describeConnection(connection),
    group: connection.owner_id,
    authorizations: shared.grants.filter(({ connection_id: id }) => id === connection.id).map(describeGrant),
    history: history.filter(({ connection_id: id, by_id: by }) => id === connection.id && by === userId).map(describeEntry),
  }));
  const held = { ...ofUser, connections, group_connections: groupConnections };
  const isHeld = held.user !== null || Object.values(held).some((value) => Array.isArray(value) && value.length > 0);
  return isHeld ? held : null;
}

const instant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

async function readUser(query: Kysely<Tables>, userId: string) {
  const row = await query.selectFrom("users").selectAll().where("id", "=", userId).executeTakeFirst();
  if (!row) return null;
  const { id, name, group_id: group } = row;
  return {
    id,
    name,
    group,
    created_at: instant(row.created_at),
    updated_at: instant(row.updated_at),
    signed_out_everywhere_at: instant(row.tokens_valid_from),
  };
}

async function readHistoryOf(query: Kysely<Tables>, connections: readonly ConnectionRow[]): Promise<HistoryRow[]> {
  const ids = connections.map(({ id }) => id);
  if (ids.length === 0) return [];
  return query
    .selectFrom("connection_history")
    .selectAll()
    .where("connection_id", "in", ids)
    .orderBy("connection_id")
    .orderBy("number")
    .execute();
}

async function readUses(query: Kysely<Tables>, connections: readonly ConnectionRow[]): Promise<Map<string, number>> {
  const ids = connections.map(({ id }) => id);
  const rows = ids.length > 0 ? await query.selectFrom("connection_uses").selectAll().where("connection_id", "in", ids).execute() : [];
  return new Map(rows.map(({ connection_id: id, last_used_at: at }) => [id, at]));
}

const describeEntry = (entry: HistoryRow) => ({
  kind: entry.kind,
  count: entry.count,
  first_at: instant(entry.first_at),
  at: instant(entry.at),
  by: entry.by_id,
  by_name: entry.by_name,
  token_kind: entry.token_kind,
  code: entry.code,
  added_scopes: parseHistoryScopes(entry.added_scopes),
  removed_scopes: parseHistoryScopes(entry.removed_scopes),
});

/** Sessions, and what was started. The hashes of secrets say nothing of the user. */
async function readTraces(query: Kysely<Tables>, userId: string) {
  const sessions = await query.selectFrom("sessions").selectAll().where("user_id", "=", userId).orderBy("created_at").execute();
  const operating = await query.selectFrom("operator_sessions").selectAll().where("user_id", "=", userId).orderBy("created_at").execute();
  const oneTimeTokens = await query.selectFrom("one_time_tokens").selectAll().where("user_id", "=", userId).execute();
  const attempts = await query.selectFrom("attempts").selectAll().where("user_id", "=", userId).execute();
  const elsewhere = await query.selectFrom("upstream_attempts").selectAll().where("user_id", "=", userId).execute();
  const rates = await query.selectFrom("rates").selectAll().where("key", "in", rateKeysOf(userId)).execute();
  return {
    sessions: sessions.map((row) => ({
      id: row.id,
      created_at: instant(row.created_at),
      last_used_at: instant(row.last_used_at),
      expires_at: instant(row.expires_at),
      ended_at: instant(row.ended_at),
    })),
    operator_sessions: operating.map((row) => ({
      id: row.id,
      created_at: instant(row.created_at),
      expires_at: instant(row.expires_at),
    })),
    one_time_tokens: oneTimeTokens.map((row) => ({ expires_at: instant(row.expires_at), used_at: instant(row.used_at) })),
    attempts: [
      ...attempts.map((row) => ({ connector: row.connector_slug, return_to: row.return_to, expires_at: instant(row.expires_at) })),
      ...elsewhere.map((row) => ({ connector: row.connector_slug, return_to: null, expires_at: instant(row.expires_at) })),
    ],
    rates: rates.map(({ key, drained_at: at }) => ({ counted: key.split(" ")[0], until: instant(at) })),
  };
}

const describeConnection = ({ id, connector_slug: connector, enabled, created_at, updated_at, first_enabled_at }: ConnectionRow) => ({
  id,
  connector,
  enabled: enabled === 1,
  created_at: instant(created_at),
  updated_at: instant(updated_at),
  first_enabled_at: instant(first_enabled_at),
});

const describeGrant = (grant: AuthorizationRow) => ({
  id: grant.id,
  status: grant.status,
  started_by_name: grant.started_by_name,
  connected_at: instant(connectedAtOf(grant)),
  account_id: grant.account_id,
  account_label: grant.display_label,
  token_kind: grant.token_kind,
  scopes: parseScopes(grant.granted_scopes),
  requested_scopes: parseScopes(grant.requested_scopes),
  issued_at: instant(grant.issued_at),
  expires_at: instant(grant.expires_at),
  grant_expires_at: instant(grant.grant_expires_at),
  error: grant.error_message ?? grant.failure_message,
  /** What is held sealed, by its name. */
  sealed: [
    ...(grant.sealed_access_token === null ? [] : ["access_token"]),
    ...(grant.sealed_refresh_token === null ? [] : ["refresh_token"]),
    ...(grant.sealed_fields === null ? [] : ["fields"]),
    ...(grant.sealed_stated === null ? [] : ["stated"]),
  ],
});

function metadataIn(
  { connectors, metadataOf }: Omit<Dependencies, "query">,
  connection: ConnectionRow,
  grants: readonly AuthorizationRow[],
): ReturnType<View["metadataOf"]> {
  const connector = connectors.get(connection.connector_slug);
  const authorization = grants.find(({ id }) => id === connection.authorization_id) ?? null;
  if (!connector) return [];
  const stored: StoredConnection = { connection, authorization, connector };
  return metadataOf(stored);
}
