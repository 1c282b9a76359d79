import type { ImportResult } from "../../schema/upstream.ts";
import { createRecorder } from "../custody/recorder.ts";
import type { Webhook } from "../custody/webhook.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import { createMetadataReader } from "../vault/metadata.ts";
import type { Revoker } from "../vault/revoke.ts";
import type { Keys } from "../vault/sealed-columns.ts";
import type { Spool } from "../vault/spool.ts";
import { describeUser, type HeldOfUser } from "./describe-user.ts";
import { type ErasedUser, eraseUser } from "./erase-user.ts";
import { importBatch, planBatch } from "./import-batch.ts";
import { nothingHeld } from "./held-before.ts";
import type { Connectors } from "./prepare.ts";

export interface TransferDependencies extends Keys {
  database: Database;
  connectors: Connectors;
  /** Of this machine. */
  clock: Clock;
  log: Log;
  /** Those of the vault over the same store. */
  revoker: Revoker;
  spool: Spool;
  /** Where this gateway is reached, without a slash at the end. */
  publicUrl: string;
  /** Who is told of events. */
  webhooks: readonly Webhook[];
}

/** What comes in from another system, and what is held of a user: told, or deleted. */
export interface Transfer {
  /** As `PlatformAccess.importConnections`, in one transaction. */
  importConnections(this: void, connections: readonly unknown[], options: { isDryRun: boolean }): Promise<ImportResult[]>;
  /** Deletes all that is held of a user, and revokes their grants. Null where nothing was held. */
  eraseUser(this: void, userId: string): Promise<ErasedUser | null>;
  /** Says what is held of a user. Null where nothing is. */
  describeUser(this: void, userId: string): Promise<HeldOfUser>;
}

export function createTransfer(dependencies: TransferDependencies): Transfer {
  const { database, connectors } = dependencies;
  const recorder = createRecorder({ ...dependencies, clock: database.clock });
  const metadataOf = createMetadataReader(dependencies);
  return {
    importConnections: (connections, { isDryRun }) =>
      isDryRun ? planBatch(dependencies, connections, nothingHeld()) : importBatch({ ...dependencies, recorder }, connections),
    eraseUser: (userId) => eraseUser(dependencies, userId),
    describeUser: (userId) => describeUser({ query: database.query, connectors, metadataOf }, userId),
  };
}
