import { GatewayError } from "../../schema/errors.ts";
import type { RefreshResult } from "../runtime/metrics.ts";
import type { TokenFailure, TokenSet } from "../oauth/result.ts";
import type { ChangedGrant } from "./connection-rows.ts";
import { isLeased, ownerOf, type StoredConnection, type StoredGrant, topicOf } from "./connections.ts";
import { createMissingClientLog, grantClientOf } from "./grant-client.ts";
import { createInFlight } from "./in-flight.ts";
import { claimLease, type ClaimedGrant, undoClaim } from "./lease.ts";
import { type Asked, askProvider, type CallDependencies } from "./provider-call.ts";
import { clientChanged, forcedTooSoon, problemOf, type RefreshProblem, standingProblem, storeAway } from "./refresh-problem.ts";
import { markRevoked, recordFailure, type ResultDependencies, storeTokens } from "./refresh-result.ts";
import { retryWhileStoreAway } from "./retry-while-store-away.ts";
import { createRefusedAlone, type RefusedAlone } from "./refused-alone.ts";
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

/** Narrower tokens, and when they were asked for, in milliseconds; or the provider gives none with these scopes. */
type Narrowed = { tokens: TokenSet; askedAt: number } | "refused";

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

interface Flight extends CallDependencies, ResultDependencies {
  refusedAlone: RefusedAlone;
  /** Called with what came of a request for a narrower token, once it is stored. */
  onNarrowed?: ((narrowed: Narrowed) => void) | undefined;
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
        dependencies.log.error({ ...rowOf(grant), err: error }, "a stored secret does not open, so that nothing is refreshed");
        await noteUnopened(dependencies, grant);
        resolve({ stored: grant, problem: { kind: "unopened" } });
      };
      const refreshing = refreshOnce(flight, grant, cause, inFlight.track)
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

/** @returns the rows of new tokens, null for another answer, "nothing" when there is nothing to save. */
async function saveAnswer(flight: Flight, { answer, grant }: Asked): Promise<ChangedGrant | null | "nothing"> {
  if (!answer) return "nothing";
  const { result, askedAt } = answer;
  if (result.ok) {
    const changed = await storeTokens(flight, grant, result.tokens, askedAt);
    count(flight, grant, changed ? "refreshed" : "discarded");
    if (changed) flight.onNarrowed?.({ tokens: result.tokens, askedAt });
    return changed;
  }
  count(flight, grant, await saveFailure(flight, grant, result));
  return result.kind === "withdrawn" ? "nothing" : null;
}

const count = ({ telemetry }: Flight, { connector }: StoredGrant, outcome: RefreshResult): void =>
  telemetry.metrics.countRefresh(connector.slug, outcome);

async function saveFailure(flight: Flight, grant: ClaimedGrant, failure: TokenFailure): Promise<RefreshResult> {
  if (flight.narrowTo && failure.code === "invalid_scope") await refuseNarrower(flight, grant, failure);
  else if (failure.kind === "revoked") await markRevoked(flight, grant, failure.code);
  else if (failure.kind === "withdrawn") await undoClaim(flight.database, grant);
  else if (await retryWhileStoreAway(flight, () => flight.refusedAlone(grant, failure))) {
    await markRefusedAlone(flight, grant, failure);
    return "revoked";
  } else await recordFailure(flight, grant, failure);
  return failure.kind === "denied" || failure.kind === "invalid" ? "temporary" : failure.kind;
}

/** It says nothing of the grant. */
async function refuseNarrower({ log, database, onNarrowed }: Flight, grant: ClaimedGrant, { code, reason }: TokenFailure): Promise<void> {
  log.warn({ connection: grant.connection.id, connector: grant.connector.slug, code, reason }, "the provider gives no narrower token");
  await undoClaim(database, grant);
  onNarrowed?.("refused");
}

/** Rule 3: each of the provider's words for it means to the user what `invalid_grant` does. */
async function markRefusedAlone(flight: Flight, grant: StoredGrant, { code }: TokenFailure): Promise<void> {
  flight.log.warn({ connection: grant.connection.id, connector: grant.connector.slug, code }, "refused while others are refreshed");
  await markRevoked(flight, grant, "invalid_grant");
}

/**
 * Rule 5: tokens that come after the provider's timeout are as good as any, and newer ones of a call that was sent beside another replace
 * those. Never throws: what cannot be stored is in the spool.
 */
async function adoptLateTokens(flight: Flight, { answer, grant, lateTokens }: Asked, saving: Promise<unknown>): Promise<void> {
  let held = answer?.result.ok ? answer : null;
  if (held) await saving.catch(() => {});
  let { version } = grant.authorization;
  for (;;) {
    const late = await lateTokens(held);
    if (!late?.result.ok) return;
    if (held) version += 1;
    const current = held ? await readUnleased(flight, grant, version).catch(() => null) : null;
    await storeTokens(flight, current ?? grant, late.result.tokens, late.askedAt).catch(() => {});
    held = late;
  }
}

/** The grant with the tokens that this refresh has stored, unless another refresh is under way or was since. */
async function readUnleased(
  flight: Flight,
  { connection, authorization: { token_kind: kind } }: StoredGrant,
  version: number,
): Promise<StoredGrant | null> {
  const current = await retryWhileStoreAway(flight, () => flight.connections.read(connection.id, kind));
  if (!current?.authorization) return null;
  const { authorization } = current;
  return authorization.version === version && authorization.lease_id === null ? { ...current, authorization } : null;
}
