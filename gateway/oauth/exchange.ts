import * as oauth from "oauth4webapi";
import { findCallbackError } from "./callback-error.ts";
import { findDeclaredError } from "./error-rules.ts";
import { createFailure, kindOf } from "./failure.ts";
import { type FetchLimits, PROVIDER_TIMEOUT_MS } from "../http/fetch.ts";
import { type OAuthClient, type OAuthProvider, standardProvider } from "./provider.ts";
import type { UpgradeRequest } from "./provider-requests.ts";
import type { TokenFailure, TokenResult, TokenSet } from "./result.ts";
import { callTokenEndpoint, toServer } from "./token-request.ts";

/** A callback has none. */
const NO_STATUS = 0;

export interface CodeExchange extends Partial<FetchLimits> {
  readonly provider: OAuthProvider;
  readonly client: OAuthClient;
  /** The very one the authorization request carried (RFC 6749 section 4.1.3). */
  readonly redirectUri: string;
  /** The query of the callback, untouched. */
  readonly callbackParams: URLSearchParams;
  readonly expectedState: string;
  readonly verifier: string;
  /** Milliseconds since the epoch, by the clock that the tokens' expiry is judged by. Default the machine's now. */
  readonly askedAt?: number | undefined;
}

/**
 * Checks a callback and exchanges its code for tokens (RFC 6749 sections 4.1.2 to 4.1.4).
 *
 * `state` must be the expected one. `iss` must be the provider's issuer when both are known (RFC 9207 section 2.4); a missing one passes
 * unless the provider is declared to send it always. An error of the provider becomes a result: `denied` when the person said no. A
 * code is good for one exchange, so nothing is retried. `timeoutMs` covers the whole exchange (default 10 000). Throws only `TypeError`,
 * on an endpoint that is not https (or http on a loopback host).
 */
export async function exchangeCode(exchange: CodeExchange): Promise<TokenResult> {
  const params = validateCallback(exchange);
  if (!(params instanceof URLSearchParams)) return params;
  const result = await exchangeValidated(exchange, params);
  if (!result.ok || exchange.provider.upgrade === null) return result;
  const upgraded = await upgradeToken(exchange, exchange.provider.upgrade, result.tokens);
  return upgraded.ok ? { ok: true, tokens: withStated(upgraded.tokens, result.tokens) } : upgraded;
}

/** The tokens that last longer, with what the first answer alone has stated. */
const withStated = (tokens: TokenSet, first: TokenSet): TokenSet => ({
  ...tokens,
  scopes: tokens.scopes ?? first.scopes,
  stated: { ...first.stated, ...tokens.stated },
  ...(first.further && { further: first.further }),
});

/** Exchanges the first access token for one that lasts longer, where the provider has a request of its own for that. */
async function upgradeToken(
  { provider, client, redirectUri, askedAt = Date.now(), timeoutMs = PROVIDER_TIMEOUT_MS, signal, ...exchange }: CodeExchange,
  { url, method, params }: UpgradeRequest,
  first: TokenSet,
): Promise<TokenResult> {
  const tokenRequest = { ...standardProvider.tokenRequest, method, body: method === "GET" ? "query" : "form" } as const;
  return callTokenEndpoint({
    operation: "exchange",
    provider: { ...provider, tokenRequest, tokenParams: { exchange: params, refresh: {} } },
    client,
    askedAt,
    timeoutMs,
    signal,
    endpoint: url,
    params: {},
    values: { client_id: client.clientId, client_secret: client.clientSecret, redirect_uri: redirectUri, access_token: first.accessToken },
    secrets: [first.accessToken, ...secretsOf({ provider, client, redirectUri, ...exchange })],
    request: ({ server, client: clientFacts, options }) =>
      oauth.genericTokenEndpointRequest(server, clientFacts, oauth.None(), String(params["grant_type"] ?? ""), {}, options),
    process: ({ server, client: clientFacts }, response) => oauth.processGenericTokenEndpointResponse(server, clientFacts, response),
  });
}

function exchangeValidated(exchange: CodeExchange, params: URLSearchParams): Promise<TokenResult> {
  const { provider, client, redirectUri, verifier, askedAt = Date.now(), timeoutMs = PROVIDER_TIMEOUT_MS, signal } = exchange;
  const proof = provider.pkce ? verifier : oauth.nopkce;
  return callTokenEndpoint({
    operation: "exchange",
    provider,
    client,
    askedAt,
    timeoutMs,
    signal,
    endpoint: provider.tokenEndpoint,
    params: {},
    values: { client_id: client.clientId, client_secret: client.clientSecret, redirect_uri: redirectUri },
    secrets: secretsOf(exchange),
    request: ({ server, client, authentication, options }) =>
      oauth.authorizationCodeGrantRequest(server, client, authentication, params, redirectUri, proof, options),
    process: ({ server, client }, response) => oauth.processAuthorizationCodeResponse(server, client, response),
  });
}

/** The validated parameters, or why they are no good. */
function validateCallback(exchange: CodeExchange): URLSearchParams | TokenFailure {
  const { provider, client, expectedState } = exchange;
  const params = checkable(exchange);
  try {
    const valid = oauth.validateAuthResponse(toServer(provider), { client_id: client.clientId }, params, expectedState);
    if (!valid.get("code")) return invalid(exchange, "missing_code");
    return valid.getAll("code").length === 1 ? valid : invalid(exchange, "invalid_callback");
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) return refused(exchange, error);
    if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError)
      return invalid(exchange, problemOf(exchange));
    throw error;
  }
}

/**
 * The provider's names for the code and its error become the standard's. Without a known issuer `iss` cannot be compared with anything: the redirect URI per connector is then the defence against mix-up.
 */
function checkable({ provider, callbackParams }: CodeExchange): URLSearchParams {
  const params = withStandardCode(callbackParams, provider);
  if (provider.issuer === null) params.delete("iss");
  const error = findCallbackError(params);
  if (error !== null && !params.has("error")) params.set("error", error.code);
  if (error?.description && !params.has("error_description")) params.set("error_description", error.description);
  return params;
}

/** Where the provider names the code otherwise, a parameter `code` is none. */
function withStandardCode(callback: URLSearchParams, { codeParam }: OAuthProvider): URLSearchParams {
  const params = new URLSearchParams(callback);
  if (codeParam === "code") return params;
  params.delete("code");
  for (const code of callback.getAll(codeParam)) params.append("code", code);
  return params;
}

function refused(exchange: CodeExchange, error: oauth.AuthorizationResponseError): TokenFailure {
  const body = Object.fromEntries(exchange.callbackParams);
  const code = findDeclaredError(exchange.provider, { operation: "authorize", status: NO_STATUS, body }) ?? error.error;
  const facts = { operation: "authorize", secrets: secretsOf(exchange) } as const;
  return createFailure({ ...facts, kind: kindOf(code, NO_STATUS, "authorize"), code, description: error.error_description });
}

function invalid(exchange: CodeExchange, code: string): TokenFailure {
  return createFailure({ operation: "authorize", kind: "invalid", code, secrets: secretsOf(exchange) });
}

function problemOf({ provider, callbackParams, expectedState }: CodeExchange): string {
  const isOnly = (name: string, value: string) => callbackParams.getAll(name).join("\n") === value;
  if (!isOnly("state", expectedState)) return "state_mismatch";
  const needsIssuer = callbackParams.has("iss") || provider.requiresIssuerParameter;
  return provider.issuer !== null && needsIssuer && !isOnly("iss", provider.issuer) ? "issuer_mismatch" : "invalid_callback";
}

function secretsOf({ provider, callbackParams, verifier, expectedState, client }: CodeExchange): readonly string[] {
  return [
    ...callbackParams.getAll("code"),
    ...callbackParams.getAll(provider.codeParam),
    verifier,
    expectedState,
    client.clientSecret ?? "",
  ];
}
