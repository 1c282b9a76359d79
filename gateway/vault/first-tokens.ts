import { accountOf, sourcesOfPath } from "../oauth/account.ts";
import { declaredSources, type OAuthClient, type OAuthProvider, ofTokenKind } from "../oauth/provider.ts";
import type { TokenFailure, TokenResult } from "../oauth/result.ts";
import { readStated, type StatedValues } from "../oauth/stated-values.ts";
import { unknownEndpoints } from "../oauth/unknown-endpoints.ts";
import { valuesOf } from "../providers/connector-values.ts";
import { FieldError, fillProvider, isFilled, type Values } from "../providers/template.ts";
import { observeProvider } from "../runtime/telemetry.ts";
import type { Activated } from "./activation.ts";
import { askUserInfo } from "./ask-userinfo.ts";
import { type ConnectingFailure, describeFailure, wrongCallback } from "./connecting-failure.ts";
import type { StartedConnection } from "./connections.ts";
import { factsOf } from "./log-facts.ts";
import { tokenKindOf } from "./token-kinds.ts";
import { logMisread } from "./refresh-result.ts";
import { retryAndSpool } from "./retry-while-store-away.ts";
import type { Granted } from "./spool.ts";
import { type ConnectingParts, openCollected } from "./started-connections.ts";

/** What every request for first tokens is made of. */
interface FirstRequest {
  provider: OAuthProvider;
  client: OAuthClient;
  /** Milliseconds since the epoch: now. */
  askedAt: number;
  timeoutMs: number;
}

type FirstResult =
  | { ok: true; granted: Granted }
  /** `answer`: the provider's; null where nothing was sent. */
  | { ok: false; failure: ConnectingFailure; answer: TokenFailure | null };

/**
 * Asks for the first tokens of a started connection, and learns whose they are.
 * @param callback the parameters of the callback; empty where the provider sends no browser back
 */
export async function requestFirst(
  parts: ConnectingParts,
  started: StartedConnection,
  callback: URLSearchParams,
  ask: (request: FirstRequest) => Promise<TokenResult>,
): Promise<FirstResult> {
  const { connections, discovery, clock, log, telemetry, timeoutMs } = parts;
  const { slug, oauth } = started.connector;
  if (!oauth) throw new TypeError("Only a connector with an OAuth provider can request tokens.");
  const { client } = oauth;
  const completed = await discovery.complete(oauth.provider).catch((error: unknown) => unknownEndpoints("exchange", error));
  if ("ok" in completed) return { ok: false, failure: { code: completed.code, message: completed.message }, answer: completed };
  const fields = openCollected(parts, started);
  const knownIdPath = (await connections.read(started.connection.id))?.authorization?.account_id_path ?? null;
  const ofKind = ofTokenKind(completed, tokenKindOf(started.authorization, started.connector));
  const findFilled = (stated: StatedValues): OAuthProvider | null => {
    const filled = fillIfAllowed(ofKind, valuesOf(started.connector, client, { fields, stated }));
    return filled && readingToo(filled, knownIdPath);
  };
  const before = statedBefore(oauth.provider, callback, fields);
  const provider = findFilled(before);
  if (provider === null || !isFilled(provider.tokenEndpoint)) return { ok: false, failure: wrongCallback, answer: null };
  const askedAt = clock.earliest();
  const result = await observeProvider(telemetry, slug, "exchange", () => ask({ provider, client, askedAt, timeoutMs }));
  if (!result.ok) {
    if (result.missing !== null) log.warn({ connector: slug, missing: result.missing }, "the provider's answer holds no tokens");
    return { ok: false, failure: { code: result.code, message: result.message }, answer: result };
  }
  logMisread(log, slug, result.tokens);
  const known = { ...before, ...result.tokens.stated };
  const told = findFilled(known);
  const { accessToken } = result.tokens;
  const asked = told === null ? {} : await askUserInfo(telemetry, slug, { provider: told, accessToken, known, timeoutMs });
  const tokens = { ...result.tokens, stated: { ...known, ...asked } };
  const account = accountOf(provider, tokens.stated, knownIdPath);
  return {
    ok: true,
    granted: { tokens, askedAt, clientId: client.clientId, account, isKnownToUserInfo: Object.keys(asked).length > 0 },
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

/**
 * Stores first tokens, which this process alone has: what they were asked with works once.
 * @param onStoreAway called when they wait for a store that is away
 */
export function storeFirst(
  parts: ConnectingParts,
  started: StartedConnection,
  userId: string,
  granted: Granted,
  onStoreAway: () => void,
): Promise<Activated> {
  const { activation, clock, signal } = parts;
  return retryAndSpool(
    { clock, signal, onStoreAway },
    (err) => keepFirst(parts, started, userId, granted, err),
    () => activation.withTokens(started, userId, granted),
  );
}

function keepFirst({ log, spool }: ConnectingParts, started: StartedConnection, userId: string, granted: Granted, err: unknown) {
  const { connection, authorization } = started;
  log.error({ ...factsOf(started), err }, "the tokens of a new grant cannot be stored: they are kept in the spool");
  return spool.keep({
    connectionId: connection.id,
    authorizationId: authorization.id,
    version: authorization.version,
    userId,
    replaces: connection.authorization_id,
    granted,
  });
}

/** Those who watch the authorization are told, and the log. */
export async function failStarted(parts: ConnectingParts, started: StartedConnection, failure: ConnectingFailure): Promise<void> {
  const { code, message, logged: reason = message } = failure;
  // The user may decide so.
  const level = describeFailure(started.connector.name, failure).isAlarm ? "warn" : "info";
  parts.log[level]({ ...factsOf(started), code, reason }, "connecting failed");
  await parts.activation.fail(started, failure);
}
