import { notFound } from "../../schema/errors.ts";
import { describeProblem } from "../../schema/problems.ts";
import type { Authorization, Connection, Owner, Viewer } from "../../schema/upstream.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { accountFromClaims } from "../oauth/account.ts";
import { createAuthorizationRequest, createVerifier } from "../oauth/authorize.ts";
import { exchangeCode } from "../oauth/exchange.ts";
import { fetchAccount } from "../oauth/userinfo.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { fillProvider } from "../providers/template.ts";
import { createActivation } from "./activation.ts";
import { assertSameUser, assertSameVisitor, type Bind, createAttempts, type Link, UNKNOWN_LINK, type Visitor } from "./attempts.ts";
import { createPending, findTarget } from "./pending.ts";
import { parseCollected } from "./collected.ts";
import { type ConnectionStore, type StartedConnection, toAuthorization, toConnection, type View } from "./connections.ts";
import type { Database } from "../store/database.ts";
import { assertStillConnectsFor } from "./current-owner.ts";
import type { Revoker } from "./revoke.ts";
import { logMisread } from "./refresh-result.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import type { FirstTokens, Spool } from "./spool.ts";
import type { AttemptRow } from "../store/tables.ts";
import { newAuthorization, newConnection } from "./new-rows.ts";
import { retryAndSpool } from "./retry-while-store-away.ts";
import { openFields, placeOf, rowOf, sealColumn } from "./sealed-columns.ts";

export interface ConnectingDependencies {
  database: Database;
  connections: ConnectionStore;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  revoker: Revoker;
  spool: Spool;
  sealer: Sealer;
  macs: RowMacs;
  clock: Clock;
  log: Log;
  /** Where this gateway is reached, without a slash at the end. */
  publicUrl: string;
  timeoutMs: number;
  /** Aborted when the process ends. */
  signal: AbortSignal;
}

interface Failure {
  code: string;
  /** For servers and the log: with what the provider said. */
  message: string;
}

/** Where a visit to a provider ended. */
export interface Finished {
  connection: Connection;
  returnTo: string | null;
  failure: Failure | null;
}

/** The two halves of connecting, and the form between them. */
export function createConnecting(dependencies: ConnectingDependencies) {
  const { database, connections, connectors, sealer, macs, clock, log, spool, publicUrl, timeoutMs, signal } = dependencies;
  const attempts = createAttempts(dependencies);
  const activation = createActivation(dependencies);
  const pending = createPending({ attempts, clock });
  const viewOf = (reader: string): View => ({ clock, publicUrl, reader });

  async function start(
    owner: Owner,
    { viewer, bind, link }: { viewer: Viewer; bind: Bind; link: Link | null },
    slug: string,
    { id, returnTo }: { id: string | null; returnTo: string | null },
  ): Promise<Connection> {
    const connector = connectors.get(slug);
    if (!connector) throw notFound(`There is no connector "${slug}" in this platform's catalog.`);
    const verifier = createVerifier();
    const { started, attempt } = await connections.begin(owner, slug, async (transaction, owned) => {
      const now = clock.now();
      const existing = findTarget(owned, connector, id);
      const connection = existing ?? newConnection(owner, slug, id, now);
      await pending.assertMayStart(transaction, viewer.userId, connector);
      await pending.removeAbandoned(transaction, owned, existing);
      if (!existing) await pending.insertConnection(transaction, connection);
      const authorization = newAuthorization(macs, connection, connector.scopes, now, viewer);
      const attempt = attempts.create({
        authorizationId: authorization.id,
        connectorSlug: slug,
        userId: viewer.userId,
        bind,
        verifier,
        redirectUri: `${publicUrl}/callback/${slug}`,
        returnTo,
      });
      await pending.insertStarted(transaction, connection, authorization, attempt.row);
      return { started: { connection, authorization, connector }, attempt };
    });
    const next = await nextStep(started, attempt.row, attempt.state, verifier);
    return toConnection(started, viewOf(viewer.userId), await lead(next, { slug, state: attempt.state }, link));
  }

  const lead = async (next: Partial<Authorization>, started: { slug: string; state: string }, link: Link | null) =>
    next.authorizeUrl && link ? { ...next, authorizeUrl: await link(started) } : next;

  /** What the browser does next: a form of ours, then the provider. */
  async function nextStep(
    started: StartedConnection,
    attempt: AttemptRow,
    state: string,
    verifier: string,
  ): Promise<Partial<Authorization>> {
    const { collect, oauth, slug, scopes } = started.connector;
    if (collect && !started.authorization.sealed_fields)
      return { state, collect, authorizeUrl: `${publicUrl}/connect/${slug}?state=${state}` };
    if (!oauth) return {};
    const provider = fillProvider(oauth.provider, openCollected(started));
    const url = await createAuthorizationRequest({
      provider,
      client: oauth.client,
      redirectUri: attempt.redirect_uri,
      scopes,
      state,
      verifier,
    });
    return { state, authorizeUrl: url.href };
  }

  /** Throws NOT_FOUND when what was collected does not open: connecting is started again. */
  function openCollected(started: StartedConnection): Record<string, string> {
    try {
      return openFields(dependencies, started);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      log.error({ ...rowOf(started), err: error }, "a stored secret does not open");
      throw notFound(UNKNOWN_LINK);
    }
  }

  /** The form's facts, for the page that shows it. Throws NOT_FOUND and FORBIDDEN. */
  async function getForm(state: string, slug: string, visitor: Visitor): Promise<StartedConnection> {
    const attempt = await attempts.get(state, slug);
    assertSameVisitor(attempt, visitor);
    return readStarted(attempt);
  }

  /**
   * Takes what this user has started over into another browser, which it is bound to from now on. Answers where it goes on there: our
   * form, or the provider. Throws NOT_FOUND and FORBIDDEN.
   */
  async function takeOver(state: string, slug: string, userId: string, bind: Bind): Promise<{ location: string; isForm: boolean }> {
    const attempt = await attempts.get(state, slug);
    assertSameUser(attempt, userId);
    const { authorizeUrl, collect } = await nextStep(await readStarted(attempt), attempt, state, attempts.openVerifier(attempt));
    const isBound = authorizeUrl && (await attempts.rebind(attempt.state_hash, userId, bind(attempt.state_hash)));
    if (!isBound) throw notFound("This link was already used: start again if connecting did not succeed.");
    return { location: authorizeUrl, isForm: Boolean(collect) };
  }

  /** Binds the user's last started authorization to a browser of theirs, if it can still be finished. */
  async function bindStarted(stateHash: string, userId: string, bind: Bind): Promise<void> {
    await attempts.rebind(stateHash, userId, bind(stateHash));
  }

  /** The hash of the state of what this user started last, if it can still be finished; else null. */
  const findStarted = async (userId: string): Promise<string | null> => (await attempts.listPending(userId))[0]?.state_hash ?? null;

  /** Who started an authorization, and of what connector, for a page that asks whether to go on. Throws NOT_FOUND. */
  async function describe(state: string, slug: string): Promise<{ userId: string; connectorName: string }> {
    const attempt = await attempts.get(state, slug);
    return { userId: attempt.user_id, connectorName: (await readStarted(attempt)).connector.name };
  }

  /** Where what a state has started was to end, also when that can not be any more; null for an unknown one. */
  const findReturnTo = async (state: string): Promise<string | null> => (await attempts.find(state))?.return_to ?? null;

  async function submit(
    viewer: Viewer,
    state: string,
    fields: { name: string; value: string }[],
    link: Link | null = null,
  ): Promise<Authorization & { returnTo: string | null }> {
    const attempt = await attempts.get(state, null);
    if (attempt.user_id !== viewer.userId) throw notFound(UNKNOWN_LINK);
    const started = await readStarted(attempt);
    const values = parseCollected(started.connector, fields);
    const place = placeOf(started.connection, started.authorization.id);
    const sealedFields = sealColumn(sealer, place, "sealed_fields", JSON.stringify(values));
    const returnTo = attempt.return_to;
    if (!started.connector.oauth) {
      await attempts.use(attempt);
      const failure = await activation.withKey(started, attempt.user_id, values, sealedFields);
      if (failure) throw notFound(failure.message);
      const { authorization, connector } = await readStarted(attempt);
      return { ...toAuthorization(authorization, connector, viewOf(viewer.userId)), returnTo };
    }
    const { numUpdatedRows } = await database.query
      .updateTable("authorizations")
      .set({ sealed_fields: sealedFields })
      .where("id", "=", started.authorization.id)
      // The callback may have come since the attempt was looked at.
      .where("status", "=", "awaiting_callback")
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) throw notFound("This link was already used: start again if connecting did not succeed.");
    const filled = { ...started, authorization: { ...started.authorization, sealed_fields: sealedFields } };
    const next = await nextStep(filled, attempt, state, attempts.openVerifier(attempt));
    return {
      ...toAuthorization(filled.authorization, filled.connector, viewOf(viewer.userId)),
      ...(await lead(next, { slug: filled.connector.slug, state }, link)),
      returnTo,
    };
  }

  /** @param onStoreAway called when the first tokens wait for a store that is away: the visitor need not. */
  async function finish(slug: string, callback: URLSearchParams, visitor: Visitor, onStoreAway: () => void): Promise<Finished> {
    const state = callback.get("state") ?? "";
    const attempt = await attempts.get(state, slug);
    assertSameVisitor(attempt, visitor);
    const started = await readStarted(attempt);
    await attempts.use(attempt);
    const failure = await exchange(started, attempt, state, callback, onStoreAway).catch(async (error: unknown) => {
      // The state is used up, so this authorization cannot be finished: those who watch it are told.
      await activation.fail(started, { code: "internal", message: "Something went wrong here while connecting: start again." });
      throw error;
    });
    if (failure) {
      const facts = { connection: started.connection.id, connector: slug, code: failure.code, reason: failure.message };
      // The user may decide so.
      log[describeProblem(started.connector.name, failure.code, "attempt").isAlarm ? "warn" : "info"](facts, "connecting failed");
      await activation.fail(started, failure);
    }
    const connection = (await connections.read(started.connection.id)) ?? started;
    return { connection: toConnection(connection, viewOf(attempt.user_id)), returnTo: attempt.return_to, failure };
  }

  async function exchange(
    started: StartedConnection,
    attempt: AttemptRow,
    state: string,
    callback: URLSearchParams,
    onStoreAway: () => void,
  ): Promise<Finished["failure"]> {
    const { oauth } = started.connector;
    if (!oauth) throw notFound("This connector has no provider to come back from.");
    if (callback.has("code")) await activation.mark(started, "retrieving_tokens");
    const provider = fillProvider(oauth.provider, openCollected(started));
    const verifier = attempts.openVerifier(attempt);
    const { client } = oauth;
    const knownIdPath = (await connections.read(started.connection.id))?.authorization?.account_id_path ?? null;
    const askedAt = clock.now();
    const result = await exchangeCode({
      provider,
      client,
      redirectUri: attempt.redirect_uri,
      callbackParams: callback,
      expectedState: state,
      verifier,
      askedAt,
      timeoutMs,
    });
    if (!result.ok) {
      if (result.missing !== null)
        log.warn({ connector: started.connector.slug, missing: result.missing }, "the provider's answer holds no tokens");
      return { code: result.code, message: result.message };
    }
    logMisread(log, started.connector.slug, result.tokens);
    const asked = await fetchAccount({ provider, accessToken: result.tokens.accessToken, knownIdPath, timeoutMs });
    const account = asked ?? accountFromClaims(provider, result.tokens.idTokenClaims, knownIdPath);
    const granted = { tokens: { ...result.tokens, idTokenClaims: null }, askedAt, account };
    // A code works once: these tokens are the only ones that come of it.
    return retryAndSpool(
      { clock, signal, onStoreAway },
      (err) => keepFirst(started, attempt.user_id, granted, err),
      () => activation.withTokens(started, attempt.user_id, granted),
    );
  }

  function keepFirst(
    { connection, connector, authorization }: StartedConnection,
    userId: string,
    granted: FirstTokens["granted"],
    err: unknown,
  ): () => void {
    log.error({ connection: connection.id, connector: connector.slug, err }, "first tokens cannot be stored: they are kept in the spool");
    const { id: authorizationId, version } = authorization;
    return spool.keep({ connectionId: connection.id, authorizationId, version, userId, replaces: connection.authorization_id, granted });
  }

  /** Throws NOT_FOUND when it is gone, and when the user who started it does not connect for its owner any more. */
  async function readStarted(attempt: AttemptRow): Promise<StartedConnection> {
    const authorization = await database.query
      .selectFrom("authorizations")
      .selectAll()
      .where("id", "=", attempt.authorization_id)
      .executeTakeFirst();
    const stored = authorization && (await connections.read(authorization.connection_id));
    if (!stored) throw notFound("The connection was removed in the meantime: start again.");
    await assertStillConnectsFor(dependencies, attempt.user_id, stored.connection);
    return { ...stored, authorization };
  }

  return { start, submit, finish, getForm, takeOver, findStarted, bindStarted, describe, findReturnTo };
}
