import { notFound } from "../../schema/errors.ts";
import type { Discovery } from "../oauth/discovery.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { BoundedClock } from "../store/store-clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Telemetry } from "../runtime/telemetry.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import type { AttemptRow } from "../store/tables.ts";
import type { Activation } from "./activation.ts";
import { type Attempts, UNKNOWN_LINK } from "./attempts.ts";
import type { ConnectionStore, StartedConnection, View } from "./connections.ts";
import { assertStillConnectsFor } from "./current-owner.ts";
import { assertNotDisabled } from "./disabling.ts";
import type { Revoker } from "./revoke.ts";
import { openFields, rowOf } from "./sealed-columns.ts";
import type { Audited } from "./audited.ts";
import type { Spool } from "./spool.ts";

export interface ConnectingDependencies extends Audited {
  database: Database;
  connections: ConnectionStore;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  revoker: Revoker;
  spool: Spool;
  sealer: Sealer;
  macs: RowMacs;
  clock: BoundedClock;
  log: Log;
  telemetry: Telemetry;
  discovery: Discovery;
  metadataOf: View["metadataOf"];
  /** Where this gateway is reached, without a slash at the end. */
  publicUrl: string;
  timeoutMs: number;
  /** Aborted when the process ends. */
  signal: AbortSignal;
}

/** What the steps of connecting share. */
export interface ConnectingParts extends ConnectingDependencies {
  attempts: Attempts;
  activation: Activation;
}

/**
 * What an attempt has started. Throws NOT_FOUND when it is gone, and when the user who started it does not connect for its owner any more.
 * Throws FORBIDDEN when the connection is disabled.
 */
export async function readStarted(dependencies: ConnectingDependencies, attempt: AttemptRow): Promise<StartedConnection> {
  const { database, connections } = dependencies;
  const authorization = await database.query
    .selectFrom("authorizations")
    .selectAll()
    .where("id", "=", attempt.authorization_id)
    .executeTakeFirst();
  const stored = authorization && (await connections.read(authorization.connection_id));
  if (!stored) throw notFound(({ refusals }) => refusals.removed);
  await assertStillConnectsFor(dependencies, attempt.user_id, stored.connection);
  assertNotDisabled(stored.connection, stored.connector);
  return { ...stored, authorization };
}

/** Throws NOT_FOUND when what was collected does not open: connecting is started again. */
export function openCollected(dependencies: ConnectingDependencies, started: StartedConnection): Record<string, string> {
  try {
    return openFields(dependencies, started);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    dependencies.log.error({ ...rowOf(started), err: error }, "a stored secret cannot be decrypted");
    throw notFound(UNKNOWN_LINK);
  }
}
