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
import { choose, type ConnectionStore, missingScopesOf, parseScopes, type StoredConnection, toConnection } from "./connections.ts";
import { assessFreshness, type Freshness } from "./freshness.ts";
import type { Refresher, RefreshOutcome } from "./refresh.ts";
import { type RefreshProblem, stillRefreshing } from "./refresh-problem.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import { fingerprintOf, openColumn, openFields, rowOf } from "./sealed-columns.ts";

/** How long a caller waits for a refresh while the current token would still do, in milliseconds (rule 4). */
export const USABLE_TOKEN_WAIT_MS = 1_000;

interface Dependencies {
  connections: ConnectionStore;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  refresher: Refresher;
  sealer: Sealer;
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
  isRejected: boolean;
}

/** It has the life that was asked for, and the third party has not refused it. */
const isAnswer = ({ freshness, isRejected }: Held): boolean => freshness.isUsable && !isRejected;

/** Resolves "a token, please" for one owner: the held token while it is fresh, else a refreshed one, else the exact reason. */
export function createAccessTokens(dependencies: Dependencies) {
  const { connections, connectors, refresher, sealer, clock, log, publicUrl, requestDeadlineMs } = dependencies;
  const openToken = createTokenOpener(sealer, publicUrl);
  const answer = (held: Held, request: TokenRequest, problem: RefreshProblem | null) =>
    answerOf(held, request, problem, { publicUrl, clock });

  return async function accessToken(owner: Owner, where: ConnectionWhere, request: TokenRequest): Promise<AccessTokenOutcome> {
    const startedAt = clock.now();
    const stored = choose(await connections.list(owner), where);
    if (!stored?.connection.enabled) return absent(where, stored);
    try {
      return await resolve(stored, where, request, startedAt);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      log.error({ ...rowOf(stored), err: error }, "a stored secret does not open");
      return secretUnopened(stored.connector.name);
    }
  };

  async function resolve(
    stored: StoredConnection,
    where: ConnectionWhere,
    request: TokenRequest,
    startedAt: number,
  ): Promise<AccessTokenOutcome> {
    const held = openHeldToken(stored, request);
    if (!held) return reconnectRequired(toConnection(stored, publicUrl), reconnectReasonOf(stored.authorization?.error_code));
    if (!held.isRejected && !held.freshness.isDue) return answer(held, request, null);
    if (!held.authorization.sealed_refresh_token || isBeyondReach(held, request)) return answer(held, request, null);
    const refreshing = refresher.refresh(stored, held.isRejected && !held.freshness.isDue ? "rejected" : "due");
    if (isAnswer(held) && !(await outcomeBefore(startedAt + USABLE_TOKEN_WAIT_MS, refreshing))) {
      // Its life went on meanwhile (rule 1).
      const later = openHeldToken(stored, request);
      if (later && isAnswer(later)) return later.token;
    }
    const outcome = await outcomeBefore(startedAt + requestDeadlineMs, refreshing);
    if (!outcome) return answer(openHeldToken(stored, request) ?? held, request, stillRefreshing);
    const { stored: current, problem } = outcome;
    if (!current?.connection.enabled) return absent(where, current);
    const renewed = openHeldToken(current, request);
    return renewed
      ? answer(renewed, request, problem)
      : reconnectRequired(toConnection(current, publicUrl), reconnectReasonOf(current.authorization?.error_code));
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
    return { ...stored, authorization, token, freshness, isRejected: request.rejected === token.fingerprint };
  }
}

/** Opens the access token once for as long as its row is cached. */
function createTokenOpener(sealer: Sealer, publicUrl: string) {
  const opened = new WeakMap<AuthorizationRow, Granted>();
  return (stored: StoredConnection, authorization: AuthorizationRow): Granted | null => {
    const known = opened.get(authorization);
    if (known) return known;
    const value = openColumn(sealer, stored, "sealed_access_token");
    if (value === null) return null;
    const token: Granted = {
      type: "AccessToken",
      value,
      tokenType: authorization.token_type ?? "bearer",
      expiresAt: authorization.expires_at === null ? null : new Date(authorization.expires_at),
      scopes: parseScopes(authorization.granted_scopes),
      missingScopes: missingScopesOf(authorization),
      fingerprint: fingerprintOf(value),
      fields: stored.connector.oauth ? null : openFields(sealer, stored),
      connection: toConnection(stored, publicUrl),
    };
    opened.set(authorization, token);
    return token;
  };
}

/** The token where rule 1 allows it, else the reason why not. */
function answerOf(
  held: Held,
  request: TokenRequest,
  problem: RefreshProblem | null,
  { publicUrl, clock }: Pick<Dependencies, "publicUrl" | "clock">,
): AccessTokenOutcome {
  if (isAnswer(held)) return held.token;
  const { name } = held.connector;
  if (problem?.kind === "unopened") return secretUnopened(name);
  if (problem?.kind === "misconfigured") return connectorMisconfigured(name, problem.why);
  if (problem?.kind === "temporary") return temporarilyUnavailable(name, problem.retryAfterSeconds, problem.why);
  if (held.isRejected) return reconnectRequired(toConnection(held, publicUrl), "TOKEN_REJECTED");
  if (isBeyondReach(held, request) || (request.minimumTtl !== null && isAlive(held, clock.now())))
    return minimumTtlUnavailable(name, maximumTtlOf(held, clock.now()));
  // A new token that is hardly alive: connecting again would bring no better one.
  if (held.authorization.sealed_refresh_token) return temporarilyUnavailable(name, 1, "its new token expires too soon");
  return reconnectRequired(toConnection(held, publicUrl), "EXPIRED");
}

/** No refresh can bring what is asked. */
function isBeyondReach({ freshness, isRejected }: Held, { minimumTtl }: TokenRequest): boolean {
  return !isRejected && minimumTtl !== null && minimumTtl > freshness.maximumTtl && !freshness.isUsable;
}

function isAlive({ authorization }: Held, now: number): boolean {
  return authorization.expires_at === null || authorization.expires_at > now;
}

/** The most that can be asked, in seconds: of a new token where one can be had, else of the current one. */
function maximumTtlOf({ authorization, freshness }: Held, now: number): number {
  const { expires_at: expiresAt, sealed_refresh_token: refreshToken } = authorization;
  return refreshToken || expiresAt === null ? freshness.maximumTtl : Math.floor((expiresAt - now) / 1000);
}
