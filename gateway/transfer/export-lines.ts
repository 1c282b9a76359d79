import { SealError } from "../store/sealing.ts";
import type { Database } from "../store/database.ts";
import type { AuthorizationRow, ConnectionRow } from "../store/tables.ts";
import type { StoredConnection } from "../vault/connections.ts";
import { connectedAtOf } from "../vault/health.ts";
import { parseScopes } from "../vault/scopes.ts";
import { type Keys, openColumn, openFields, openStated } from "../vault/sealed-columns.ts";
import type { ImportedConnectionInput } from "./imported-connection.ts";
import type { Connectors } from "./prepare.ts";
import type { SealLine } from "./recipient.ts";

/** Connections that are read at a time. */
const PAGE_ROWS = 100;

export interface ExportDependencies extends Keys {
  database: Database;
  connectors: Connectors;
}

/** A connection that is exported as a sealed line, or why it is not. */
export type Exported = { id: string; connector: string } & ({ line: string } | { problem: string });

/**
 * Yields the working connections of the store, in the order of their ids, each sealed to a recipient as `import` reads it. The secrets of one
 * page are open in memory at a time.
 */
export async function* exportLines(dependencies: ExportDependencies, seal: SealLine): AsyncGenerator<Exported> {
  for (let after = ""; ;) {
    const page = await readPage(dependencies.database, after);
    for (const { connection, grants, name } of page) {
      const { id, connector_slug: connector } = connection;
      const opened = open(dependencies, connection, grants, name);
      yield "problem" in opened ? { id, connector, ...opened } : { id, connector, line: await seal(JSON.stringify(opened)) };
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE_ROWS) return;
    after = last.connection.id;
  }
}

interface PageRow {
  connection: ConnectionRow;
  grants: AuthorizationRow[];
  /** The user's whose connection it is. */
  name: string | null;
}

async function readPage({ query }: Database, after: string): Promise<PageRow[]> {
  const connections = await query
    .selectFrom("connections")
    .selectAll()
    .where("id", ">", after)
    .where("enabled", "=", 1)
    .orderBy("id")
    .limit(PAGE_ROWS)
    .execute();
  if (connections.length === 0) return [];
  const ids = connections.map(({ id }) => id);
  const grants = await query.selectFrom("authorizations").selectAll().where("connection_id", "in", ids).orderBy("id").execute();
  const owners = connections.map(({ owner_id: id }) => id);
  const users = await query.selectFrom("users").select(["id", "name"]).where("id", "in", owners).execute();
  const names = new Map(users.map(({ id, name }) => [id, name]));
  return connections.map((connection) => ({
    connection,
    grants: grants.filter(({ connection_id: id }) => id === connection.id),
    name: connection.owner_kind === "user" ? (names.get(connection.owner_id) ?? null) : null,
  }));
}

function open(
  dependencies: ExportDependencies,
  connection: ConnectionRow,
  grants: readonly AuthorizationRow[],
  name: string | null,
): ImportedConnectionInput | { problem: string } {
  const connector = dependencies.connectors.get(connection.connector_slug);
  if (!connector) return { problem: "The configuration no longer has its connector." };
  if (connection.disabled_at !== null) return { problem: "It is disabled: enable it first." };
  const own = grants.find(({ id }) => id === connection.authorization_id);
  if (own?.status !== "active") return { problem: "It does not work: its user has to connect again." };
  const further = grants.filter(({ came_with: id, status }) => id === own.id && status === "active");
  try {
    return describe(dependencies, { connection, authorization: own, connector }, further, name);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    return { problem: error.message };
  }
}

function describe(
  keys: Keys,
  stored: StoredConnection,
  further: readonly AuthorizationRow[],
  name: string | null,
): ImportedConnectionInput {
  const { connection, authorization, connector } = stored;
  if (!authorization) throw new TypeError("Only a connection with a grant is exported.");
  const { owner_kind: kind, owner_id: ownerId, id, connector_slug: slug, created_at: createdAt } = connection;
  const owner = kind === "user" ? { user: ownerId, name } : { group: ownerId, connected_by: authorization.started_by };
  const others = further.map((grant) => ({
    ...describeTokens(keys, { ...stored, authorization: grant }),
    token_kind: grant.token_kind ?? "",
  }));
  const fields = openFields(keys, stored);
  // What a provider without OAuth gives is the key that the user typed.
  const { access_token: accessToken, token_type: tokenType, ...tokens } = describeTokens(keys, stored);
  return {
    ...owner,
    id,
    connector: slug,
    ...(connector.oauth ? { access_token: accessToken, token_type: tokenType, client_id: authorization.client_id } : {}),
    ...tokens,
    account_id: authorization.account_id,
    account_label: authorization.display_label,
    ...(Object.keys(fields).length > 0 && { fields }),
    stated: openStated(keys, stored),
    connected_at: toInstant(connectedAtOf(authorization)),
    created_at: toInstant(createdAt),
    ...(others.length > 0 && { further: others }),
  };
}

function describeTokens(keys: Keys, stored: StoredConnection) {
  const { authorization } = stored;
  return {
    access_token: openColumn(keys, stored, "sealed_access_token"),
    refresh_token: openColumn(keys, stored, "sealed_refresh_token"),
    token_type: authorization?.token_type,
    issued_at: toInstant(authorization?.issued_at ?? null),
    expires_at: toInstant(authorization?.expires_at ?? null),
    refresh_expires_at: toInstant(authorization?.grant_expires_at ?? null),
    scopes: parseScopes(authorization?.granted_scopes ?? "[]"),
    token_kind: authorization?.token_kind,
  };
}

const toInstant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
