import * as oauth from "oauth4webapi";
import { type FetchLimits, PROVIDER_TIMEOUT_MS } from "../http/fetch.ts";
import { createAssertion } from "./assertion.ts";
import type { OAuthClient, OAuthProvider } from "./provider.ts";
import type { TokenResult } from "./result.ts";
import { type CallContext, callTokenEndpoint } from "./token-request.ts";

export interface TokensRequest extends Partial<FetchLimits> {
  readonly provider: OAuthProvider;
  readonly client: OAuthClient;
  readonly scopes: readonly string[];
  /** What fills the assertion's placeholders, where there is one. */
  readonly values: Readonly<Record<string, string>>;
  /** Whether client or key are the user's, so that the user can mend what the provider refuses. */
  readonly isTyped: boolean;
  /** The first tokens, or the next ones. */
  readonly operation: "exchange" | "refresh";
  /** What else is secret of the grant, and must not come back in a message. Default none. */
  readonly secrets?: readonly string[] | undefined;
  /** Milliseconds since the epoch, by the clock that the tokens' expiry is judged by. */
  readonly askedAt: number;
}

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** Codes that speak of what this platform asks for, not of who asks (RFC 6749 section 5.2, RFC 8707 section 2). */
const operatorCodes: ReadonlySet<string> = new Set(["invalid_scope", "invalid_request", "unsupported_grant_type", "invalid_target"]);

/** Whether tokens are had without a person: the same request brings the first and the next ones. */
export const isUnattended = ({ grantType }: Pick<OAuthProvider, "grantType">): boolean =>
  grantType === "client_credentials" || grantType === "jwt_bearer";

/**
 * Asks for tokens without a person: by the client's credentials (RFC 6749 section 4.4), or by an assertion (RFC 7523 section 2.1).
 *
 * One request, no retry. Where the user's own client or key is refused, the failure's kind is `revoked`. Throws `PrivateKeyError`, and
 * `TypeError` on an endpoint that is not https (or http on a loopback host).
 */
export async function requestTokens(request: TokensRequest): Promise<TokenResult> {
  const { provider, client, scopes, values, secrets = [], askedAt, operation } = request;
  const scope = scopes.join(provider.scopeSeparator);
  const assertion = provider.assertion && (await createAssertion(provider.assertion, { ...values, scope }, askedAt));
  const params: Record<string, string> = assertion === null ? (scope === "" ? {} : { [provider.scopeParam]: scope }) : { assertion };
  const result = await callTokenEndpoint({
    operation,
    provider,
    client,
    askedAt,
    timeoutMs: request.timeoutMs ?? PROVIDER_TIMEOUT_MS,
    signal: request.signal,
    mayStillSend: request.mayStillSend,
    endpoint: provider.tokenEndpoint,
    params: {},
    values: { client_id: client.clientId, client_secret: client.clientSecret },
    secrets: [...secrets, ...(assertion === null ? [] : [assertion])],
    request: (context) => send(context, provider, params),
    process: ({ server, client: known }, response) => oauth.processGenericTokenEndpointResponse(server, known, response),
  });
  const isUsersFault = !result.ok && result.kind === "misconfigured" && request.isTyped && !operatorCodes.has(result.code);
  return isUsersFault ? { ...result, kind: "revoked" } : result;
}

const send = (
  { server, client, authentication, options }: CallContext,
  { grantType }: OAuthProvider,
  params: Record<string, string>,
): Promise<Response> =>
  grantType === "jwt_bearer"
    ? oauth.genericTokenEndpointRequest(server, client, authentication, JWT_BEARER, params, options)
    : oauth.clientCredentialsGrantRequest(server, client, authentication, params, options);
