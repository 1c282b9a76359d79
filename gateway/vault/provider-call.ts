import { createFailure } from "../oauth/failure.ts";
import { refreshTokens } from "../oauth/refresh.ts";
import type { TokenFailure, TokenResult } from "../oauth/result.ts";
import { fillProvider } from "../providers/template.ts";
import { withTimeout } from "../runtime/with-timeout.ts";
import type { Sealer } from "../store/sealing.ts";
import { parseScopes } from "./connections.ts";
import { type ClaimedGrant, type LeaseDependencies, releaseLease, renewLease } from "./lease.ts";
import { createVerdict, type RefreshCause } from "./refresh-verdict.ts";
import { retryWhileStoreAway, type RetryDependencies } from "./retry-while-store-away.ts";
import { openColumn, openFields } from "./sealed-columns.ts";

/** How long an answer is adopted that comes after the provider's timeout, in milliseconds. */
export const LATE_ANSWER_MS = 60_000;

export interface CallDependencies extends LeaseDependencies, RetryDependencies {
  sealer: Sealer;
}

/** What the provider said to one call. */
export interface Answer {
  result: TokenResult;
  /** Milliseconds: before the request was sent. The token's life may have begun then (rule 1). */
  askedAt: number;
}

/** What came of asking a provider. */
export interface Asked {
  /** The answer that decides. Null: another process has taken the grant over. */
  answer: Answer | null;
  /** The grant as it was when it was last claimed. */
  grant: ClaimedGrant;
  /** Resolves to tokens that come after all, or to null. */
  lateTokens: () => Promise<Answer | null>;
}

/** Sends the refresh token until an answer decides: once more after a lost answer (rule 5) and after `invalid_grant` (rule 3). */
export async function askProvider(dependencies: CallDependencies, claimed: ClaimedGrant, cause: RefreshCause): Promise<Asked> {
  const { clock } = dependencies;
  const lateCalls = createLateCalls();
  const verdict = createVerdict(claimed, cause);
  const asked = (grant: ClaimedGrant, answer: Answer | null): Asked => ({
    grant,
    answer: answer?.result.ok ? answer : (lateCalls.tokens() ?? answer),
    lateTokens: lateCalls.wait,
  });
  let grant = claimed;
  for (;;) {
    const answer = await callProvider(dependencies, grant, lateCalls).catch(async (error: unknown) => {
      // The first call throws before anything is sent.
      if (grant === claimed) await releaseLease(dependencies.database, grant).catch(() => {});
      throw error;
    });
    const pauseMs = verdict.pauseAfter(answer.result, clock.now());
    if (pauseMs === null || lateCalls.tokens()) return asked(grant, answer);
    const renewed = await retryWhileStoreAway(dependencies, () => renewLease(dependencies, grant, pauseMs, verdict.perhapsRotatedAt()));
    if (!renewed) return asked(grant, null);
    grant = renewed;
    await clock.sleep(pauseMs);
    if (lateCalls.tokens()) return asked(grant, null);
  }
}

async function callProvider(
  { sealer, clock, timeoutMs }: CallDependencies,
  grant: ClaimedGrant,
  lateCalls: ReturnType<typeof createLateCalls>,
): Promise<Answer> {
  const refreshToken = openColumn(sealer, grant, "sealed_refresh_token");
  const { oauth } = grant.connector;
  if (!oauth || refreshToken === null) throw new TypeError("Only a connection with a refresh token can be refreshed.");
  const askedAt = clock.now();
  let isSent = false;
  const call = refreshTokens({
    provider: fillProvider(oauth.provider, openFields(sealer, grant)),
    client: oauth.client,
    refreshToken,
    scopes: parseScopes(grant.authorization.granted_scopes),
    timeoutMs: timeoutMs + LATE_ANSWER_MS,
    // What is left of the call must end within the lease: a process that was paused may wake after another has taken over.
    mayStillSend(remainingMs) {
      const inTimeMs = remainingMs - LATE_ANSWER_MS;
      isSent = inTimeMs > 0 && inTimeMs < grant.leaseRemainsMs();
      return isSent;
    },
  });
  const answering = call.then((result) => ({ result, askedAt }));
  const answer = await withTimeout(answering, timeoutMs);
  if (answer) return answer;
  lateCalls.add(answering);
  return { result: timedOut(isSent), askedAt };
}

const timedOut = (isSent: boolean): TokenFailure =>
  createFailure({ operation: "refresh", kind: "temporary", delivery: isSent ? "lost" : "unsent", code: "timeout", secrets: [] });

/** Calls that did not answer in time. They are not aborted: they may still bring the only copy of the new tokens. */
function createLateCalls() {
  const pending = new Set<Promise<void>>();
  const late: { tokens: Answer | null } = { tokens: null };

  async function collect(answering: Promise<Answer>): Promise<void> {
    const answer = await answering;
    if (answer.result.ok) late.tokens ??= answer;
  }

  return {
    add(answering: Promise<Answer>): void {
      const call = collect(answering)
        .catch(() => {})
        .finally(() => pending.delete(call));
      pending.add(call);
    },
    tokens: () => late.tokens,
    /** Resolves to the first tokens, or to null when every call has ended without. */
    async wait(): Promise<Answer | null> {
      while (late.tokens === null && pending.size > 0) await Promise.race(pending);
      return late.tokens;
    },
  };
}
