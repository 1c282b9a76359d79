import { GatewayError, notFound } from "../../schema/errors.ts";
import {
  type Connection,
  type ConnectionWhere,
  type Owner,
  type OwnerConnections,
  ownerOfViewer,
  type Viewer,
  type ViewerConnections,
} from "../../schema/upstream.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { withTimeout } from "../runtime/with-timeout.ts";
import { createAccessTokens } from "./access-token.ts";
import { adoptSpool } from "./adopt-spool.ts";
import type { Bind, Link, Visitor } from "./attempts.ts";
import { createConnecting } from "./connecting.ts";
import type { Finished } from "./finish.ts";
import { choose, createConnectionStore, toConnection } from "./connections.ts";
import type { Database } from "../store/database.ts";
import { createDisconnect } from "./disconnect.ts";
import { createGivenTokens } from "./given-tokens.ts";
import { createRefresher } from "./refresh.ts";
import { createRevoker } from "./revoke.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { Sealer } from "../store/sealing.ts";
import { createTokenChecker } from "./token-check.ts";
import { createSpool } from "./spool.ts";
import { createInFlight } from "./in-flight.ts";
import { createWatch, type StillAllowed } from "./watch.ts";

/** How long a stop waits for providers and for the store, in milliseconds of real time. */
export const STOP_WAIT_MS = 8_000;

export interface VaultDependencies {
  database: Database;
  sealer: Sealer;
  macs: RowMacs;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  clock: Clock;
  log: Log;
  /** Where this gateway is reached, without a slash at the end. */
  publicUrl: string;
  /** Longest a provider may take to answer, in milliseconds. */
  timeoutMs: number;
  /** Longest a request for a token waits for a refresh, in milliseconds. */
  requestDeadlineMs: number;
  /** Where new tokens are kept, sealed, that the store could not take. */
  spoolDirectory: string;
}

/** A signed-in user before the vault: who, in which browser, and whether that is still so. */
export interface VaultCaller {
  viewer: Viewer;
  /** Binds what is started to that browser. */
  bind: Bind;
  link: Link | null;
  stillAllowed: StillAllowed;
}

/** Our own holder of tokens: connects, keeps, refreshes, hands out, disconnects. */
export function createVault(dependencies: VaultDependencies) {
  const { database, connectors, clock, publicUrl } = dependencies;
  const connections = createConnectionStore(database, connectors, clock);
  const revoker = createRevoker(dependencies);
  const spool = createSpool({ ...dependencies, directory: dependencies.spoolDirectory });
  const stopping = new AbortController();
  const { signal } = stopping;
  const refresher = createRefresher({ ...dependencies, connections, revoker, spool, signal });
  const given = createGivenTokens({ isShared: database.kind === "postgres", startedAt: clock.now() });
  const checker = createTokenChecker({ ...dependencies, connections });
  const accessToken = createAccessTokens({ ...dependencies, connections, refresher, checker, given });
  const connecting = createConnecting({ ...dependencies, connections, revoker, spool, signal });
  const disconnect = createDisconnect({ ...dependencies, connections, revoker });
  const watching = createWatch({ ...dependencies, connections });
  const inFlight = createInFlight();

  const connectionsOf = (owner: Owner, reader: string | null = null): OwnerConnections => ({
    async find(where) {
      const stored = choose(await connections.list(owner), where);
      return stored && toConnection(stored, { clock, publicUrl, reader });
    },
    async list(slug) {
      const stored = await connections.list(owner);
      return stored
        .filter(({ connection }) => slug === null || connection.connector_slug === slug)
        .map((row) => toConnection(row, { clock, publicUrl, reader }));
    },
    accessToken: (where, request) => accessToken(owner, where, request, reader),
  });

  async function disconnectOf(owner: Owner, where: ConnectionWhere, reader: string): Promise<Connection> {
    const stored = choose(await connections.list(owner), where);
    if (!stored) throw notFound("There is no such connection to disconnect.");
    await inFlight.track(disconnect(stored));
    return toConnection(stored, { clock, publicUrl, reader });
  }

  function forUser({ viewer, bind, link, stillAllowed }: VaultCaller): ViewerConnections {
    const owner = ownerOfViewer(viewer);
    const watcher = { owner, userId: viewer.userId, stillAllowed };
    return {
      ...connectionsOf(owner, viewer.userId),
      start: (slug, options) => connecting.start(owner, { viewer, bind, link }, slug, options),
      submit: (state, fields) => connecting.submit(viewer, state, fields, link),
      disconnect: (where) => disconnectOf(owner, where, viewer.userId),
      findAuthorization: (id) => watching.findAuthorization(watcher, id),
      watch: (slug) => watching.watch(watcher, slug),
      watchAuthorization: (id) => watching.watchAuthorization(watcher, id),
    };
  }

  /** Goes on behind a visitor who need not wait for a store that is away. */
  function finish(slug: string, callback: URLSearchParams, visitor: Visitor): Promise<Finished> {
    return new Promise((resolve, reject) => {
      const finishing = connecting.finish(slug, callback, visitor, () => reject(storeIsAway()));
      void inFlight.track(finishing.then(resolve, reject));
    });
  }

  return {
    connectionsOf: (owner: Owner) => connectionsOf(owner),
    forUser,
    /** For the pages of `connect/`. */
    finish,
    getForm: connecting.getForm,
    takeOver: connecting.takeOver,
    findStarted: connecting.findStarted,
    bindStarted: connecting.bindStarted,
    describe: connecting.describe,
    findReturnTo: connecting.findReturnTo,
    submit: connecting.submit,
    /** Stores what an earlier process could not. Throws what the store throws. */
    adoptSpool: () => adoptSpool({ ...dependencies, connections, revoker, spool }),
    /** Lets what is in flight finish, for at most `STOP_WAIT_MS`; what the store has not taken by then is in the spool. */
    async close() {
      await withTimeout(Promise.all([inFlight.idle(), refresher.idle()]), STOP_WAIT_MS);
      stopping.abort();
    },
  };
}

const storeIsAway = () =>
  new GatewayError("TEMPORARILY_UNAVAILABLE", "This gateway's store is away. Connecting goes on by itself once it is back.", {
    retryAfter: 1,
  });

export type Vault = ReturnType<typeof createVault>;
