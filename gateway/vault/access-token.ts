import { secretUnopened, temporarilyUnavailable } from "../../schema/outcomes.ts";
import { andThen, type PromiseOrValue } from "../../schema/promise-or-value.ts";
import type { AccessTokenOutcome, ConnectionWhere, Owner, TokenRequest } from "../../schema/upstream.ts";
import { orNullAt } from "../runtime/clock.ts";
import type { BoundedClock } from "../store/store-clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Telemetry } from "../runtime/telemetry.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { getTokenKind, type TokenKindConfig } from "../providers/token-kinds.ts";
import { choose, isEnabled, ownerOf, type ConnectionStore, type StoredConnection, type View } from "./connections.ts";
import { mayHaveOpened, noteOpened, noteUnopened } from "./unopened.ts";
import { isJudgedStill, MOST_JUDGEMENTS } from "./freshness.ts";
import type { GivenTokens } from "./given-tokens.ts";
import { causeOf, createTokenOpener, type GrantedToken, type Held, isAnswer, isKilledByRefresh, type OpenHeld } from "./held-token.ts";
import { grantsOf, ofKind } from "./token-kinds.ts";
import type { FindNarrower } from "./narrower.ts";
import { isRenewable } from "./renewable.ts";
import type { Refresher, RefreshOutcome } from "./refresh.ts";
import type { RefreshBehind } from "./refresh-behind.ts";
import { standingProblem, stillRefreshing } from "./refresh-problem.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import type { TokenChecker } from "./token-check.ts";
import { assertAllowed, lackingScopes } from "./scopes.ts";
import { absent, answerOf, isBeyondReach, lacking, lackingKind, type Question, reconnect, unanswerable } from "./token-outcome.ts";
import { rowOf } from "./sealed-columns.ts";

/** How long a caller waits for a refresh of a token that may have ended, while it would still do, in milliseconds (rules 1 and 7). */
export const USABLE_TOKEN_WAIT_MS = 1_000;

interface Dependencies {
  connections: ConnectionStore;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  refresher: Refresher;
  refreshBehind: RefreshBehind;
  checker: TokenChecker;
  given: GivenTokens;
  findNarrower: FindNarrower;
  sealer: Sealer;
  macs: RowMacs;
  clock: BoundedClock;
  log: Pick<Log, "error">;
  telemetry: Telemetry;
  metadataOf: View["metadataOf"];
  publicUrl: string;
  /** Longest a caller waits for a refresh, in milliseconds. The refresh goes on behind it. */
  requestDeadlineMs: number;
}

/** What the steps from a question to its outcome act on. */
interface Resolver extends Dependencies {
  openHeld: OpenHeld;
}

/**
 * Resolves "a token, please" for one owner: the held token while it is fresh, else a refreshed one, else the exact reason. `userId` says
 * who asks; null is a server.
 */
export function createAccessTokens(dependencies: Dependencies) {
  const { connections, connectors, clock, log, metadataOf, publicUrl } = dependencies;
  const resolver: Resolver = { ...dependencies, openHeld: createTokenOpener(dependencies) };

  async function find(chosen: StoredConnection | null, question: Question, judged: number): Promise<AccessTokenOutcome> {
    const { where, request } = question;
    const connector = chosen?.connector ?? connectors.get(where.slug ?? "");
    if (!connector) return absent(connectors, chosen, question);
    const kind = getTokenKind(connector, request.kind);
    if (!chosen || !isEnabled(chosen.connection)) return absent(connectors, chosen, question);
    const stored = ofKind(chosen, kind.kind);
    if (!stored) return withoutKind(chosen, question, kind);
    const missing = findMissing(stored, request, kind);
    if (missing.length > 0) return lacking(stored, question, missing);
    try {
      const full = await resolve(resolver, stored, question);
      if (full.type !== "AccessToken") return full;
      const narrower = await narrow(resolver, stored, full, question);
      // It may have been disconnected or connected again meanwhile, and its life went on (rule 1).
      const owner = ownerOf(stored.connection);
      const judgedAt = performance.now();
      const isHeld = await isStillHeld(connections, owner, stored);
      if (!isHeld || !isJudgedStill(narrower, request.minimumTtl, { judgedAt, now: clock.latest() }))
        return judged === MOST_JUDGEMENTS ? tooSlow(stored) : accessToken(owner, where, request, question.view.reader, judged + 1);
      // Who asks again for a narrower one has the grant's own checked (rule 12).
      for (const { fingerprint } of new Set([full, narrower])) noteGiven(resolver, question, fingerprint);
      await noteOpened(dependencies, stored);
      return narrower;
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      log.error({ ...rowOf(stored), err: error }, "a stored secret cannot be decrypted");
      await noteUnopened(dependencies, stored);
      return secretUnopened(stored.connector.name);
    }
  }

  function accessToken(
    owner: Owner,
    where: ConnectionWhere,
    request: TokenRequest,
    userId: string | null,
    judged = 1,
  ): PromiseOrValue<AccessTokenOutcome> {
    const question: Question = { where, request, view: { clock, metadataOf, publicUrl, reader: userId }, startedAt: clock.now() };
    return andThen(connections.list(owner), (list) => {
      const chosen = choose(list, where);
      return findFresh(resolver, chosen, question) ?? find(chosen, question, judged);
    });
  }

  return accessToken;
}

export type AccessTokens = ReturnType<typeof createAccessTokens>;

/** The store takes so long that nothing can be said of a life that is about to end. */
const tooSlow = ({ connector }: StoredConnection): AccessTokenOutcome =>
  temporarilyUnavailable(connector.name, 1, "this gateway's store is slow");

/** Scopes that are asked for and not granted. Throws BAD_USER_INPUT for one that the operator does not allow. */
function findMissing({ connector, authorization }: StoredConnection, { scopes = [] }: TokenRequest, kind: TokenKindConfig): string[] {
  if (!connector.oauth) return [];
  assertAllowed(scopes, connector, kind);
  return authorization?.status === "active" ? lackingScopes(scopes, authorization, connector) : [];
}

/** The connection works, and has no token of this kind; or it has ended as a whole. */
function withoutKind(stored: StoredConnection, question: Question, kind: TokenKindConfig): AccessTokenOutcome {
  assertAllowed(question.request.scopes ?? [], stored.connector, kind);
  return stored.authorization?.status === "active" ? lackingKind(stored, question, kind) : reconnect(stored, question);
}

/**
 * The held token of a connection, where nothing has to be asked, waited for or noted in the store; else null. Most questions end here,
 * without a promise. Questions for scopes, and for a kind that there is not, go the other way.
 */
function findFresh(resolver: Resolver, chosen: StoredConnection | null, question: Question): GrantedToken | null {
  const { request } = question;
  if (!chosen || !isEnabled(chosen.connection) || request.scopes?.length) return null;
  const { tokenKinds } = chosen.connector;
  const kind = request.kind === undefined ? tokenKinds[0] : tokenKinds.find((each) => each.kind === request.kind);
  const stored = kind ? ofKind(chosen, kind.kind) : null;
  if (!stored || mayHaveOpened(stored)) return null;
  const held = openOrNull(resolver, stored, request);
  if (!held || isNeeded(held) || !isAnswer(held) || isToCheck(resolver, held, question)) return null;
  if (isKilledByRefresh(held) && isRenewable(held) && resolver.refresher.isUnderWay(stored)) return null;
  if (causeOf(held)) refreshAhead(resolver, stored, held);
  noteGiven(resolver, question, held.token.fingerprint);
  return held.token;
}

/** What does not open is left to those who log it. */
function openOrNull({ openHeld }: Resolver, stored: StoredConnection, request: TokenRequest): Held | null {
  try {
    return openHeld(stored, request);
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}

/** For rule 12. */
function noteGiven({ given }: Resolver, { view: { reader } }: Question, fingerprint: string): void {
  if (reader !== null) given.add(reader, fingerprint);
}

/** Whether a connection still has the grant that was read before. */
async function isStillHeld({ list }: ConnectionStore, owner: Owner, { connection, authorization }: StoredConnection): Promise<boolean> {
  const current = choose(await list(owner), { id: connection.id });
  return current !== null && isEnabled(current.connection) && grantsOf(current).some(({ id }) => id === authorization?.id);
}

async function resolve(resolver: Resolver, stored: StoredConnection, question: Question): Promise<AccessTokenOutcome> {
  const { connections, refresher, openHeld, requestDeadlineMs } = resolver;
  const { request, startedAt } = question;
  const held = await openChecked(resolver, stored, question);
  if (!held) return reconnect(stored, question);
  const cause = causeOf(held);
  if (cause === "dead" && !isRenewable(held))
    return conclude(resolver, question, {
      stored: await connections.read(held.connection.id, held.authorization.token_kind),
      problem: null,
    });
  if (!isRenewable(held) || isBeyondReach(held, request)) return answerOf(held, question, null);
  const isKilled = isKilledByRefresh(held);
  if (cause && !isNeeded(held)) {
    refreshAhead(resolver, stored, held);
    return held.token;
  }
  const refreshing = cause ? refresher.refresh(stored, cause) : isKilled ? refresher.underWay(stored) : null;
  if (!refreshing) return answerOf(held, question, null);
  if (!isKilled && isAnswer(held) && !(await outcomeBefore(resolver, startedAt + USABLE_TOKEN_WAIT_MS, refreshing))) {
    // Its life went on meanwhile (rule 1).
    const later = openHeld(stored, request);
    if (later && isAnswer(later)) return later.token;
  }
  const outcome = await outcomeBefore(resolver, startedAt + requestDeadlineMs, refreshing);
  if (outcome) return conclude(resolver, question, outcome);
  if (isKilled) return unanswerable(held, question, stillRefreshing);
  return answerOf({ ...(openHeld(stored, request) ?? held), refusedBy: held.refusedBy }, question, stillRefreshing);
}

/** Whether a refresh is to be waited for. Else its token is given by rule 1 while it is refreshed ahead of its end. */
const isNeeded = (held: Held): boolean =>
  causeOf(held) !== null && (isKilledByRefresh(held) || !isRenewable(held) || !isAnswer(held) || held.token.expiresAt === null);

/** Rule 1: the current token is given meanwhile. While the provider is left alone there is nothing to start. */
function refreshAhead({ refresher, refreshBehind, clock }: Resolver, stored: StoredConnection, { authorization }: Held): void {
  if (standingProblem(authorization, clock.now())) return;
  refreshBehind(stored, authorization.id, () => refresher.refresh(stored, "due"));
}

/** The token with just the scopes that were asked for, where the provider gives one in time; else the grant's own. */
async function narrow(
  { findNarrower, clock, requestDeadlineMs }: Resolver,
  stored: StoredConnection,
  full: GrantedToken,
  { request: { scopes = [], minimumTtl, rejected }, startedAt }: Question,
): Promise<GrantedToken> {
  if (scopes.length === 0) return full;
  const finding = findNarrower(stored, full, { scopes, minimumTtl, rejected });
  // A failure is told to a caller that still waits.
  finding.catch(() => {});
  return (await orNullAt(clock, startedAt + requestDeadlineMs, finding)) ?? full;
}

/** Rule 12: a token that needs no refresh is checked where the caller wants it. */
async function openChecked(resolver: Resolver, stored: StoredConnection, question: Question): Promise<Held | null> {
  const { checker, openHeld } = resolver;
  const { request } = question;
  const held = openHeld(stored, request);
  if (!held || isNeeded(held) || !isToCheck(resolver, held, question)) return held;
  const isRefused = await checker.isRefused(held, held.token.value);
  // Its life went on meanwhile (rule 1).
  const later = openHeld(stored, request);
  return later && isRefused ? { ...later, refusedBy: "provider" } : later;
}

const isToCheck = ({ given, checker }: Resolver, held: Held, { request, view }: Question): boolean =>
  (request.verify ?? asksAgain(given, held, view.reader)) && checker.isDue(held);

const asksAgain = (given: GivenTokens, { token, authorization }: Held, userId: string | null): boolean =>
  userId !== null && given.has(userId, token.fingerprint, authorization.issued_at ?? 0);

/** What the store says now, after a refresh or a check. */
function conclude(
  { connectors, openHeld }: Resolver,
  question: Question,
  { stored: current, problem }: RefreshOutcome,
): AccessTokenOutcome {
  if (!current || !isEnabled(current.connection)) return absent(connectors, current, question);
  const renewed = openHeld(current, question.request);
  return renewed ? answerOf(renewed, question, problem) : reconnect(current, question);
}

/** Null: the refresh takes longer, and goes on by itself. */
async function outcomeBefore(
  { clock, telemetry: { metrics } }: Resolver,
  deadline: number,
  refreshing: Promise<RefreshOutcome>,
): Promise<RefreshOutcome | null> {
  // A failure is the store's. A caller that still waits is told; the next caller tries again.
  refreshing.catch(() => {});
  metrics.addWaiters(1);
  try {
    return await orNullAt(clock, deadline, refreshing);
  } finally {
    metrics.addWaiters(-1);
  }
}
