import type { Discovery } from "../oauth/discovery.ts";
import { createFailure } from "../oauth/failure.ts";
import type { OAuthProvider } from "../oauth/provider.ts";
import { refreshTokens } from "../oauth/refresh.ts";
import { requestTokens } from "../oauth/request-tokens.ts";
import type { TokenFailure, TokenResult } from "../oauth/result.ts";
import { unknownEndpoints } from "../oauth/unknown-endpoints.ts";
import { redirectUriOf } from "../providers/connector-url.ts";
import { FieldError, isFilled } from "../providers/template.ts";
import { observeProvider, type Telemetry } from "../runtime/telemetry.ts";
import { withTimeout } from "../runtime/with-timeout.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import { fillFor } from "./filled-provider.ts";
import { parseScopes } from "./scopes.ts";
import { grantClientOf } from "./grant-client.ts";
import { type ClaimedGrant, type LeaseDependencies, releaseLease, renewLease } from "./lease.ts";
import { isRenewable } from "./renewable.ts";
import { createVerdict, type RefreshCause, silentAnswerMs } from "./refresh-verdict.ts";
import { retryWhileStoreAway, type RetryDependencies } from "./retry-while-store-away.ts";
import { unattendedRequest } from "./unattended-request.ts";
import { type Keys, openColumn, openFields } from "./sealed-columns.ts";

/** How long an answer is adopted that comes after the provider's timeout, in milliseconds. */
export const LATE_ANSWER_MS = 60_000;

export interface CallDependencies extends LeaseDependencies, Omit<RetryDependencies, "clock"> {
  discovery: Discovery;
  sealer: Sealer;
  macs: RowMacs;
  telemetry: Telemetry;
  /** The scopes of a narrower token that is asked for, which is not the grant's own. Left out: the grant's own is. */
  narrowTo?: readonly string[] | undefined;
  /** Where this gateway is reached, without a slash at the end. */
  publicUrl: string;
}

/** What the provider said to one call. */
export interface Answer {
  result: TokenResult;
  /** Milliseconds: before the request was sent. The token's life may have begun then (rule 1). */
  askedAt: number;
  /** Which call of the refresh it is, from 1: of two answers with tokens, the one that was asked for later is the newer. */
  call: number;
}

/** What came of asking a provider. */
export interface Asked {
  /** The answer that decides. Null: another process has taken the grant over. */
  answer: Answer | null;
  /** The grant as it was when it was last claimed. */
  grant: ClaimedGrant;
  /** Resolves to tokens that come after all and are newer than those of an answer, or to null. */
  lateTokens: (than: Answer | null) => Promise<Answer | null>;
}

/**
 * Sends the refresh token until an answer decides: once more after a lost answer (rule 5) and after `invalid_grant` (rule 3). An answer that
 * does not come counts as lost while its call goes on, unless the provider punishes that: then one more call is sent beside it, never a
 * third. The first tokens that a call brings decide. The lease is renewed before each call, and lasts longer than every call's timeout.
 */
export async function askProvider(dependencies: CallDependencies, claimed: ClaimedGrant, cause: RefreshCause): Promise<Asked> {
  const { clock } = dependencies;
  const calls = createCalls();
  const verdict = createVerdict(claimed, cause);
  const asked = (grant: ClaimedGrant, answer: Answer | null): Asked => ({
    grant,
    answer: calls.tokens() ?? answer,
    lateTokens: calls.newerTokens,
  });
  let grant = claimed;
  for (;;) {
    const answer = await callProvider(dependencies, grant, calls).catch(async (error: unknown) => {
      // The first call throws before anything is sent.
      if (grant === claimed) await releaseLease(dependencies.database, grant).catch(() => {});
      throw error;
    });
    const pauseMs = verdict.pauseAfter(answer.result, clock.now(), answer.isPending);
    if (pauseMs === null || calls.tokens()) return asked(grant, answer);
    // Tokens that come meanwhile do not wait for a store that is away.
    const renewed = await calls.orTokens(
      retryWhileStoreAway(dependencies, () => renewLease(dependencies, grant, pauseMs, verdict.perhapsRotatedAt())),
    );
    if (!renewed) return asked(grant, null);
    grant = renewed;
    await calls.orTokens(clock.sleep(pauseMs));
    if (calls.tokens()) return asked(grant, null);
  }
}

/** Resolves to the call's answer; while it goes on, to the first tokens of another call, or to a failure that says it has not answered. */
async function callProvider(dependencies: CallDependencies, grant: ClaimedGrant, calls: Calls): Promise<Answer & { isPending: boolean }> {
  const { timeoutMs, clock } = dependencies;
  const silentMs = grant.connector.oauth && silentAnswerMs(grant.connector.oauth.provider);
  const isAlone = calls.pending() === 0;
  const asking = { askedAt: clock.earliest(), call: calls.count() + 1 };
  let isSent = false;
  let markSent = () => {};
  const sent = new Promise<void>((resolve) => (markSent = resolve));
  const answering = sendRefreshToken(dependencies, grant, () => {
    isSent = calls.tokens() === null;
    if (isSent) markSent();
    return isSent;
  }).then((result) => ({ ...asking, result }));
  const inTime = withTimeout(answering, timeoutMs);
  calls.add(answering, inTime);
  const awaited = [inTime];
  const silence = new AbortController();
  const silent = (milliseconds: number) => sent.then(() => clock.until(clock.now() + milliseconds, silence.signal)).then(() => null);
  if (isAlone && silentMs !== null) awaited.push(silent(silentMs));
  const answer = await calls.orTokens(Promise.race(awaited)).finally(() => silence.abort());
  // A refusal may only say that an earlier call, which has not answered yet, has used the refresh token.
  if (answer?.result.ok === false && answer.result.kind === "revoked") await calls.orTokens(calls.inTime());
  const known = calls.tokens() ?? answer;
  return known ? { ...known, isPending: false } : { ...asking, result: unanswered(isSent, silentMs), isPending: true };
}

/** One call, which is not aborted at the provider's timeout. `mayStillSend` is asked right before the request is written. */
async function sendRefreshToken(
  { clock, discovery, telemetry, timeoutMs, publicUrl, narrowTo, ...keys }: CallDependencies,
  grant: ClaimedGrant,
  mayStillSend: () => boolean,
): Promise<TokenResult> {
  const refreshToken = openColumn(keys, grant, "sealed_refresh_token");
  const { oauth } = grant.connector;
  const client = grantClientOf(grant);
  if (!oauth || !client || !isRenewable(grant)) throw new TypeError("Only a connection with a refresh token can be refreshed.");
  const completed = await discovery.complete(oauth.provider).catch((error: unknown) => unknownEndpoints("refresh", error));
  if ("ok" in completed) return completed;
  const provider = findFilled(() => fillFor(keys, grant, { provider: completed, client }));
  if (provider === null || !isFilled(provider.refreshEndpoint ?? provider.tokenEndpoint)) return fieldMissing;
  const scopes = {
    granted: parseScopes(grant.authorization.granted_scopes),
    requested: parseScopes(grant.authorization.requested_scopes),
  };
  const limits = {
    askedAt: clock.earliest(),
    secrets: secretsOf(keys, grant),
    timeoutMs: timeoutMs + LATE_ANSWER_MS,
    // What is left of the call must end within the lease: a process that was paused may wake after another has taken over.
    mayStillSend(remainingMs: number) {
      const inTimeMs = remainingMs - LATE_ANSWER_MS;
      return inTimeMs > 0 && inTimeMs < grant.leaseRemainsMs() && mayStillSend();
    },
  };
  const { slug } = grant.connector;
  return observeProvider(telemetry, slug, "refresh", () => {
    if (refreshToken !== null) {
      const redirectUri = redirectUriOf(publicUrl, slug);
      return refreshTokens({ ...limits, provider, client, refreshToken, redirectUri, scopes, narrowTo });
    }
    const asked = unattendedRequest(grant.connector, client, openFields(keys, grant));
    return requestTokens({ ...limits, ...asked, provider, scopes: scopes.requested, operation: "refresh" });
  });
}

/** It was connected before the provider's endpoints needed a field, which connecting again collects. */
const fieldMissing = createFailure({ operation: "refresh", kind: "misconfigured", delivery: "unsent", code: "field_missing", secrets: [] });

function findFilled(fill: () => OAuthProvider): OAuthProvider | null {
  try {
    return fill();
  } catch (error) {
    if (error instanceof FieldError) return null;
    throw error;
  }
}

/** What a provider may repeat of a grant, beside its refresh token. */
function secretsOf(keys: Keys, grant: ClaimedGrant): string[] {
  const typed = openFields(keys, grant);
  const secret = grant.connector.collect?.fields.flatMap(({ name, secret: isSecret }) => (isSecret ? (typed[name] ?? []) : [])) ?? [];
  try {
    return [...secret, openColumn(keys, grant, "sealed_access_token") ?? ""];
  } catch (error) {
    // A refresh is what mends an access token that does not open.
    if (error instanceof SealError) return secret;
    throw error;
  }
}

/** Where the refresh token is never sent beside a call with it, the provider is left alone until the call has ended. */
const unanswered = (isSent: boolean, silentMs: number | null): TokenFailure =>
  createFailure({
    operation: "refresh",
    kind: "temporary",
    delivery: isSent ? "lost" : "unsent",
    code: "timeout",
    retryAfterSeconds: isSent && silentMs === null ? LATE_ANSWER_MS / 1000 : null,
    secrets: [],
  });

type Calls = ReturnType<typeof createCalls>;

/** The calls of one refresh. None is aborted: each may bring the only copy of new tokens. */
function createCalls() {
  const pending = new Set<Promise<void>>();
  const inTime: Promise<unknown>[] = [];
  const newest: { tokens: Answer | null } = { tokens: null };

  async function collect(answering: Promise<Answer>): Promise<void> {
    const answer = await answering;
    if (answer.result.ok && isNewer(answer, newest.tokens)) newest.tokens = answer;
  }

  async function newerTokens(than: Answer | null): Promise<Answer | null> {
    while (!isNewer(newest.tokens, than) && pending.size > 0) await Promise.race(pending);
    return isNewer(newest.tokens, than) ? newest.tokens : null;
  }

  return {
    add(answering: Promise<Answer>, answeringInTime: Promise<unknown>): void {
      const call = collect(answering)
        .catch(() => {})
        .finally(() => pending.delete(call));
      pending.add(call);
      inTime.push(answeringInTime);
    },
    count: () => inTime.length,
    /** Calls that have not ended. */
    pending: () => pending.size,
    tokens: () => newest.tokens,
    /** Resolves once every call has answered or is past the provider's timeout. */
    inTime: () => Promise.allSettled(inTime),
    /** Resolves to the first tokens that are newer than those of `than`, or to null when every call has ended without. */
    newerTokens,
    /** Resolves as `work` does, or to null once a call has brought tokens. */
    orTokens: <Result>(work: Promise<Result>): Promise<Result | null> =>
      Promise.race([work, newerTokens(null).then((tokens) => (tokens ? null : work))]),
  };
}

const isNewer = (answer: Answer | null, than: Answer | null): boolean => answer !== null && answer.call > (than?.call ?? 0);
