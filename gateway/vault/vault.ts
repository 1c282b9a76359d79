import { GatewayError } from "../../schema/errors.ts";
import type { Owner } from "../../schema/upstream.ts";
import type { BoundedClock } from "../store/store-clock.ts";
import { createDiscovery } from "../oauth/discovery.ts";
import type { Actor } from "../custody/history.ts";
import { createRecorder } from "../custody/recorder.ts";
import type { Webhook } from "../custody/webhook.ts";
import type { Log } from "../runtime/log.ts";
import type { Telemetry } from "../runtime/telemetry.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { withTimeout } from "../runtime/with-timeout.ts";
import type { Audited } from "./audited.ts";
import { createAccessTokens } from "./access-token.ts";
import { adoptSpool } from "./adopt-spool.ts";
import type { Visitor } from "./attempts.ts";
import { createConnectionActions } from "./connection-actions.ts";
import { createConnecting } from "./connecting.ts";
import type { Finished } from "./finish.ts";
import { createConnectionCounts } from "./connection-counts.ts";
import { createConnectionStore, type StoredConnection } from "./connections.ts";
import type { Database } from "../store/database.ts";
import { createDisconnect } from "./disconnect.ts";
import { createGivenTokens } from "./given-tokens.ts";
import { startEndNotices } from "./expiring.ts";
import { startKeepAlive } from "./keep-alive.ts";
import { createMetadataReader } from "./metadata.ts";
import { createNarrower } from "./narrower.ts";
import { createRefresher } from "./refresh.ts";
import { createRefreshBehind } from "./refresh-behind.ts";
import { createRevoker } from "./revoke.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { Sealer } from "../store/sealing.ts";
import { createServerReads } from "./server-reads.ts";
import { createTokenChecker } from "./token-check.ts";
import { createSpool } from "./spool.ts";
import { createInFlight } from "./in-flight.ts";
import { connectionsOf, connectionsOfCaller, type VaultCaller } from "./owner-connections.ts";
import { createWatch } from "./watch.ts";

const DEFAULT_STOP_WAIT_MS = 8_000;

export interface VaultDependencies extends Audited {
  database: Database;
  sealer: Sealer;
  macs: RowMacs;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  clock: BoundedClock;
  log: Log;
  telemetry: Telemetry;
  /** Where this gateway is reached, without a slash at the end. */
  publicUrl: string;
  /** Longest a provider may take to answer, in milliseconds. */
  timeoutMs: number;
  /** Longest a request for a token waits for a refresh, in milliseconds. */
  requestDeadlineMs: number;
  /** How long a stop waits for providers and for the store, in milliseconds of real time. Default 8 s. */
  stopWaitMs?: number | undefined;
  /** Where new tokens are kept, sealed, that the store could not take. */
  spoolDirectory: string;
  /** Whether other processes give tokens of the same store. */
  isShared: boolean;
  /** Who is told of events. */
  webhooks: readonly Webhook[];
}

/** Our own holder of tokens: connects, keeps, refreshes, hands out, disconnects. */
export function createVault(vaultDependencies: VaultDependencies) {
  const providers = [...vaultDependencies.connectors.values()].flatMap(({ protocol }) => protocol ?? []);
  const dependencies = {
    ...vaultDependencies,
    metadataOf: createMetadataReader(vaultDependencies),
    discovery: createDiscovery(vaultDependencies, providers),
  };
  const { database, connectors, clock } = dependencies;
  const connections = createConnectionStore(database, connectors, clock, createRecorder(dependencies));
  const revoker = createRevoker(dependencies);
  const spool = createSpool({ ...dependencies, directory: dependencies.spoolDirectory });
  const stopping = new AbortController();
  const { signal } = stopping;
  const refresher = createRefresher({ ...dependencies, connections, revoker, spool, signal });
  const keepAlive = startKeepAlive({ ...dependencies, connections, refresher });
  const endNotices = startEndNotices({ ...dependencies, connections });
  const given = createGivenTokens({ isShared: vaultDependencies.isShared, startedAt: clock.now() });
  const checker = createTokenChecker({ ...dependencies, connections });
  const refreshBehind = createRefreshBehind(dependencies);
  const findNarrower = createNarrower({ ...dependencies, refresher, refreshBehind });
  const accessToken = createAccessTokens({ ...dependencies, connections, refresher, refreshBehind, checker, given, findNarrower });
  const connecting = createConnecting({ ...dependencies, connections, revoker, spool, signal });
  const endConnection = createDisconnect({ ...dependencies, connections, revoker });
  const watching = createWatch({ ...dependencies, connections });
  const counts = createConnectionCounts(dependencies);
  const inFlight = createInFlight();
  const disconnect = (stored: StoredConnection, by: Actor | null) => inFlight.track(endConnection(stored, by));
  const parts = { ...dependencies, connections, accessToken, connecting, disconnect, watching, refresher };

  /** Goes on behind a visitor who need not wait for a store that is away. */
  function finish(slug: string, callback: URLSearchParams, visitor: Visitor): Promise<Finished> {
    return new Promise((resolve, reject) => {
      const finishing = connecting.finish(slug, callback, visitor, () => reject(storeIsAway()));
      void inFlight.track(finishing.then(resolve, reject));
    });
  }

  return {
    connectionsOf: (owner: Owner) => connectionsOf(parts, owner, null),
    ...createServerReads({ ...dependencies, connections }),
    forUser: (caller: VaultCaller) => connectionsOfCaller(parts, caller),
    actions: createConnectionActions(parts),
    /** For the pages of `connect/`. */
    finish,
    readProviderStart: connecting.readProviderStart,
    getForm: connecting.getForm,
    getDevice: connecting.getDevice,
    takeOver: connecting.takeOver,
    findStarted: connecting.findStarted,
    bindStarted: connecting.bindStarted,
    describe: connecting.describe,
    findReturnTo: connecting.findReturnTo,
    submit: connecting.submit,
    /** For what erases users. */
    revoker,
    spool,
    /** How many connections there are, by connector, health and code. */
    countConnections: counts.read,
    /** Stores what an earlier process could not. Throws what the store throws. */
    adoptSpool: () => adoptSpool({ ...dependencies, connections, revoker, spool }),
    /** Lets what is in flight finish, for at most `stopWaitMs`; what the store has not taken by then is in the spool. */
    async close() {
      counts.stop();
      await withTimeout(
        Promise.all([inFlight.idle(), refresher.idle(), keepAlive.stop(), endNotices.stop(), connecting.stop()]),
        vaultDependencies.stopWaitMs ?? DEFAULT_STOP_WAIT_MS,
      );
      stopping.abort();
    },
  };
}

const storeIsAway = () =>
  new GatewayError("TEMPORARILY_UNAVAILABLE", ({ refusals }) => refusals.storeAway, {
    retryAfter: 1,
  });

export type Vault = ReturnType<typeof createVault>;
