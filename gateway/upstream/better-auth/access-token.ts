import {
  connectorMisconfigured,
  minimumTtlUnavailable,
  notConnected,
  reconnectReasonOf,
  reconnectRequired,
  secretUnopened,
  temporarilyUnavailable,
} from "../../../schema/outcomes.ts";
import { isTemporary } from "../../../schema/errors.ts";
import type { AccessTokenOutcome, ConnectionWhere, Connector, TokenRequest } from "../../../schema/upstream.ts";
import { withTimeout } from "../../runtime/with-timeout.ts";
import { USABLE_TOKEN_WAIT_MS } from "../../vault/access-token.ts";
import { assessFreshness, type Freshness } from "../../vault/freshness.ts";
import { type RefreshProblem, shortLived, standingProblem, stillRefreshing } from "../../vault/refresh-problem.ts";
import { fingerprintOf } from "../../vault/sealed-columns.ts";
import { accessToken } from "../outside/answers.ts";
import type { UpstreamRuntime } from "../outside/adapter.ts";
import { type Asker, type Holding, isEnabled, toConnection } from "./connections.ts";
import { type Refresher, refusedTooSoon } from "./refresh.ts";
import type { RefreshCause } from "./refresh-result.ts";
import { type Secrets, UnopenedTokenError } from "./secrets.ts";

interface Dependencies {
  runtime: Pick<UpstreamRuntime, "clock" | "log" | "publicUrl" | "requestDeadlineMs">;
  secrets: Secrets;
  refresher: Refresher;
  /** Reads what an asker has, now. */
  find(asker: Asker, where: ConnectionWhere): Promise<Holding | null>;
  /** The connector that was asked for by its slug; null where the catalog does not have it. */
  connectorOf(where: ConnectionWhere): Connector | null;
}

/** "A token, please." */
export interface Question {
  asker: Asker;
  where: ConnectionWhere;
  request: TokenRequest;
}

/** A holding whose access token is open, and what is to be thought of it. */
interface Held extends Holding {
  /** Null: there is only something to refresh it with. */
  value: string | null;
  freshness: Freshness;
  isRejected: boolean;
}

/** The held token while it is fresh, else a refreshed one, else the exact reason. */
export async function readToken(dependencies: Dependencies, question: Question): Promise<AccessTokenOutcome> {
  const { asker, where } = question;
  const { runtime, connectorOf, find } = dependencies;
  let connector = connectorOf(where);
  try {
    const holding = await find(asker, where);
    if (!holding) return notConnected(connector?.name ?? "This connection", connector?.connectorUrl ?? `${runtime.publicUrl}/`);
    ({ connector } = holding.offer);
    return await resolve(dependencies, question, holding);
  } catch (error) {
    if (connector && error instanceof UnopenedTokenError) {
      runtime.log.error({ where, err: error }, "a stored token cannot be decrypted");
      return secretUnopened(connector.name);
    }
    if (!connector || !isTemporary(error)) throw error;
    return temporarilyUnavailable(connector.name, error.facts.retryAfter ?? 1, "the database with its tokens does not answer");
  }
}

async function resolve(dependencies: Dependencies, question: Question, holding: Holding): Promise<AccessTokenOutcome> {
  const { runtime } = dependencies;
  const { request } = question;
  if (!isEnabled(holding.account)) return disconnected(holding);
  const held = await open(dependencies, holding, request);
  const cause = causeOf(held);
  if (!cause || isBeyondReach(held, request)) return answerOf(held, question, runtime.clock.now(), null);
  try {
    return await renew(dependencies, question, held, cause);
  } catch (error) {
    // A store is away. Its life went on meanwhile (rule 1).
    const later = await open(dependencies, holding, request);
    if (!isTemporary(error) || !isAnswer(later)) throw error;
    return answerOf(later, question, runtime.clock.now(), null);
  }
}

/** Waits for a refresh, and reads again what came of it. */
async function renew(dependencies: Dependencies, question: Question, held: Held, cause: RefreshCause): Promise<AccessTokenOutcome> {
  const { refresher, runtime, find } = dependencies;
  const { asker, request } = question;
  const refreshing = refresher.refresh(held.account, cause).then(() => "ended" as const);
  // Who asked may have been answered when it fails.
  refreshing.catch(() => {});
  if (isAnswer(held) && !(await withTimeout(refreshing, USABLE_TOKEN_WAIT_MS))) {
    const later = await open(dependencies, held, request);
    if (isAnswer(later)) return answerOf(later, question, runtime.clock.now(), null);
  }
  const hasEnded = await withTimeout(refreshing, runtime.requestDeadlineMs);
  const current = await find(asker, { id: held.account.id });
  if (!current || !isEnabled(current.account)) return disconnected(held);
  const renewed = await open(dependencies, current, request);
  return answerOf(renewed, question, runtime.clock.now(), hasEnded ? null : stillRefreshing);
}

const disconnected = ({ offer: { connector } }: Holding): AccessTokenOutcome => notConnected(connector.name, connector.connectorUrl);

async function open({ secrets, runtime }: Dependencies, holding: Holding, request: TokenRequest): Promise<Held> {
  const { accessToken: stored, accessTokenExpiresAt, updatedAt } = holding.account;
  const value = stored === null ? null : await secrets.open(stored);
  const life = { issuedAt: updatedAt.getTime(), expiresAt: accessTokenExpiresAt?.getTime() ?? null };
  const freshness = assessFreshness(life, request.minimumTtl, runtime.clock.now());
  return { ...holding, value, freshness, isRejected: value !== null && request.rejected === fingerprintOf(value) };
}

const isAnswer = ({ value, freshness, isRejected, state }: Held): boolean =>
  value !== null && freshness.isUsable && !isRejected && state.error_code === null;

function causeOf({ account, state, value, freshness, isRejected }: Held): RefreshCause | null {
  if (account.refreshToken === null || state.error_code !== null) return null;
  if (value === null || freshness.isDue) return "due";
  return isRejected ? "rejected" : null;
}

/** No refresh can bring what is asked. */
const isBeyondReach = ({ value, freshness, isRejected }: Held, { minimumTtl }: TokenRequest): boolean =>
  value !== null && !isRejected && minimumTtl !== null && minimumTtl > freshness.maximumTtl && !freshness.isUsable;

/** The token where rule 1 allows it, else the reason why not. */
function answerOf(held: Held, { asker, request }: Question, now: number, pending: RefreshProblem | null): AccessTokenOutcome {
  const { account, state, value, isRejected, freshness, offer } = held;
  const { name } = offer.connector;
  const connection = toConnection(held, asker, now);
  if (isAnswer(held) && value !== null) return accessToken(connection, { value, expiresAt: account.accessTokenExpiresAt });
  if (state.error_code !== null) return reconnectRequired(connection, reconnectReasonOf(state.error_code));
  const problem = pending ?? standingProblem(state, now) ?? (isRejected ? refusedTooSoon(state, now) : null);
  const failure = problem && failureOutcome(name, problem, asker);
  if (failure) return failure;
  const isRenewable = account.refreshToken !== null;
  if (isRejected && !isRenewable) return reconnectRequired(connection, "TOKEN_REJECTED");
  const leftSeconds = account.accessTokenExpiresAt === null ? null : Math.floor((account.accessTokenExpiresAt.getTime() - now) / 1000);
  const isAlive = leftSeconds === null || leftSeconds > 0;
  if (request.minimumTtl !== null && (isAlive || isBeyondReach(held, request)))
    return minimumTtlUnavailable(name, isRenewable || leftSeconds === null ? freshness.maximumTtl : Math.max(0, leftSeconds));
  // A new token that is hardly alive: connecting again would bring no better one.
  if (isRenewable) return temporarilyUnavailable(name, 1, shortLived.reason);
  return reconnectRequired(connection, "EXPIRED");
}

/** Only servers are told what the provider said. */
function failureOutcome(name: string, problem: RefreshProblem, { isServer }: Asker): AccessTokenOutcome | null {
  if (problem.kind === "misconfigured") return connectorMisconfigured(name, (isServer && problem.said) || problem.why);
  if (problem.kind === "temporary")
    return temporarilyUnavailable(name, problem.retryAfterSeconds, (isServer && problem.said) || problem.why);
  return null;
}
