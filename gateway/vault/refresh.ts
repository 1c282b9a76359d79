import type { TokenResult } from "../oauth/result.ts";
import { refreshTokens } from "../oauth/refresh.ts";
import { fillProvider } from "../providers/template.ts";
import { parseScopes, type StoredConnection, type StoredGrant } from "./connections.ts";
import { claimLease, type ClaimedGrant, type LeaseDependencies, releaseLease, undoClaim } from "./lease.ts";
import { forcedTooSoon, problemOf, type RefreshProblem, standingProblem } from "./refresh-problem.ts";
import { markRevoked, recordFailure, type ResultDependencies, storeTokens } from "./refresh-result.ts";
import { retryWhileStoreAway } from "./retry-while-store-away.ts";
import { openColumn, openFields } from "./sealed-columns.ts";

/** How often a process that waits for another's refresh looks, at first and at most. */
const WAIT_FIRST_MS = 25;
const WAIT_LONGEST_MS = 250;

/** What the store holds after a refresh, and why it did not come about if it did not. */
export interface RefreshOutcome {
  /** Null when the connection is gone. */
  stored: StoredConnection | null;
  problem: RefreshProblem | null;
}

/** Refreshes grants, one at a time each, over all processes of a store. */
export interface Refresher {
  /** `forced`: because the third party refused the present token. Joins a refresh that is in flight. */
  refresh(stored: StoredConnection, forced: boolean): Promise<RefreshOutcome>;
  /** Resolves when no refresh is in flight in this process. */
  idle(): Promise<void>;
}

type Dependencies = LeaseDependencies & ResultDependencies;

export function createRefresher(dependencies: Dependencies): Refresher {
  const inFlight = new Map<string, Promise<RefreshOutcome>>();
  return {
    refresh(stored, forced) {
      const { authorization } = stored;
      if (!authorization) throw new TypeError("Only a connection with an authorization can be refreshed.");
      const joined = inFlight.get(authorization.id);
      if (joined) return joined;
      const refreshing = refreshOnce(dependencies, { ...stored, authorization }, forced).finally(() => inFlight.delete(authorization.id));
      inFlight.set(authorization.id, refreshing);
      return refreshing;
    },

    async idle() {
      while (inFlight.size > 0) await Promise.allSettled(inFlight.values());
    },
  };
}

/** Rule 2: claims the refresh, else waits for the process that has it and adopts what it stored. */
async function refreshOnce(dependencies: Dependencies, started: StoredGrant, forced: boolean): Promise<RefreshOutcome> {
  const { connections, clock } = dependencies;
  let grant = started;
  for (let waitMs = WAIT_FIRST_MS; ; waitMs = Math.min(waitMs * 2, WAIT_LONGEST_MS)) {
    const problem = standingProblem(grant.authorization, clock.now()) ?? (forced ? forcedTooSoon(grant.authorization, clock.now()) : null);
    if (problem) return { stored: grant, problem };
    const claimed = await claimLease(dependencies, grant, forced);
    const outcome = claimed && (await refreshClaimed(dependencies, claimed));
    if (outcome) return outcome;
    const present = await connections.read(grant.connection.id);
    if (!isSameGrant(present, grant)) return { stored: present, problem: problemOf(present, clock.now()) };
    grant = present;
    await clock.sleep(waitMs);
  }
}

const isSameGrant = (present: StoredConnection | null, grant: StoredGrant): present is StoredGrant =>
  present?.authorization?.id === grant.authorization.id &&
  present.authorization.version === grant.authorization.version &&
  present.authorization.status === grant.authorization.status &&
  present.connection.enabled === grant.connection.enabled;

/** @returns null when the lease ended before the request was sent: the claim is undone. */
async function refreshClaimed(dependencies: Dependencies, grant: ClaimedGrant): Promise<RefreshOutcome | null> {
  const { database, connections, clock } = dependencies;
  try {
    // The token's life may have begun as soon as it was asked for (rule 1).
    const askedAt = clock.now();
    const result = await callProvider(dependencies, grant);
    if (!result.ok && result.kind === "withdrawn") {
      await undoClaim(database, grant);
      return null;
    }
    await saveResult(dependencies, grant, result, askedAt);
  } catch (error) {
    // The lease ends by itself when the store is away.
    await releaseLease(database, grant).catch(() => {});
    throw error;
  }
  const present = await connections.read(grant.connection.id);
  return { stored: present, problem: problemOf(present, clock.now()) };
}

function callProvider({ sealer, timeoutMs }: Dependencies, grant: ClaimedGrant): Promise<TokenResult> {
  const refreshToken = openColumn(sealer, grant, "sealed_refresh_token");
  const { oauth } = grant.connector;
  if (!oauth || refreshToken === null) throw new TypeError("Only a connection with a refresh token can be refreshed.");
  const provider = fillProvider(oauth.provider, openFields(sealer, grant));
  const scopes = parseScopes(grant.authorization.granted_scopes);
  // What is left of the call must end within the lease: a process that was paused may wake after another has taken over.
  const mayStillSend = (remainingMs: number) => remainingMs < grant.leaseRemainsMs();
  return refreshTokens({ provider, client: oauth.client, refreshToken, scopes, timeoutMs, mayStillSend });
}

async function saveResult(dependencies: Dependencies, grant: StoredGrant, result: TokenResult, askedAt: number): Promise<void> {
  if (result.ok) return retryWhileStoreAway(dependencies.clock, () => storeTokens(dependencies, grant, result.tokens, askedAt));
  if (result.kind === "revoked") return markRevoked(dependencies, grant, result.code);
  return recordFailure(dependencies, grant, result);
}
