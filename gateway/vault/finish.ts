import { notFound } from "../../schema/errors.ts";
import type { Connection } from "../../schema/upstream.ts";
import { accountOf, sourcesOfPath } from "../oauth/account.ts";
import { exchangeCode } from "../oauth/exchange.ts";
import { declaredSources, type OAuthProvider } from "../oauth/provider.ts";
import { readStated, type StatedValues } from "../oauth/stated-values.ts";
import { unknownEndpoints } from "../oauth/unknown-endpoints.ts";
import { fetchStated } from "../oauth/userinfo.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { valuesOf } from "../providers/connector-values.ts";
import { FieldError, fillProvider, isFilled, type Values } from "../providers/template.ts";
import type { AttemptRow } from "../store/tables.ts";
import { assertSameVisitor, openSecrets, type Visitor } from "./attempts.ts";
import { type ConnectingFailure, describeFailure, internalError, wrongCallback } from "./connecting-failure.ts";
import type { Activated } from "./activation.ts";
import { type StartedConnection, toConnection } from "./connections.ts";
import { assertSigned } from "./provider-start.ts";
import { logMisread } from "./refresh-result.ts";
import { retryAndSpool } from "./retry-while-store-away.ts";
import type { Granted } from "./spool.ts";
import { type ConnectingParts, openCollected, readStarted } from "./started-connections.ts";

/** Where a visit to a provider ended. */
export interface Finished {
  connection: Connection;
  returnTo: string | null;
  failure: ConnectingFailure | null;
  /** The connection that it was started for, where the user came back with another account, which has one of its own. */
  instead: Connection | null;
}

/** A provider's callback, and what it answers. */
interface Visit {
  attempt: AttemptRow;
  started: StartedConnection;
  callback: URLSearchParams;
}

/** The second half of connecting: the provider's callback becomes the connection's tokens, or a failure. */
export function createFinish(parts: ConnectingParts) {
  const { attempts, activation, connectors, connections, clock, metadataOf, publicUrl } = parts;

  /** @param onStoreAway called when the first tokens wait for a store that is away: the visitor need not. */
  return async function finish(slug: string, callback: URLSearchParams, visitor: Visitor, onStoreAway: () => void): Promise<Finished> {
    assertSigned(parts, connectors.get(slug), callback);
    const attempt = await attempts.get(stateOf(callback), slug);
    assertSameVisitor(attempt, visitor);
    const started = await readStarted(parts, attempt);
    await attempts.use(attempt);
    const activated = await exchangeAndStore(parts, { attempt, started, callback }, onStoreAway).catch(async (error: unknown) => {
      // The state is used up, so this authorization cannot be finished: those who watch it are told.
      await activation.fail(started, internalError);
      throw error;
    });
    const { failure } = activated;
    if (failure) {
      logFailure(parts, started, failure);
      await activation.fail(started, failure);
    }
    const startedFor = started.connection.id;
    const connectionId = activated.failure ? startedFor : activated.connectionId;
    const view = { clock, metadataOf, publicUrl, reader: attempt.user_id };
    const show = async (id: string) => toConnection((await connections.read(id)) ?? started, view);
    const instead = connectionId === startedFor ? null : await show(startedFor);
    return { connection: await show(connectionId), returnTo: attempt.return_to, failure, instead };
  };
}

const stateOf = (callback: URLSearchParams): string => callback.get("state") ?? "";

function logFailure({ log }: ConnectingParts, { connection, connector }: StartedConnection, failure: ConnectingFailure): void {
  const { code, message } = failure;
  // The user may decide so.
  const level = describeFailure(connector.name, failure).isAlarm ? "warn" : "info";
  log[level]({ connection: connection.id, connector: connector.slug, code, reason: message }, "connecting failed");
}

async function exchangeAndStore(parts: ConnectingParts, visit: Visit, onStoreAway: () => void): Promise<Activated> {
  const { activation, clock, signal } = parts;
  const { attempt, started, callback } = visit;
  const { oauth } = started.connector;
  if (!oauth) throw notFound("This connector has no provider to come back from.");
  if (callback.has(oauth.provider.codeParam)) await activation.markRetrieving(started);
  const result = await exchange(parts, visit, oauth);
  if (!result.ok) return { failure: result.failure };
  const { granted } = result;
  // A code works once: these tokens are the only ones that come of it.
  return retryAndSpool(
    { clock, signal, onStoreAway },
    (err) => keepFirst(parts, visit, granted, err),
    () => activation.withTokens(started, attempt.user_id, granted),
  );
}

type ExchangeResult = { ok: true; granted: Granted } | { ok: false; failure: ConnectingFailure };

/** Exchanges the code for tokens, and learns whose they are. */
async function exchange(
  parts: ConnectingParts,
  { attempt, started, callback }: Visit,
  oauth: NonNullable<ConnectorConfig["oauth"]>,
): Promise<ExchangeResult> {
  const { connections, discovery, clock, log, timeoutMs } = parts;
  const { slug } = started.connector;
  const completed = await discovery.complete(oauth.provider).catch((error: unknown) => unknownEndpoints("exchange", error));
  if ("ok" in completed) return { ok: false, failure: { code: completed.code, message: completed.message } };
  const fields = openCollected(parts, started);
  const knownIdPath = (await connections.read(started.connection.id))?.authorization?.account_id_path ?? null;
  const findFilled = (stated: StatedValues): OAuthProvider | null => {
    const filled = fillIfAllowed(completed, valuesOf(started.connector, oauth.client, { fields, stated }));
    return filled && readingToo(filled, knownIdPath);
  };
  const before = statedBefore(oauth.provider, callback, fields);
  const provider = findFilled(before);
  if (provider === null || !isFilled(provider.tokenEndpoint)) return { ok: false, failure: wrongCallback };
  const { verifier } = openSecrets(parts, attempt);
  const askedAt = clock.now();
  const result = await exchangeCode({
    provider,
    client: oauth.client,
    redirectUri: attempt.redirect_uri,
    callbackParams: callback,
    expectedState: stateOf(callback),
    verifier,
    askedAt,
    timeoutMs,
  });
  if (!result.ok) {
    if (result.missing !== null) log.warn({ connector: slug, missing: result.missing }, "the provider's answer holds no tokens");
    return { ok: false, failure: { code: result.code, message: result.message } };
  }
  logMisread(log, slug, result.tokens);
  const known = { ...before, ...result.tokens.stated };
  const told = findFilled(known);
  const asked = told === null ? {} : await fetchStated({ provider: told, accessToken: result.tokens.accessToken, known, timeoutMs });
  const tokens = { ...result.tokens, stated: { ...known, ...asked } };
  const account = accountOf(provider, tokens.stated, knownIdPath);
  return {
    ok: true,
    granted: { tokens, askedAt, clientId: oauth.client.clientId, account, isKnownToUserInfo: Object.keys(asked).length > 0 },
  };
}

/** Null where a value leads where its rule does not let it: nothing is sent there. */
function fillIfAllowed(provider: OAuthProvider, values: Values): OAuthProvider | null {
  try {
    return fillProvider(provider, values);
  } catch (error) {
    if (error instanceof FieldError) return null;
    throw error;
  }
}

/** The provider, whose answers are also read at the path by which the account was known before. */
const readingToo = (provider: OAuthProvider, path: string | null): OAuthProvider =>
  path === null ? provider : { ...provider, keptSources: [...provider.keptSources, ...sourcesOfPath(path)] };

/** What the callback and the user's fields state. */
const statedBefore = (provider: OAuthProvider, callback: URLSearchParams, fields: Record<string, string>): StatedValues => ({
  ...readStated("field", fields, declaredSources(provider)),
  ...readStated("callback", Object.fromEntries(callback), declaredSources(provider)),
});

function keepFirst({ log, spool }: ConnectingParts, { attempt, started }: Visit, granted: Granted, err: unknown): () => void {
  const { connection, connector, authorization } = started;
  log.error({ connection: connection.id, connector: connector.slug, err }, "first tokens cannot be stored: they are kept in the spool");
  return spool.keep({
    connectionId: connection.id,
    authorizationId: authorization.id,
    version: authorization.version,
    userId: attempt.user_id,
    replaces: connection.authorization_id,
    granted,
  });
}
