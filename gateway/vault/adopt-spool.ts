import type { ConnectorConfig } from "../providers/connector.ts";
import type { Database } from "../store/database.ts";
import type { AuthorizationRow, ConnectionRow } from "../store/tables.ts";
import { createActivation } from "./activation.ts";
import type { StoredConnection, StoredGrant } from "./connections.ts";
import { countRefresh } from "./happenings.ts";
import { newAuthorization } from "./new-rows.ts";
import { noProblem } from "./refresh-problem.ts";
import { activeColumns, type ResultDependencies, updateGrant } from "./refresh-result.ts";
import { isLasting } from "./retry-while-store-away.ts";
import type { Revoker } from "./revoke.ts";
import type { FirstTokens, RefreshedTokens, SpooledTokens } from "./spool.ts";

export interface AdoptDependencies extends Pick<
  ResultDependencies,
  "spool" | "connections" | "sealer" | "macs" | "clock" | "log" | "audit"
> {
  database: Database;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  revoker: Revoker;
}

/**
 * Stores the tokens that an earlier process could not store, and deletes their files: refreshed ones only over the version that they were
 * refreshed from, first ones only where the connection has not been connected otherwise since. What belongs to another store, or cannot be
 * stored again, stays where it is, and is logged. Throws what the store throws while it is away.
 */
export async function adoptSpool(dependencies: AdoptDependencies): Promise<void> {
  for (const spooled of dependencies.spool.list()) {
    try {
      await adopt(dependencies, spooled);
    } catch (err) {
      if (!isLasting(err)) throw err;
      dependencies.log.error({ path: spooled.path, err }, "a spooled token cannot be stored: it is kept in the spool");
    }
  }
}

async function adopt(dependencies: AdoptDependencies, spooled: SpooledTokens): Promise<void> {
  const { database, connectors, log } = dependencies;
  const { connectionId, path, forget } = spooled;
  const connection = await database.query.selectFrom("connections").selectAll().where("id", "=", connectionId).executeTakeFirst();
  if (!connection)
    return log.error({ path }, "a spooled token belongs to no connection in this store: give each store its own XKIT_SPOOL_DIR");
  const facts = { connection: connectionId, connector: connection.connector_slug };
  const connector = connectors.get(connection.connector_slug);
  if (!connector)
    return log.error(
      { ...facts, path },
      "a spooled token belongs to a connector that is not configured: configure it again, or delete the file",
    );
  const place = { connection, connector };
  const isStored = await ("granted" in spooled ? adoptFirst(dependencies, place, spooled) : adoptRefreshed(dependencies, place, spooled));
  forget();
  if (isStored) log.info(facts, "stored a spooled token of an earlier process");
  else log.warn(facts, "dropped a spooled token: the connection has changed since");
}

const nothingAsked = { scopes: [], startedBy: null };

type Place = Pick<StoredConnection, "connection" | "connector">;

async function adoptRefreshed(
  dependencies: AdoptDependencies,
  { connection, connector }: Place,
  { authorizationId: id, version, tokenKind, columns }: RefreshedTokens,
): Promise<boolean> {
  const grant = { connection, authorization: { id, version, token_kind: tokenKind } };
  const activeFor = (beside: ConnectionRow) => ({
    ...activeColumns(dependencies, { ...grant, connection: beside }, columns, noProblem),
    health_changed_at: dependencies.clock.now(),
  });
  const current = await dependencies.connections.read(connection.id, tokenKind);
  const isStored =
    isVersion(current, id, version) &&
    (await updateGrant(
      dependencies,
      current,
      countedAs(current, activeFor(connection), dependencies),
      (beside) => activeFor(beside).mac,
    )) !== null;
  if (!isStored && !connection.enabled) {
    // The user disconnected meanwhile: the tokens must not live on at the provider.
    const authorization = {
      ...newAuthorization(dependencies.macs, connection, { ...nothingAsked, kind: tokenKind }, 0),
      id,
      ...activeFor(connection),
    };
    await dependencies.revoker.revokeStored({ connection, connector, authorization });
  }
  return isStored;
}

const isVersion = (stored: StoredConnection | null, id: string, version: number): stored is StoredGrant =>
  stored?.authorization?.id === id && stored.authorization.version === version;

const countedAs = <Columns>({ authorization }: StoredGrant, columns: Columns, { clock }: Pick<AdoptDependencies, "clock">) => ({
  ...columns,
  ...countRefresh(authorization, clock.now()),
});

/** Goes on where the exchange of a code stopped. */
async function adoptFirst(dependencies: AdoptDependencies, { connection, connector }: Place, tokens: FirstTokens): Promise<boolean> {
  const { userId, granted } = tokens;
  const authorization = await findStarted(dependencies.database, connection, tokens);
  if (!authorization) {
    const gone = { ...newAuthorization(dependencies.macs, connection, nothingAsked, 0), id: tokens.authorizationId };
    if (!connection.enabled) await dependencies.revoker.revoke({ connection, connector, authorization: gone }, granted.tokens);
    return false;
  }
  const activation = createActivation(dependencies);
  const started = { connection, connector, authorization };
  const { failure } = await activation.withTokens(started, userId, granted);
  if (failure) await activation.fail(started, failure);
  return failure === null;
}

/** The authorization that first tokens are for, unless it has tokens, is gone, or another one has been finished since. */
async function findStarted(
  { query }: Pick<Database, "query">,
  { authorization_id: currentId }: ConnectionRow,
  { authorizationId: id, version, replaces }: FirstTokens,
): Promise<AuthorizationRow | null> {
  const rows = await query
    .selectFrom("authorizations")
    .selectAll()
    .where("id", "in", [id, currentId ?? id])
    .execute();
  const current = rows.find((row) => row.id === currentId);
  if (current?.status === "active" && current.id !== replaces) return null;
  return rows.find((row) => row.id === id && row.version === version) ?? null;
}
