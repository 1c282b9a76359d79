import { newAuthorization } from "./new-rows.ts";
import { activeColumns, type ResultDependencies, updateGrant } from "./refresh-result.ts";
import { noProblem } from "./refresh-problem.ts";
import type { Revoker } from "./revoke.ts";
import type { SpooledTokens } from "./spool.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { Database } from "../store/database.ts";

export interface AdoptDependencies extends Pick<ResultDependencies, "spool" | "connections" | "clock" | "log"> {
  database: Database;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  revoker: Revoker;
}

/**
 * Stores the tokens that an earlier process could not store, each only over the version that it was refreshed from, and deletes its file.
 * What belongs to another store stays where it is, and is logged. Throws what the store throws.
 */
export async function adoptSpool(dependencies: AdoptDependencies): Promise<void> {
  for (const spooled of dependencies.spool.list()) await adopt(dependencies, spooled);
}

async function adopt(dependencies: AdoptDependencies, spooled: SpooledTokens): Promise<void> {
  const { database, log } = dependencies;
  const { connectionId, authorizationId: id, version, columns, path, forget } = spooled;
  const connection = await database.query.selectFrom("connections").selectAll().where("id", "=", connectionId).executeTakeFirst();
  if (!connection) return log.error({ path }, "a spooled token belongs to no connection of this store: give each store a spool of its own");
  const isStored = await updateGrant(dependencies, { connection, authorization: { id, version } }, activeColumns(columns, noProblem));
  const connector = dependencies.connectors.get(connection.connector_slug);
  if (!isStored && !connection.enabled && connector) {
    // The user disconnected meanwhile: the tokens must not live on at the provider.
    const authorization = { ...newAuthorization(connectionId, [], 0), id, ...columns };
    await dependencies.revoker.prepare({ connection, connector, authorization })();
  }
  forget();
  const facts = { connection: connectionId, connector: connection.connector_slug };
  if (isStored) log.info(facts, "adopted a refreshed token that an earlier process could not store");
  else log.warn(facts, "dropped a spooled token: the connection has changed since");
}
