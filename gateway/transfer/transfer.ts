import type { Audit } from "../custody/audit.ts";
import type { AuditActor } from "../custody/audit-event.ts";
import { createDiscovery } from "../oauth/discovery.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { noTelemetry, type Telemetry } from "../runtime/telemetry.ts";
import type { Database } from "../store/database.ts";
import { createMetadataReader } from "../vault/metadata.ts";
import { createRevoker } from "../vault/revoke.ts";
import type { Keys } from "../vault/sealed-columns.ts";
import { createSpool } from "../vault/spool.ts";
import { describeUser, type HeldOfUser } from "./describe-user.ts";
import { type ErasedUser, eraseUser } from "./erase-user.ts";
import { importBatch, type ImportResult } from "./import-batch.ts";
import type { Connectors } from "./prepare.ts";

export interface TransferDependencies extends Keys {
  database: Database;
  connectors: Connectors;
  audit: Pick<Audit, "record" | "forget">;
  /** Of this machine. */
  clock: Clock;
  log: Log;
  /** Default: a command's, which tells nothing. */
  telemetry?: Telemetry | undefined;
  /** Longest a provider may take to answer, in milliseconds. */
  timeoutMs: number;
  spoolDirectory: string;
}

/** What comes in from another system, and what is held of a user: told, or deleted. */
export interface Transfer {
  /** Imports some connections at once, and answers what became of each, in their order. */
  importConnections(connections: readonly unknown[], actor: AuditActor): Promise<ImportResult[]>;
  /** Deletes all that is held of a user, and revokes their grants. Null where nothing was held. */
  eraseUser(userId: string, actor: AuditActor): Promise<ErasedUser | null>;
  /** Says what is held of a user. Null where nothing is. */
  describeUser(userId: string): Promise<HeldOfUser>;
}

export function createTransfer(dependencies: TransferDependencies): Transfer {
  const { database, connectors, sealer, log, telemetry = noTelemetry, spoolDirectory: directory } = dependencies;
  const providers = [...connectors.values()].flatMap(({ protocol }) => protocol ?? []);
  const discovery = createDiscovery(dependencies, providers);
  const revoker = createRevoker({ ...dependencies, telemetry, discovery });
  const spool = createSpool({ directory, sealer, log });
  const metadataOf = createMetadataReader(dependencies);
  return {
    importConnections: (connections, actor) => importBatch(dependencies, connections, actor),
    eraseUser: (userId, actor) => eraseUser({ ...dependencies, revoker, spool }, userId, actor),
    describeUser: (userId) => describeUser({ query: database.query, connectors, metadataOf }, userId),
  };
}
