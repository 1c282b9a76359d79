import { notFound } from "../../schema/errors.ts";
import {
  connectorMisconfigured,
  minimumTtlUnavailable,
  notConnected,
  reconnectReasonOf,
  reconnectRequired,
  secretUnopened,
  temporarilyUnavailable,
} from "../../schema/outcomes.ts";
import type { AccessTokenOutcome, ConnectionWhere, Owner, TokenRequest } from "../../schema/upstream.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { choose, type ConnectionStore, type StoredConnection, toConnection, type View } from "./connections.ts";
import { noteOpened, noteUnopened } from "./unopened.ts";
import { assessFreshness, type Freshness } from "./freshness.ts";
import type { GivenTokens } from "./given-tokens.ts";
import type { Refresher, RefreshOutcome } from "./refresh.ts";
import { type RefreshProblem, shortLived, stillRefreshing } from "./refresh-problem.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import { missingScopesOf, parseScopes } from "./scopes.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import type { RefreshCause } from "./refresh-verdict.ts";
import type { TokenChecker } from "./token-check.ts";
import { fingerprintOf, type Keys, openColumn, openFields, rowOf } from "./sealed-columns.ts";

/** How long a caller waits for a refresh while the current token would still do, in milliseconds (rule 4). */
export const USABLE_TOKEN_WAIT_MS = 1_000;

interface Dependencies {
  connections: ConnectionStore;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  refresher: Refresher;
  checker: TokenChecker;
  given: GivenTokens;
  sealer: Sealer;
  macs: RowMacs;
  clock: Clock;
  log: Pick<Log, "error">;
  publicUrl: string;
  /** Longest a caller waits for a refresh, in milliseconds. The refresh goes on behind it. */
  requestDeadlineMs: number;
}

type Granted = Extract<AccessTokenOutcome, { type: "AccessToken" }>;

/** A connection that has tokens, its access token opened, and what is to be thought of it. */
interface Held extends StoredConnection {
  authorization: AuthorizationRow;
  token: Granted;
  freshness: Freshness;
  /** Who refused the token: the caller by `rejected`, or the provider when it was asked. */
  refusedBy: "caller" | "provider" | null;
}

/** "A token, please." */
interface Question {
  where: ConnectionWhere;
  request: TokenRequest;
  /** Who asks; null is a server. */
  userId: string | null;
  startedAt: number;
}

/** It has the life that was asked for, and the third party has not refused it. */
const isAnswer = ({ freshness, refusedBy }: Held): boolean => freshness.isUsable && refusedBy === null;

/** Why its token is to be refreshed; null while it is fresh. */
function causeOf({ freshness, refusedBy }: Held): RefreshCause | null {
  if (freshness.isDue) return "due";
  return refusedBy && ({ caller: "rejected", provider: "dead" } as const)[refusedBy];
}

/**
 * Resolves "a token, please" for one owner: the held token while it is fresh, else a refreshed one, else the exact reason. `userId` says
 * who asks; null is a server.
 */
export function createAccessTokens(dependencies: Dependencies) {
  const { connections, connectors, refresher, checker, given, clock, log, publicUrl, requestDeadlineMs } = dependencies;
  const openToken = createTokenOpener(dependencies);
  const viewOf = (reader: string | null): View => ({ clock, publicUrl, reader });

  async function accessToken(
    owner: Owner,
    where: ConnectionWhere,
    request: TokenRequest,
    userId: string | null,
  ): Promise<AccessTokenOutcome> {
    const startedAt = clock.now();
    const stored = choose(await connections.list(owner), where);
    if (!stored?.connection.enabled) return absent(where, stored);
    try {
      const outcome = await resolve(stored, { where, request, userId, startedAt });
      if (outcome.type !== "AccessToken") return outcome;
      if (userId !== null) given.add(userId, outcome.fingerprint);
      await noteOpened(dependencies, stored);
      return outcome;
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      log.error({ ...rowOf(stored), err: error }, "a stored secret does not open");
      await noteUnopened(dependencies, stored);
      return secretUnopened(stored.connector.name);
    }
  }

  async function resolve(stored: StoredConnection, question: Question): Promise<AccessTokenOutcome> {
    const { request, userId, startedAt } = question;
    const answer = (held: Held, problem: RefreshProblem | null) => answerOf(held, request, problem, viewOf(userId));
    const held = await openChecked(stored, request, userId);
    if (!held) return reconnectRequired(toConnection(stored, viewOf(userId)), reconnectReasonOf(stored.authorization?.error_code));
    const cause = causeOf(held);
    if (cause === "dead" && !held.authorization.sealed_refresh_token)
      return conclude(question, { stored: await connections.read(held.connection.id), problem: null });
    if (!cause || !held.authorization.sealed_refresh_token || isBeyondReach(held, request)) return answer(held, null);
    const refreshing = refresher.refresh(stored, cause);
    if (isAnswer(held) && !(await outcomeBefore(startedAt + USABLE_TOKEN_WAIT_MS, refreshing))) {
      // Its life went on meanwhile (rule 1).
      const later = openHeldToken(stored, request);
      if (later && isAnswer(later)) return later.token;
    }
    const outcome = await outcomeBefore(startedAt + requestDeadlineMs, refreshing);
    if (outcome) return conclude(question, outcome);
    return answer({ ...(openHeldToken(stored, request) ?? held), refusedBy: held.refusedBy }, stillRefreshing);
  }

  /** Rule 12: a fresh token is checked where the caller wants it. */
  async function openChecked(stored: StoredConnection, request: TokenRequest, userId: string | null): Promise<Held | null> {
    const held = openHeldToken(stored, request);
    if (!held || causeOf(held) || !(request.verify ?? asksAgain(held, userId)) || !checker.isDue(held)) return held;
    const isRefused = await checker.isRefused(held, held.token.value);
    // Its life went on meanwhile (rule 1).
    const later = openHeldToken(stored, request);
    return later && isRefused ? { ...later, refusedBy: "provider" } : later;
  }

  const asksAgain = ({ token, authorization }: Held, userId: string | null): boolean =>
    userId !== null && given.has(userId, token.fingerprint, authorization.issued_at ?? 0);

  /** What the store says now, after a refresh or a check. */
  function conclude({ where, request, userId }: Question, { stored: current, problem }: RefreshOutcome): AccessTokenOutcome {
    if (!current?.connection.enabled) return absent(where, current);
    const renewed = openHeldToken(current, request);
    return renewed
      ? answerOf(renewed, request, problem, viewOf(userId))
      : reconnectRequired(toConnection(current, viewOf(userId)), reconnectReasonOf(current.authorization?.error_code));
  }

  /** Null: the refresh takes longer, and goes on by itself. */
  function outcomeBefore(deadline: number, refreshing: Promise<RefreshOutcome>): Promise<RefreshOutcome | null> {
    // A failure is the store's. A caller that still waits is told; the next caller tries again.
    refreshing.catch(() => {});
    return Promise.race([refreshing, clock.until(deadline).then(() => null)]);
  }

  function absent(where: ConnectionWhere, stored: StoredConnection | null): AccessTokenOutcome {
    const connector = stored?.connector ?? connectors.get(where.slug ?? "");
    if (connector) return notConnected(connector.name, `${publicUrl}/connectors/${connector.slug}`);
    if (where.slug !== undefined) throw notFound(`There is no connector "${where.slug}" in this platform's catalog.`);
    return notConnected("This connection", `${publicUrl}/`);
  }

  function openHeldToken(stored: StoredConnection, request: TokenRequest): Held | null {
    const { authorization } = stored;
    if (authorization?.status !== "active") return null;
    const token = openToken(stored, authorization);
    if (!token) return null;
    const life = { issuedAt: authorization.issued_at ?? 0, expiresAt: authorization.expires_at };
    const freshness = assessFreshness(life, request.minimumTtl, clock.now());
    const isRejected = request.rejected === token.fingerprint;
    const refusedBy = authorization.refused_at !== null ? "provider" : isRejected ? "caller" : null;
    return { ...stored, authorization, token, freshness, refusedBy };
  }

  return accessToken;
}

/** Opens the access token once for as long as its row is cached. */
function createTokenOpener({ publicUrl, clock, ...keys }: Keys & Pick<View, "publicUrl" | "clock">) {
  const opened = new WeakMap<AuthorizationRow, Granted>();
  return (stored: StoredConnection, authorization: AuthorizationRow): Granted | null => {
    const known = opened.get(authorization);
    if (known) return known;
    const value = openColumn(keys, stored, "sealed_access_token");
    if (value === null) return null;
    const token: Granted = {
      type: "AccessToken",
      value,
      tokenType: authorization.token_type ?? "bearer",
      expiresAt: authorization.expires_at === null ? null : new Date(authorization.expires_at),
      scopes: parseScopes(authorization.granted_scopes),
      missingScopes: missingScopesOf(authorization, stored.connector),
      fingerprint: fingerprintOf(value),
      fields: stored.connector.oauth ? null : openFields(keys, stored),
      // It works, so that users and servers are shown the same.
      connection: toConnection(stored, { publicUrl, clock, reader: null }),
    };
    opened.set(authorization, token);
    return token;
  };
}

/** The token where rule 1 allows it, else the reason why not. */
function answerOf(held: Held, request: TokenRequest, problem: RefreshProblem | null, view: View): AccessTokenOutcome {
  const now = view.clock.now();
  if (isAnswer(held)) return held.token;
  const { name } = held.connector;
  if (problem?.kind === "unopened") return secretUnopened(name);
  if (problem?.kind === "misconfigured") return connectorMisconfigured(name, whyOf(problem, view));
  if (problem?.kind === "temporary") return temporarilyUnavailable(name, problem.retryAfterSeconds, whyOf(problem, view));
  if (held.refusedBy) return reconnectRequired(toConnection(held, view), "TOKEN_REJECTED");
  if (isBeyondReach(held, request) || (request.minimumTtl !== null && isAlive(held, now)))
    return minimumTtlUnavailable(name, maximumTtlOf(held, now));
  // A new token that is hardly alive: connecting again would bring no better one.
  if (held.authorization.sealed_refresh_token) return temporarilyUnavailable(name, 1, shortLived.reason);
  return reconnectRequired(toConnection(held, view), "EXPIRED");
}

/** Only servers see what the provider said. */
const whyOf = ({ why, said }: { why: string; said: string | null }, { reader }: View): string => (reader === null && said) || why;

/** No refresh can bring what is asked. */
function isBeyondReach({ freshness, refusedBy }: Held, { minimumTtl }: TokenRequest): boolean {
  return refusedBy === null && minimumTtl !== null && minimumTtl > freshness.maximumTtl && !freshness.isUsable;
}

function isAlive({ authorization }: Held, now: number): boolean {
  return authorization.expires_at === null || authorization.expires_at > now;
}

/** The most that can be asked, in seconds: of a new token where one can be had, else of the current one. */
function maximumTtlOf({ authorization, freshness }: Held, now: number): number {
  const { expires_at: expiresAt, sealed_refresh_token: refreshToken } = authorization;
  return refreshToken || expiresAt === null ? freshness.maximumTtl : Math.floor((expiresAt - now) / 1000);
}
