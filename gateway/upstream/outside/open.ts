import type { Catalog, Platform, ViewerConnections } from "../../../schema/upstream.ts";
import type { Auth } from "../../auth/index.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Database } from "../../store/database.ts";
import { createNotes } from "../../store/notes.ts";
import { createSingleFlight, type SingleFlight } from "../../store/single-flight.ts";
import { topicOf } from "../../vault/connections.ts";
import type { VaultCaller } from "../../vault/owner-connections.ts";
import { createOwnPlatform, createOwnUsers } from "../own-users.ts";
import type { Adapter } from "../upstream.ts";
import { createWatches } from "../watches.ts";
import type { OpenUpstream, UpstreamAdapter, UpstreamRuntime } from "./adapter.ts";
import { connectElsewhere } from "./connect-page.ts";
import { createLiveReads } from "./live-reads.ts";
import { applyTokenRules } from "./token-rules.ts";

export interface OutsideOptions {
  auth: Auth;
  database: Database;
  platform: Platform;
  /** Where this gateway is reached, without a slash at the end. */
  publicUrl: string;
  clock: Clock;
  log: Log;
  /** Longest a provider may take, and longest a request for a token waits for it, in milliseconds. */
  timeoutMs: number;
  requestDeadlineMs: number;
}

/** Opens an adapter from outside, over the users of this gateway. */
export async function openOutside(open: OpenUpstream, options: OutsideOptions): Promise<Adapter> {
  const { auth, database, platform } = options;
  const { singleFlight, idle } = createSingleFlight(database);
  const outside = await open(createRuntime(options, singleFlight));
  const catalog = createCatalog(platform, outside);
  const dependencies = { ...options, outside, catalog, liveReadsOf: createLiveReads(options.clock) };
  // Its pages are elsewhere.
  const { callerOf: _pages, ...users } = createOwnUsers(auth, (caller) => connectionsOfCaller(dependencies, caller));
  return {
    catalog,
    users,
    pages: null,
    webhook: null,
    forPlatform: () => createOwnPlatform(auth, (owner) => applyTokenRules(outside.connectionsOf(owner), dependencies)),
    check: async () => outside.check?.(),
    degradation: () => null,
    endSubscriptions: () => database.changes.end(),
    async close() {
      await outside.close?.();
      await idle();
    },
  };
}

function createRuntime(options: OutsideOptions, singleFlight: SingleFlight): UpstreamRuntime {
  const { database, publicUrl, clock, log, timeoutMs: providerTimeoutMs, requestDeadlineMs } = options;
  return {
    publicUrl,
    connectorUrl: (slug) => `${publicUrl}/connectors/${slug}`,
    clock,
    log,
    changed: (owner) => database.write([topicOf(owner)], () => Promise.resolve()),
    singleFlight,
    notes: createNotes(database),
    providerTimeoutMs,
    requestDeadlineMs,
  };
}

const createCatalog = (platform: Platform, outside: Pick<UpstreamAdapter, "listConnectors">): Catalog => ({
  getPlatform: () => Promise.resolve(platform),
  listConnectors: () => outside.listConnectors(),
  findConnector: async (slug) => (await outside.listConnectors()).find((connector) => connector.slug === slug) ?? null,
});

interface Dependencies extends OutsideOptions {
  outside: Pick<UpstreamAdapter, "forUser">;
  catalog: Catalog;
  liveReadsOf: ReturnType<typeof createLiveReads>;
}

/** The port over what an adapter has for a user. */
function connectionsOfCaller(dependencies: Dependencies, caller: VaultCaller): ViewerConnections {
  const { outside, catalog, publicUrl, database, liveReadsOf } = dependencies;
  const { viewer } = caller;
  const held = outside.forUser(viewer);
  const connecting = "connectPage" in held ? connectElsewhere(held, viewer, catalog) : held;
  const reads = applyTokenRules(held, dependencies);
  const findAuthorization = (id: string) => connecting.findAuthorization(id);
  const { poll, ...liveReads } = liveReadsOf(viewer, { list: reads.list, findAuthorization });
  return {
    ...reads,
    disconnect: (where) => held.disconnect(where),
    start: (slug, { id, returnTo }) =>
      connecting.start(slug, { id, returnTo: returnTo === null ? null : new URL(returnTo, publicUrl).href }),
    submit: (state, fields) => connecting.submit(state, fields),
    findAuthorization,
    ...createWatches({ database, poll }, caller, liveReads),
  };
}
