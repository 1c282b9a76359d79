import { type Account, accountFromClaims } from "./account.ts";
import { parseEndpoint } from "../http/secure-endpoint.ts";
import { type HttpResponse, type FetchLimits, fetchResponse, type ProviderRequest, PROVIDER_TIMEOUT_MS } from "../http/fetch.ts";
import { parseJson } from "./json.ts";
import type { OAuthProvider } from "./provider.ts";

export interface AccountRequest extends Partial<FetchLimits> {
  readonly provider: OAuthProvider;
  readonly accessToken: string;
  /** The path by which the account was known before; it may be another than the provider's. Default none. */
  readonly knownIdPath?: string | null;
}

const STATUS_OK = 200;

/**
 * Asks the provider whose account an access token belongs to (OpenID Connect Core section 5.3, or the provider's own endpoint).
 *
 * Best effort: null when there is no userinfo endpoint, no answer in time (`timeoutMs`, default 10 000), or nothing in it. Never throws.
 */
export async function fetchAccount(request: AccountRequest): Promise<Account | null> {
  const { userInfoEndpoint } = request.provider;
  if (userInfoEndpoint === null) return null;
  try {
    const { status, text } = await requestUserInfo(request, userInfoEndpoint);
    return status === STATUS_OK ? accountFromClaims(request.provider, parseJson(text), request.knownIdPath) : null;
  } catch {
    return null;
  }
}

/** Sends the userinfo request. Throws `NoResponseError`, and `TypeError` for an endpoint that is not https. */
export function requestUserInfo(request: AccountRequest, endpoint: string): Promise<HttpResponse> {
  const { userInfoMethod: method, userInfoBody: body, userInfoHeaders: headers } = request.provider;
  const contentType = body === null ? {} : { "content-type": "application/json" };
  return sendWithToken(request, endpoint, { method, body, headers: { ...contentType, ...headers } });
}

/** Sends a request with an access token (RFC 6750 section 2.1). Throws as `requestUserInfo`. */
export async function sendWithToken(
  { accessToken, timeoutMs = PROVIDER_TIMEOUT_MS, signal }: Omit<AccountRequest, "provider">,
  endpoint: string,
  { method, body, headers }: ProviderRequest,
): Promise<HttpResponse> {
  const url = parseEndpoint(endpoint).href;
  const sent = { accept: "application/json", ...headers, authorization: `Bearer ${accessToken}` };
  return fetchResponse(url, { method, body, headers: sent }, { timeoutMs, signal });
}
