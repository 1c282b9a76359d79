import * as oauth from "oauth4webapi";
import { createClientAuthentication } from "./client-authentication.ts";
import { toNamed } from "./client-id-param.ts";
import { type FetchLimits, NoResponseError, type ProviderRequest, PROVIDER_TIMEOUT_MS, toResponse } from "../http/fetch.ts";
import { ask } from "./ask.ts";
import type { OAuthClient, OAuthProvider } from "./provider.ts";
import type { RevocationRequest } from "./provider-requests.ts";
import { redactProviderText, toErrorCode } from "../http/provider-text.ts";
import { fillOwnValues, type OwnValues } from "./own-values.ts";
import { isHttp, toServer } from "./token-request.ts";

export interface Revocation extends Partial<FetchLimits> {
  readonly provider: OAuthProvider;
  readonly client: OAuthClient;
  /** The refresh token is sent where there is one: with it the whole grant goes (RFC 7009 section 2.1). One of both is needed. */
  readonly refreshToken: string | null;
  readonly accessToken: string | null;
}

export type RevocationResult = { readonly ok: true } | { readonly ok: false; readonly code: string; readonly message: string };

const STATUS_OK = 200;
const STATUS_MULTIPLE_CHOICES = 300;

/**
 * Revokes a token at the provider (RFC 7009 section 2).
 *
 * Any 2xx is success, and so is `invalid_token`: the token is dead either way. Code `unsupported` when the provider has no revocation
 * endpoint. `timeoutMs` covers the whole exchange (default 10 000). Throws only `TypeError`, on an endpoint that is not https.
 */
export async function revokeToken(revocation: Revocation): Promise<RevocationResult> {
  const dialect = revocation.provider.revocation;
  const token = revocation.refreshToken ?? revocation.accessToken;
  if (dialect === null || token === null || !isComplete(dialect, revocation, token)) return failure("unsupported", undefined, []);
  try {
    await oauth.processRevocationResponse(await send(revocation, dialect, token));
    return { ok: true };
  } catch (error) {
    return toResult(error, [revocation.refreshToken ?? "", revocation.accessToken ?? "", revocation.client.clientSecret ?? ""]);
  }
}

const valuesOf = ({ client, refreshToken, accessToken }: Revocation, token: string): OwnValues => ({
  token,
  refresh_token: refreshToken,
  access_token: accessToken,
  client_id: client.clientId,
  client_secret: client.clientSecret,
});

/** Whether all is known that the provider's request holds: nothing else stands in for the token that it wants. */
function isComplete({ url, params, auth }: RevocationRequest, revocation: Revocation, token: string): boolean {
  if (auth === "bearer" && revocation.accessToken === null) return false;
  return [url, ...Object.values(params ?? {})].every((text) => fillOwnValues(String(text), valuesOf(revocation, token)) !== null);
}

/** oauth4webapi writes the standard's request, which becomes the provider's. */
function send(revocation: Revocation, dialect: RevocationRequest, token: string): Promise<Response> {
  const { provider, client, refreshToken, timeoutMs = PROVIDER_TIMEOUT_MS, signal } = revocation;
  const values = valuesOf(revocation, token);
  const server = { ...toServer(provider), revocation_endpoint: dialect.url };
  const authentication = authenticationOf(provider, client, dialect.auth);
  return oauth.revocationRequest(server, { client_id: client.clientId }, authentication, token, {
    additionalParameters: { token_type_hint: refreshToken === null ? "access_token" : "refresh_token" },
    [oauth.allowInsecureRequests]: isHttp(dialect.url),
    [oauth.customFetch]: async (_url, { headers, body }) => {
      const request = encodeRevocation(dialect, { headers, params: toNamed(provider, body), values });
      const answer = await ask(provider, request.url, request, { timeoutMs, signal });
      const succeeded = answer.status >= STATUS_OK && answer.status < STATUS_MULTIPLE_CHOICES;
      return succeeded ? toResponse(STATUS_OK, "") : toResponse(answer.status, answer.text);
    },
  });
}

const methods = { basic: "client_secret_basic", post: "client_secret_post" } as const;

function authenticationOf(provider: OAuthProvider, client: OAuthClient, auth: RevocationRequest["auth"]): oauth.ClientAuth {
  if (auth === "bearer" || auth === "none") return oauth.None();
  return createClientAuthentication(auth === "client" ? provider : { ...provider, clientAuthentication: methods[auth] }, client);
}

interface StandardRevocation {
  readonly headers: Readonly<Record<string, string>>;
  readonly params: URLSearchParams;
  readonly values: OwnValues;
}

/** The standard's request in the provider's dialect. Declared parameters replace the token's; the client's own stay. */
function encodeRevocation(
  { url: declaredUrl, method, body, auth, params: declared }: RevocationRequest,
  { values, ...standard }: StandardRevocation,
): ProviderRequest & { url: string } {
  const url = fillOwnValues(declaredUrl, values) ?? declaredUrl;
  const params = new URLSearchParams(standard.params);
  if (auth === "bearer" || auth === "none") for (const name of ["client_id", "client_secret"]) params.delete(name);
  if (declared !== null) {
    for (const name of ["token", "token_type_hint"]) params.delete(name);
    for (const [name, value] of Object.entries(declared)) params.set(name, fillOwnValues(String(value), values) ?? "");
  }
  const { "content-type": type = "", ...others } = standard.headers;
  const standardHeaders = { accept: "application/json", ...others };
  const headers = auth === "bearer" ? { ...standardHeaders, authorization: `Bearer ${values.access_token ?? ""}` } : standardHeaders;
  if (body === "json")
    return { url, method, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(Object.fromEntries(params)) };
  if (body === "form") return { url, method, headers: { ...headers, "content-type": type }, body: params.toString() };
  return { url: params.size === 0 ? url : `${url}${url.includes("?") ? "&" : "?"}${params}`, method, headers, body: null };
}

function toResult(error: unknown, secrets: readonly string[]): RevocationResult {
  if (error instanceof NoResponseError) return failure(error.code, undefined, secrets);
  if (error instanceof oauth.ResponseBodyError)
    return error.error === "invalid_token" ? { ok: true } : failure(error.error, error.error_description, secrets);
  if (error instanceof oauth.OperationProcessingError) return failure(statusCode(error), undefined, secrets);
  throw error;
}

function statusCode(error: oauth.OperationProcessingError): string {
  return error.cause instanceof Response ? `http_${error.cause.status}` : "unparsable";
}

function failure(providerCode: string, description: string | undefined, secrets: readonly string[]): RevocationResult {
  const code = toErrorCode(providerCode, secrets);
  const words = redactProviderText(description, secrets);
  const reason = words === null ? code : `${code}, "${words}"`;
  return {
    ok: false,
    code,
    message: `Access was not revoked at the provider (${reason}): revoke it in the settings of the account there.`,
  };
}
