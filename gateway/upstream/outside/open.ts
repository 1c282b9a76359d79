import {
  type Catalog,
  type Owner,
  type OwnerConnections,
  ownerOfViewer,
  type Platform,
  type ViewerConnections,
} from "../../../schema/upstream.ts";
import type { Auth } from "../../auth/index.ts";
import { connectorUrlOf } from "../../providers/connector-url.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Database } from "../../store/database.ts";
import type { Sealer } from "../../store/sealing.ts";
import { createNotes } from "../../store/notes.ts";
import { createSingleFlight, type SingleFlight } from "../../store/single-flight.ts";
import { topicOf } from "../../vault/connections.ts";
import { createOwnPlatform, createOwnUsers } from "../own-users.ts";
import { createRelayedUsers } from "../relayed-users.ts";
import type { Adapter } from "../upstream.ts";
import { createWatches } from "../watches.ts";
import type { OpenUpstream, UpstreamAdapter, UpstreamRuntime } from "./adapter.ts";
import { assertAsked, checkAnswers, inTime } from "./checked-answers.ts";
import { connectElsewhere } from "./connect-page.ts";
import { createLiveReads } from "./live-reads.ts";
import { createOutsidePlatform, createOutsideRelay, type RelayedCaller } from "./relayed.ts";
import { applyTokenRules } from "./token-rules.ts";

export interface OutsideOptions {
  auth: Auth;
  sealer: Sealer;
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

/** An adapter may wait for a provider first, and then answers within this. */
const ANSWER_MARGIN_MS = 5_000;
/** Longest that a question whether the adapter can be asked may wait: a balancer waits no longer. */
const CHECK_TIMEOUT_MS = 2_000;

/** Opens an adapter from outside, over the users of this gateway. */
export async function openOutside(open: OpenUpstream, options: OutsideOptions): Promise<Adapter> {
  const { database, platform } = options;
  const { singleFlight, idle } = createSingleFlight(database);
  const outside = await open(createRuntime(options, singleFlight));
  const deadlineMs = Math.max(options.timeoutMs, options.requestDeadlineMs) + ANSWER_MARGIN_MS;
  const catalog = createCatalog(platform, outside, deadlineMs);
  const dependencies = { ...options, outside, catalog, deadlineMs, liveReadsOf: createLiveReads(options.clock) };
  const readsOfOwner = (owner: Owner) => readsOf(dependencies, outside.connectionsOf(owner), owner);
  return {
    catalog,
    ...createUsers(dependencies, readsOfOwner),
    pages: null,
    webhook: null,
    check: () => inTime(Math.min(CHECK_TIMEOUT_MS, deadlineMs), () => outside.check?.()),
    degradation: () => null,
    endSubscriptions: () => database.changes.end(),
    async close() {
      await outside.close?.();
      await idle();
    },
  };
}

/** Users of this gateway's own, or those whom the adapter alone knows, and what servers may do for them. */
function createUsers(dependencies: Dependencies, readsOfOwner: (owner: Owner) => OwnerConnections): Pick<Adapter, "users" | "forPlatform"> {
  const { auth, outside, deadlineMs } = dependencies;
  const connectionsOf = (caller: RelayedCaller) => connectionsOfCaller(dependencies, caller);
  if (outside.users) {
    const relay = createOutsideRelay({ users: outside.users, deadlineMs, connectionsOf });
    const platform = createOutsidePlatform(outside.users, readsOfOwner);
    return { users: createRelayedUsers({ ...dependencies, relay }), forPlatform: () => platform };
  }
  // Its pages are elsewhere.
  const { callerOf: _pages, ...users } = createOwnUsers(auth, connectionsOf);
  return { users, forPlatform: () => createOwnPlatform(auth, readsOfOwner) };
}

function createRuntime(options: OutsideOptions, singleFlight: SingleFlight): UpstreamRuntime {
  const { database, publicUrl, clock, log, timeoutMs: providerTimeoutMs, requestDeadlineMs } = options;
  return {
    publicUrl,
    connectorUrl: (slug) => connectorUrlOf(publicUrl, slug),
    clock,
    log,
    changed: (owner) => database.write([topicOf(owner)], () => Promise.resolve()),
    singleFlight,
    notes: createNotes(database),
    providerTimeoutMs,
    requestDeadlineMs,
  };
}

function createCatalog(platform: Platform, outside: Pick<UpstreamAdapter, "listConnectors">, deadlineMs: number): Catalog {
  const listConnectors = () => inTime(deadlineMs, () => outside.listConnectors());
  return {
    getPlatform: () => Promise.resolve(platform),
    listConnectors,
    findConnector: async (slug) => (await listConnectors()).find((connector) => connector.slug === slug) ?? null,
  };
}

interface Dependencies extends OutsideOptions {
  outside: Pick<UpstreamAdapter, "forUser" | "users">;
  catalog: Catalog;
  /** Longest that the adapter may take for an answer, in milliseconds. */
  deadlineMs: number;
  liveReadsOf: ReturnType<typeof createLiveReads>;
}

/** What is read of an adapter: answers in time to what was asked, and no token against the rules. */
const readsOf = (dependencies: Omit<Dependencies, "outside">, held: OwnerConnections, owner: Owner): OwnerConnections =>
  applyTokenRules(checkAnswers(held, { ...dependencies, owner }), dependencies);

/** The port over what an adapter has for a user. */
function connectionsOfCaller(dependencies: Dependencies, caller: RelayedCaller): ViewerConnections {
  const { outside, catalog, publicUrl, database, deadlineMs, liveReadsOf } = dependencies;
  const { viewer } = caller;
  const owner = ownerOfViewer(viewer);
  const held = outside.forUser(viewer);
  const reads = readsOf(dependencies, held, owner);
  const connecting =
    "connectPage" in held
      ? connectElsewhere({ ...reads, connectPage: (connector, options) => held.connectPage(connector, options) }, viewer, catalog)
      : held;
  const answered = <Answer>(ask: () => Promise<Answer>) => inTime(deadlineMs, ask);
  const findAuthorization = (id: string) => answered(() => connecting.findAuthorization(id));
  const { poll, ...liveReads } = liveReadsOf(viewer, { list: reads.list, findAuthorization });
  return {
    ...reads,
    disconnect: async (where) => assertAsked(await answered(() => held.disconnect(where)), owner, where),
    async start(slug, { returnTo, ...asked }) {
      const wanted = { ...asked, returnTo: returnTo === null ? null : new URL(returnTo, publicUrl).href };
      return assertAsked(await answered(() => connecting.start(slug, wanted)), owner, { slug });
    },
    submit: (state, fields) => answered(() => connecting.submit(state, fields)),
    findAuthorization,
    ...createWatches({ database, poll }, caller, liveReads),
  };
}
