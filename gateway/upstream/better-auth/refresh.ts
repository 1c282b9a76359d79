import { createFailure } from "../../oauth/failure.ts";
import type { TokenFailure } from "../../oauth/result.ts";
import { withTimeout } from "../../runtime/with-timeout.ts";
import type { Lease } from "../../store/single-flight.ts";
import { UNOPENED_CODE } from "../../vault/health.ts";
import { createInFlight } from "../../vault/in-flight.ts";
import { forcedTooSoon, standingProblem } from "../../vault/refresh-problem.ts";
import { CONFIRM_REVOKED_MS, LOST_ANSWER_RETRIES_MS } from "../../vault/refresh-verdict.ts";
import { type Account, versionOf } from "./accounts.ts";
import { failureOf, timedOut } from "./failure.ts";
import { type GrantState, keyOf } from "./grant-state.ts";
import type { BetterAuth } from "./context.ts";
import { findRefresh, type RefreshAccessToken } from "./providers.ts";
import {
  type GrantedTokens,
  markRevoked,
  recordFailure,
  type RefreshCause,
  type ResultDependencies,
  storeTokens,
} from "./refresh-result.ts";
import { UnopenedTokenError } from "./secrets.ts";

/** How long after the timeout an answer is still waited for, in milliseconds: its tokens may be the only ones. */
const LATE_ANSWER_MS = 60_000;

/** Refreshes accounts, one at a time each, over all processes of the gateway's store. */
export interface Refresher {
  /**
   * Refreshes an account, unless other tokens than those of `seen` are stored by now, or the provider is to be left alone. What came of it
   * is in the stores: read again.
   */
  refresh(seen: Account, cause: RefreshCause): Promise<void>;
  /** Resolves when no answer is waited for. */
  idle(): Promise<void>;
}

export interface RefreshDependencies extends ResultDependencies {
  auth: BetterAuth;
}

/** One refresh of an account. */
interface Flight extends RefreshDependencies {
  account: Account;
  state: GrantState;
  cause: RefreshCause;
  lease: Lease;
  refreshToken: string;
  send: RefreshAccessToken;
  track: (work: Promise<void>) => void;
}

type Answer = { ok: true; tokens: GrantedTokens } | TokenFailure;

export function createRefresher(dependencies: RefreshDependencies): Refresher {
  const { singleFlight } = dependencies.runtime;
  const late = createInFlight();
  const track = (work: Promise<void>) => void late.track(work);
  return {
    refresh: (seen, cause) => singleFlight(keyOf(seen), (lease) => refreshOnce({ ...dependencies, track, cause, lease }, seen)),
    idle: late.idle,
  };
}

type Claimed = Omit<Flight, "account" | "state" | "refreshToken" | "send">;

async function refreshOnce(claimed: Claimed, seen: Account): Promise<void> {
  const { auth, accounts, states, secrets, cause, runtime } = claimed;
  const account = await accounts.find(seen.id);
  if (!account?.refreshToken || versionOf(account) !== versionOf(seen)) return;
  const state = await states.read(account);
  if (isLeftAlone(state, cause, runtime.clock.now())) return;
  const refreshToken = await secrets.open(account.refreshToken).catch((error: unknown) => {
    if (error instanceof UnopenedTokenError) return null;
    throw error;
  });
  if (refreshToken === null) return recordFailure({ ...claimed, account, state }, unopened);
  const send = await findRefresh(auth, account.providerId);
  if (!send) return recordFailure({ ...claimed, account, state }, noProvider);
  const flight = { ...claimed, account, state, refreshToken, send };
  const answer = await askUntilDecided(flight);
  if (!answer) return;
  if (answer.ok) await storeTokens(flight, answer.tokens);
  else if (answer.kind === "revoked") await markRevoked(flight, answer);
  else await recordFailure(flight, answer);
}

const unsent = { operation: "refresh", kind: "misconfigured", delivery: "unsent", secrets: [] } as const;
const noProvider = createFailure({ ...unsent, code: "no_provider" });
const unopened = createFailure({ ...unsent, code: UNOPENED_CODE });

const isLeftAlone = (state: GrantState, cause: RefreshCause, now: number): boolean =>
  state.error_code !== null || standingProblem(state, now) !== null || (cause === "rejected" && refusedTooSoon(state, now) !== null);

/** Why no further refresh can be forced yet; null when one can. */
export const refusedTooSoon = (state: GrantState, now: number) => forcedTooSoon({ ...state, lease_id: null, lease_expires_at: null }, now);

/**
 * Asks once more after a lost answer, which grace windows of providers allow (rule 5), and after a refusal (rule 3): where better-auth
 * refreshes past the gateway, its new tokens may be stored a moment after ours were refused.
 * @returns null where the account has changed meanwhile, or another process has taken over.
 */
async function askUntilDecided(flight: Flight): Promise<Answer | null> {
  const { accounts, account, lease, runtime } = flight;
  if (!(await lease.renew())) return null;
  const first = await ask(flight);
  const pauseMs = pauseAfter(first);
  if (pauseMs === null) return first;
  await runtime.clock.sleep(pauseMs);
  const current = await accounts.find(account.id);
  if (!current || versionOf(current) !== versionOf(account) || !(await lease.renew())) return null;
  return ask(flight);
}

function pauseAfter(answer: Answer): number | null {
  if (answer.ok) return null;
  if (answer.kind === "revoked") return CONFIRM_REVOKED_MS;
  return answer.delivery === "lost" && answer.code !== "timeout" ? (LOST_ANSWER_RETRIES_MS[0] ?? null) : null;
}

/** better-auth sets its providers no deadline. */
async function ask(flight: Flight): Promise<Answer> {
  const { runtime, refreshToken, track } = flight;
  const call = send(flight);
  const answer = await withTimeout(call, runtime.providerTimeoutMs);
  if (answer) return answer;
  const adopting = withTimeout(call, LATE_ANSWER_MS).then(async (late) => (late?.ok ? storeTokens(flight, late.tokens) : undefined));
  track(
    adopting.catch((err: unknown) => runtime.log.error({ account: flight.account.id, err }, "tokens of a late answer cannot be stored")),
  );
  return timedOut([refreshToken]);
}

/** A token's life is counted from before it was asked for. better-auth counts it by this machine's clock. */
async function send({ send: refresh, refreshToken, runtime }: Flight): Promise<Answer> {
  const askedAt = runtime.clock.now();
  try {
    const { accessToken, accessTokenExpiresAt, ...tokens } = await refresh(refreshToken);
    if (!accessToken) return failureOf(null, []);
    const lifeSeconds = accessTokenExpiresAt ? Math.ceil((accessTokenExpiresAt.getTime() - Date.now()) / 1000) : Number.NaN;
    return {
      ok: true,
      tokens: { ...tokens, accessToken, askedAt, expiresAt: Number.isNaN(lifeSeconds) ? null : askedAt + lifeSeconds * 1000 },
    };
  } catch (thrown) {
    return failureOf(thrown, [refreshToken]);
  }
}
