import { plainName } from "../../client/design/plain-name.ts";
import { andThen, type PromiseOrValue } from "../../schema/promise-or-value.ts";
import { type Kysely, sql, type Transaction } from "kysely";
import { DISABLED_CODE } from "../../schema/outcomes.ts";
import { describeProblem, toSentence } from "../../schema/problems.ts";
import type { Authorization, Connection, ConnectionWhere, Connector, MetadataEntry, Owner } from "../../schema/upstream.ts";
import type { RequestOrigin } from "../custody/audit-event.ts";
import type { Clock } from "../runtime/clock.ts";
import { connectorUrlOf } from "../providers/connector-url.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { Recorded, Recorder } from "../custody/recorder.ts";
import { logoUrlOf } from "../providers/logos.ts";
import type { Topic } from "../store/changes.ts";
import { createRowCache } from "../store/cache.ts";
import {
  type ChangedGrant,
  changeGrantRows,
  type ConnectionRows,
  type GrantChange,
  readConnectionRows,
  readOwnedRows,
} from "./connection-rows.ts";
import { ofKind, ownGrantOf } from "./token-kinds.ts";
import type { Database } from "../store/database.ts";
import { missingScopesOf, parseScopes } from "./scopes.ts";
import { grantClientOf } from "./grant-client.ts";
import { connectedAtOf, healthOf } from "./health.ts";
import { interruptedAt, shown } from "./interrupted.ts";
import type { AuthorizationRow, ConnectionRow, Tables } from "../store/tables.ts";

/** A connection's rows, beside the configuration of its connector. */
export interface StoredConnection {
  connection: ConnectionRow;
  /** The grant that is spoken of: the connection's own, or a further kind's. */
  authorization: AuthorizationRow | null;
  connector: ConnectorConfig;
  /** All its grants, its own first. Left out: its own alone. */
  grants?: readonly AuthorizationRow[] | undefined;
}

/** A connection that has a grant. */
export type StoredGrant = StoredConnection & { authorization: AuthorizationRow };

/** What names one state of a grant's tokens. */
export interface GrantVersion {
  connection: ConnectionRow;
  authorization: Pick<AuthorizationRow, "id" | "version" | "token_kind">;
}

/** A started grant: its own authorization beside the connection that it will serve. */
export type StartedConnection = StoredGrant & {
  /** Where the request came from that finishes it, for the audit. Left out: it came of no request. */
  from?: RequestOrigin | undefined;
};

/** Reads and changes the connections of owners. Those of connectors that the configuration no longer has are kept, unseen. */
export interface ConnectionStore {
  /** The healthiest first: enabled, then active, then newest. From the cache where it is true. */
  list(owner: Owner): PromiseOrValue<readonly StoredConnection[]>;
  /** From the store itself, with the grant of this kind of token. Null: its own. */
  read(connectionId: string, kind?: string | null): Promise<StoredConnection | null>;
  /**
   * One transaction during which no process starts connecting this connector for this owner.
   * `owned` holds the owner's connections of it, locked, the healthiest first.
   */
  begin<Result>(
    owner: Owner,
    connectorSlug: string,
    statements: (transaction: Transaction<Tables>, owned: readonly StoredConnection[]) => Promise<Result>,
  ): Promise<Result>;
  /**
   * One transaction on a connection and what belongs to it, while others on the same connection wait: none acts on a row that another
   * has changed since, and none deadlocks. `current` is the row as it is now. Null where it is gone.
   */
  change<Result>(
    connection: ConnectionRow,
    statements: (transaction: Transaction<Tables>, current: ConnectionRow) => Promise<Result>,
  ): Promise<Result | null>;
  /**
   * The same for the columns of one grant, where it still has this version. Answers the rows as they are then; null: nothing has changed.
   * @param sign makes the HMAC beside the connection as it is then. Null: no column is covered.
   */
  changeGrant(
    connection: ConnectionRow,
    grant: GrantChange["grant"],
    columns: Partial<AuthorizationRow>,
    recorded: Recorded | null,
    sign: GrantChange["sign"],
  ): Promise<ChangedGrant | null>;
  /** Within `begin` and `change`, as the last: writes what has happened. */
  record: Recorder["record"];
}

type Connectors = ReadonlyMap<string, ConnectorConfig>;

export const topicOf = (owner: Owner): Topic => `connections:${owner.kind}:${owner.id}`;

export const ownerOf = (connection: ConnectionRow): Owner => ({ kind: connection.owner_kind, id: connection.owner_id });

export function createConnectionStore(database: Database, connectors: Connectors, clock: Clock, { record }: Recorder): ConnectionStore {
  const { query } = database;
  const cache = createRowCache<readonly StoredConnection[]>(database.changes, { partOf: rowsOf });

  /** Past the cache, which knows nothing of the time. */
  function show(stored: StoredConnection): StoredConnection {
    const authorization = stored.authorization && shown(stored.authorization, clock.now());
    return authorization === stored.authorization ? stored : { ...stored, authorization };
  }

  return {
    list(owner) {
      const cached = cache.get(topicOf(owner), async () => {
        const rows = await readOwnedRows(query, owner);
        return rows.flatMap((row) => toStored(connectors, row)).toSorted(byHealth);
      });
      return andThen(cached, (stored) => (stored.some(mayBeInterrupted) ? stored.map(show) : stored));
    },

    async read(connectionId, kind = null) {
      const rows = await readConnectionRows(query, connectionId);
      const stored = rows.flatMap((row) => toStored(connectors, row)).map(show)[0];
      return stored ? (ofKind(stored, kind) ?? { ...stored, authorization: null }) : null;
    },

    begin: (owner, connectorSlug, statements) =>
      database.write([topicOf(owner), "events"], async (transaction) => {
        // Rows can be locked only once they are there; in SQLite every transaction is alone already.
        const key = JSON.stringify([owner.kind, owner.id, connectorSlug]);
        if (database.kind === "postgres") await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(transaction);
        const rows = await locked(database, selectOwned(transaction, owner).where("connector_slug", "=", connectorSlug)).execute();
        return statements(transaction, (await join(transaction, connectors, rows)).toSorted(byHealth));
      }),

    change: (connection, statements) =>
      database.write([topicOf(ownerOf(connection)), "events"], async (transaction) => {
        const current = await locked(database, selectConnection(transaction, connection.id)).executeTakeFirst();
        return current ? statements(transaction, current) : null;
      }),

    changeGrant: (connection, grant, columns, recorded, sign) =>
      changeGrantRows(database, topicOf(ownerOf(connection)), {
        connection,
        grant,
        columns: { ...columns, updated_at: clock.now() },
        record: recorded && ((transaction, current) => record(transaction, current, recorded)),
        sign,
      }),

    record,
  };
}

/** All connections of a connector share its configuration, which is longer than the rows. */
const rowsOf = (list: readonly StoredConnection[]): object =>
  list.map(({ connection, authorization, grants }) => ({ connection, grants: grants ?? authorization }));

const mayBeInterrupted = ({ authorization }: StoredConnection): boolean => authorization !== null && interruptedAt(authorization) !== null;

const selectConnection = (query: Kysely<Tables>, id: string) => query.selectFrom("connections").selectAll().where("id", "=", id);

const selectOwned = (query: Kysely<Tables>, { kind, id }: Owner) =>
  query.selectFrom("connections").selectAll().where("owner_kind", "=", kind).where("owner_id", "=", id).orderBy("id");

async function join(query: Kysely<Tables>, connectors: Connectors, connections: readonly ConnectionRow[]): Promise<StoredConnection[]> {
  const ids = connections.flatMap(({ authorization_id }) => authorization_id ?? []);
  const rows = query.selectFrom("authorizations").selectAll();
  const own = ids.length > 0 ? await rows.where("id", "in", ids).execute() : [];
  const kindIds = own.filter(({ token_kind }) => token_kind !== null).map(({ id }) => id);
  const further = kindIds.length > 0 ? await rows.where("came_with", "in", kindIds).orderBy("id").execute() : [];
  return connections.flatMap((connection) => toStored(connectors, { connection, grants: [...own, ...further] }));
}

/** Nothing where the configuration no longer has its connector. `grants` may have those of other connections too. */
export function toStored(connectors: Connectors, { connection, grants: rows }: ConnectionRows): StoredConnection[] {
  const connector = connectors.get(connection.connector_slug);
  if (!connector) return [];
  const authorization = rows.find(({ id }) => id === connection.authorization_id) ?? null;
  const beside = rows.filter(({ came_with }) => came_with !== null && came_with === connection.authorization_id);
  const grants = authorization && beside.length > 0 ? [authorization, ...beside] : undefined;
  return [{ connection, authorization, connector, ...(grants && { grants }) }];
}

/** Rows locked until the transaction ends. SQLite has one writing transaction at a time anyway. */
export const locked = <Query extends { forUpdate(): Query }>({ kind }: Pick<Database, "kind">, query: Query): Query =>
  kind === "postgres" ? query.forUpdate() : query;

/** Whether a process is refreshing the grant. */
export const isLeased = ({ lease_id, lease_expires_at }: Pick<AuthorizationRow, "lease_id" | "lease_expires_at">, now: number): boolean =>
  lease_id !== null && lease_expires_at !== null && lease_expires_at > now;

/** Whether it gives tokens: it was connected, and no server has disabled it since. */
export const isEnabled = ({ enabled, disabled_at }: ConnectionRow): boolean => enabled === 1 && disabled_at === null;

const rankOf = ({ connection, authorization }: StoredConnection): number =>
  (isEnabled(connection) ? 2 : 0) + (authorization?.status === "active" ? 1 : 0);

const byHealth = (a: StoredConnection, b: StoredConnection): number =>
  rankOf(b) - rankOf(a) || b.connection.created_at - a.connection.created_at || a.connection.id.localeCompare(b.connection.id);

/** The one that `where` names, in a list that has the healthiest first. */
export const choose = (list: readonly StoredConnection[], where: ConnectionWhere): StoredConnection | null =>
  list.find(({ connection }) => (where.slug === undefined ? connection.id === where.id : connection.connector_slug === where.slug)) ?? null;

/** A connector as the port shows it: no provider facts, no credentials. */
export const toConnector = (connector: ConnectorConfig, publicUrl: string): Connector => ({
  slug: connector.slug,
  name: connector.name,
  shortDescription: connector.shortDescription,
  description: connector.description,
  descriptionTree: connector.descriptionTree,
  markUrl: connector.markUrl ?? logoUrlOf(publicUrl, connector.facts?.slug),
  supportsMultipleConnections: connector.supportsMultipleConnections,
  connectorUrl: connectorUrlOf(publicUrl, connector.slug),
  categories: connector.categories,
  searchTerms: connector.searchTerms,
  permissions: connector.permissions,
});

/** How rows are shown. */
export interface View {
  clock: Clock;
  /** What is shown of what the provider has told. */
  metadataOf(this: void, stored: StoredConnection): MetadataEntry[];
  /** Where this gateway is reached, without a slash at the end. */
  publicUrl: string;
  /** The user who reads, or null for a server. */
  reader: string | null;
}

/** A connection as the port shows it, by its own grant: no tokens. `step`: what the browser that just started it has to do next. */
export const toConnection = (spokenOf: StoredConnection, view: View, step: Partial<Authorization> = {}): Connection => {
  const stored = ownGrantOf(spokenOf);
  const { connection, authorization, connector } = stored;
  return {
    id: connection.id,
    owner: ownerOf(connection),
    enabled: isEnabled(connection),
    disabledAt: connection.disabled_at === null ? null : new Date(connection.disabled_at),
    connector: toConnector(connector, view.publicUrl),
    authorization:
      authorization && isShownTo(view.reader, authorization)
        ? { ...toAuthorization(authorization, connector, view), ...disabledHealth(connection, connector.name), ...step }
        : null,
    metadata: view.metadataOf(stored),
    createdAt: new Date(connection.created_at),
    updatedAt: new Date(connection.updated_at),
  };
};

/** The health of a disabled connection. Its grant is not looked at. */
const disabledHealth = ({ disabled_at: disabledAt }: ConnectionRow, name: string): Partial<Authorization> =>
  disabledAt === null
    ? {}
    : {
        health: "misconfigured",
        healthCode: DISABLED_CODE,
        healthChangedAt: new Date(disabledAt),
        problem: describeProblem(name, DISABLED_CODE, "misconfigured"),
      };

/** What one member of a group has started, and not finished, the others do not see. */
export const isShownTo = (reader: string | null, { started_by: starter, version }: AuthorizationRow): boolean =>
  reader === null || version > 0 || starter === null || starter === reader;

/** @param expectedAccount the label of its connection's account, for a grant that was refused beside it */
export const toAuthorization = (
  authorization: AuthorizationRow,
  connector: Pick<ConnectorConfig, "name" | "oauth" | "facts" | "tokenKinds">,
  { clock, reader }: Pick<View, "clock" | "reader">,
  expectedAccount: string | null = null,
): Authorization => ({
  id: authorization.id,
  connectionId: authorization.connection_id,
  status: authorization.status,
  displayLabel: plainName(authorization.display_label),
  ...describeHealth(authorization, connector, { clock, reader }, expectedAccount),
  errorCode: authorization.error_code,
  scopes: parseScopes(authorization.granted_scopes),
  missingScopes: missingScopesOf(authorization, connector),
  expiresAt: authorization.expires_at === null ? null : new Date(authorization.expires_at),
  grantExpiresAt: authorization.grant_expires_at === null ? null : new Date(authorization.grant_expires_at),
  authorizeUrl: null,
  state: null,
  collect: null,
});

function describeHealth(
  authorization: AuthorizationRow,
  connector: Pick<ConnectorConfig, "name" | "oauth" | "facts" | "tokenKinds">,
  { clock, reader }: Pick<View, "clock" | "reader">,
  expected: string | null,
) {
  const { status, error_code: code, error_message: message, version, started_by: id, started_by_name: startedByName } = authorization;
  const {
    health,
    code: healthCode,
    changedAt,
  } = healthOf({ authorization, connector }, clock.now(), grantClientOf({ authorization, connector }) !== null);
  const kind = health ?? (status === "error" ? "attempt" : "working");
  const accounts = { actual: plainName(authorization.display_label), expected: plainName(expected) };
  const problem = kind === "working" ? null : describeProblem(connector.name, healthCode ?? code, kind, accounts);
  const connectedAt = connectedAtOf(authorization);
  return {
    errorMessage: status === "error" && problem && reader !== null ? toSentence(problem) : message,
    health,
    healthCode,
    healthChangedAt: changedAt === null ? null : new Date(changedAt),
    problem,
    connectedAt: connectedAt === null ? null : new Date(connectedAt),
    connectedBy: version > 0 && id !== null ? { id, name: plainName(startedByName) } : null,
  };
}
