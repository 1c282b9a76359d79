import { GatewayError } from "../../schema/errors.ts";
import { inSpan } from "../runtime/telemetry.ts";
import type { SpanEnd, SpanStart } from "../runtime/tracing.ts";
import type { ChangedGrant } from "./connection-rows.ts";
import { isLeased, ownerOf, type StoredConnection, type StoredGrant, topicOf } from "./connections.ts";
import { createMissingClientLog, grantClientOf } from "./grant-client.ts";
import { createInFlight } from "./in-flight.ts";
import { claimLease, type ClaimedGrant } from "./lease.ts";
import { askProvider } from "./provider-call.ts";
import { adoptLateTokens, type Flight, type Narrowed, saveAnswer } from "./refresh-answer.ts";
import { clientChanged, forcedTooSoon, problemOf, type RefreshProblem, standingProblem, storeAway } from "./refresh-problem.ts";
import { createRefusedAlone } from "./refused-alone.ts";
import type { RefreshCause } from "./refresh-verdict.ts";
import { createLapseWatch } from "../store/lapse-watch.ts";
import { SealError } from "../store/sealing.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import { openColumn, rowOf } from "./sealed-columns.ts";
import { noteUnopened } from "./unopened.ts";

/** How long a process that waits for another's refresh waits before it looks again: at first, how many times longer each time, and at most. */
const WAIT_FIRST_MS = 10;
const WAIT_GROWTH = 1.25;
const WAIT_LONGEST_MS = 250;

/** What the store holds after a refresh, and why it did not come about if it did not. */
export interface RefreshOutcome {
  /** Null when the connection is gone. */
  stored: StoredConnection | null;
  problem: RefreshProblem | null;
}

/** Refreshes grants, one at a time each, over all processes of a store. */
export interface Refresher {
  /** Joins a refresh that is in flight. Resolves at once while an answer waits for a store that is away. */
  refresh(stored: StoredConnection, cause: RefreshCause): Promise<RefreshOutcome>;
  /** Whether a refresh is under way, here or, as far as is known, in another process. */
  isUnderWay(stored: StoredConnection): boolean;
  /** What comes of a refresh that is under way; null: none is. In another process, the store is asked until it has ended. */
  underWay(stored: StoredConnection): Promise<RefreshOutcome> | null;
  /**
   * Asks for a token with fewer scopes, under the lease of the grant's refreshes, and stores what came with it. Null: the grant cannot be
   * refreshed now.
   */
  narrow(stored: StoredGrant, scopes: readonly string[], cause: RefreshCause): Promise<Narrowed | null>;
  /** Resolves when no refresh is in flight in this process. */
  idle(): Promise<void>;
}

type Dependencies = Omit<Flight, "onStoreAway" | "refusedAlone" | "onNarrowed" | "narrowTo">;

export function createRefresher(dependencies: Dependencies): Refresher {
  const outcomes = new Map<string, Promise<RefreshOutcome>>();
  const inFlight = createInFlight();
  const refusedAlone = createRefusedAlone(dependencies);
  const noteMissingClient = createMissingClientLog(dependencies.log);

  function start(grant: StoredGrant, cause: RefreshCause): Promise<RefreshOutcome> {
    const isAway = { stored: grant, problem: storeAway };
    return new Promise((resolve, reject) => {
      const flight = { ...dependencies, refusedAlone, onStoreAway: () => resolve(isAway) };
      const fail = async (error: unknown) => {
        if (isStoreAway(error)) return resolve(isAway);
        if (!(error instanceof SealError)) return reject(error);
        dependencies.log.error({ ...rowOf(grant), err: error }, "a stored secret cannot be decrypted, so the token is not refreshed");
        await noteUnopened(dependencies, grant);
        resolve({ stored: grant, problem: { kind: "unopened" } });
      };
      const refreshing = inSpan(
        dependencies.telemetry,
        spanOf(grant, cause),
        () => refreshOnce(flight, grant, cause, inFlight.track),
        describeOutcome,
      )
        .then(resolve, fail)
        .finally(() => outcomes.delete(grant.authorization.id));
      void inFlight.track(refreshing);
    });
  }

  async function narrow(grant: StoredGrant, narrowTo: readonly string[], cause: RefreshCause): Promise<Narrowed | null> {
    const narrowed: Narrowed[] = [];
    const onNarrowed = (result: Narrowed) => void narrowed.push(result);
    try {
      await refreshOnce({ ...dependencies, refusedAlone, narrowTo, onNarrowed, onStoreAway: () => {} }, grant, cause, inFlight.track);
    } catch (error) {
      if (!isStoreAway(error)) throw error;
    }
    return narrowed[0] ?? null;
  }

  const isElsewhere = (authorization: AuthorizationRow) => isLeased(authorization, dependencies.clock.now());

  return {
    isUnderWay: ({ authorization }) => authorization !== null && (outcomes.has(authorization.id) || isElsewhere(authorization)),
    narrow: (grant, scopes, cause) => (grantClientOf(grant) ? inFlight.track(narrow(grant, scopes, cause)) : Promise.resolve(null)),
    refresh(stored, cause) {
      const { authorization } = stored;
      if (!authorization) throw new TypeError("Only a connection with an authorization can be refreshed.");
      const grant = { ...stored, authorization };
      if (!grantClientOf(grant)) {
        noteMissingClient(grant);
        return Promise.resolve({ stored: grant, problem: clientChanged });
      }
      const joined = outcomes.get(authorization.id);
      if (joined) return joined;
      const outcome = start(grant, cause);
      outcomes.set(authorization.id, outcome);
      return outcome;
    },
    underWay(stored) {
      const { authorization } = stored;
      if (!authorization) return null;
      return outcomes.get(authorization.id) ?? (isElsewhere(authorization) ? settled(dependencies, { ...stored, authorization }) : null);
    },
    idle: inFlight.idle,
  };
}

/** A refresh that none waits for belongs to the trace of the request that began it. */
const spanOf = ({ connection, connector }: StoredGrant, cause: RefreshCause): SpanStart => ({
  name: "refresh",
  facts: { "xkit.connection.id": connection.id, "xkit.connector": connector.slug, "xkit.refresh.cause": cause },
});

const describeOutcome = ({ problem }: RefreshOutcome): SpanEnd => ({
  facts: { "xkit.refresh.outcome": problem?.kind ?? "refreshed" },
  isFailed: problem !== null,
});

const isStoreAway = (error: unknown): boolean => error instanceof GatewayError && error.code === "TEMPORARILY_UNAVAILABLE";

/** Goes on behind the refresh. */
type Track = (work: Promise<void>) => void;

/** Rule 2: claims the refresh, else waits for the process that has it and adopts what it stored. */
async function refreshOnce(flight: Flight, started: StoredGrant, cause: RefreshCause, track: Track): Promise<RefreshOutcome> {
  const { connections, clock } = flight;
  const forced = cause !== "due";
  const lapse = createLapseWatch(flight);
  // Before it is claimed: what does not open costs no write.
  openColumn(flight, started, "sealed_refresh_token");
  let grant = started;
  let takeOver: string | null = null;
  for (let waitMs = WAIT_FIRST_MS; ; waitMs = Math.min(Math.ceil(waitMs * WAIT_GROWTH), WAIT_LONGEST_MS)) {
    const problem = standingProblem(grant.authorization, clock.now()) ?? (forced ? forcedTooSoon(grant.authorization, clock.now()) : null);
    if (problem) return { stored: grant, problem };
    // What is in the cache says nothing of leases.
    const isTried = grant === started || !isLeased(grant.authorization, clock.now());
    const claimed = isTried ? await claimLease(flight, grant, { forced, takeOver }) : null;
    const outcome = claimed && (await refreshClaimed(flight, claimed, cause, track));
    if (outcome) return outcome;
    const waitedMs = await waitForChange(flight, grant, waitMs);
    const current = await connections.read(grant.connection.id, grant.authorization.token_kind);
    const isToBeAsked = flight.narrowTo ? isThere : isSameGrant;
    if (!isToBeAsked(current, grant)) return { stored: current, problem: problemOf(current, clock.now()) };
    grant = current;
    takeOver = await lapse.look(grant.authorization, waitedMs);
  }
}

/** Waits until the process that refreshes a grant has ended, and asks nothing of the provider. */
async function settled({ connections, database, clock }: Dependencies, grant: StoredGrant): Promise<RefreshOutcome> {
  for (let waitMs = WAIT_FIRST_MS; ; waitMs = Math.min(Math.ceil(waitMs * WAIT_GROWTH), WAIT_LONGEST_MS)) {
    await waitForChange({ database, clock }, grant, waitMs);
    const current = await connections.read(grant.connection.id, grant.authorization.token_kind);
    if (!isSameGrant(current, grant) || !isLeased(current.authorization, clock.now()))
      return { stored: current, problem: problemOf(current, clock.now()) };
  }
}

/**
 * Resolves after `waitMs`, or once a process tells of a change of the owner's connections: what another one has stored is adopted at once.
 * @returns how long it waited, at least.
 */
async function waitForChange(
  { database: { changes }, clock }: Pick<Flight, "database" | "clock">,
  { connection }: StoredGrant,
  waitMs: number,
): Promise<number> {
  const changed = new AbortController();
  const topic = topicOf(ownerOf(connection));
  const unlisten = changes.listen((change) => void (change === topic && changed.abort()));
  try {
    await clock.sleep(waitMs, changed.signal);
    return changed.signal.aborted ? 0 : waitMs;
  } finally {
    unlisten();
  }
}

const isThere = (current: StoredConnection | null, grant: StoredGrant): current is StoredGrant =>
  current?.authorization?.id === grant.authorization.id &&
  current.authorization.status === grant.authorization.status &&
  current.connection.enabled === grant.connection.enabled;

/** It still has the token that was to be replaced: a request for a narrower one leaves that alone. */
const isSameGrant = (current: StoredConnection | null, grant: StoredGrant): current is StoredGrant =>
  isThere(current, grant) &&
  (current.authorization.version === grant.authorization.version ||
    current.authorization.sealed_access_token === grant.authorization.sealed_access_token);

/** @returns null when nothing came of the claim: the lease ended before the request was sent, or another process took it over. */
async function refreshClaimed(flight: Flight, claimed: ClaimedGrant, cause: RefreshCause, track: Track): Promise<RefreshOutcome | null> {
  const { connections, clock } = flight;
  const asked = await askProvider(flight, claimed, cause);
  const saving = saveAnswer(flight, asked);
  track(adoptLateTokens(flight, asked, saving));
  // A failure leaves the lease to lapse: another process waits before it sends a token that may be used up.
  const saved = await saving;
  if (saved === "nothing") return null;
  const stored = afterChange(claimed, saved) ?? (await connections.read(claimed.connection.id, claimed.authorization.token_kind));
  return { stored, problem: problemOf(stored, clock.now()) };
}

/** The grant as it was just written. Null: it is to be read, as what is beside it may have changed too. */
const afterChange = ({ connector, grants }: StoredGrant, changed: ChangedGrant | null): StoredConnection | null =>
  changed && !grants ? { ...changed, connector } : null;
