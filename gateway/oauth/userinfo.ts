import { type Account, accountFromClaims } from "./account.ts";
import { parseEndpoint } from "../http/secure-endpoint.ts";
import { type HttpResponse, type FetchLimits, fetchResponse, PROVIDER_TIMEOUT_MS } from "../http/fetch.ts";
import { parseJson } from "./json.ts";
import type { OAuthProvider, UserInfoRequest } from "./provider.ts";

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
 * Best effort, request by request until one names the account: null when there is none, no answer in time (`timeoutMs`, default 10 000,
 * for each), or nothing in it. Never throws.
 */
export async function fetchAccount(request: AccountRequest): Promise<Account | null> {
  for (const userInfo of request.provider.userInfo) {
    const account = await fetchAccountFrom(request, userInfo);
    if (account !== null) return account;
  }
  return null;
}

async function fetchAccountFrom(request: AccountRequest, userInfo: UserInfoRequest): Promise<Account | null> {
  try {
    const { status, text } = await requestUserInfo(request, userInfo);
    return status === STATUS_OK ? accountFromClaims(request.provider, parseJson(text), request.knownIdPath) : null;
  } catch {
    return null;
  }
}

/**
 * Sends a request with an access token (RFC 6750 section 2.1). Throws `NoResponseError`, and `TypeError` for an endpoint that is not https.
 */
export async function requestUserInfo(
  { accessToken, timeoutMs = PROVIDER_TIMEOUT_MS, signal }: Omit<AccountRequest, "provider">,
  { url, method, body, headers, scheme }: UserInfoRequest,
): Promise<HttpResponse> {
  const contentType = body === null ? {} : { "content-type": "application/json" };
  const sent = { accept: "application/json", ...contentType, ...headers, authorization: `${scheme} ${accessToken}` };
  return fetchResponse(parseEndpoint(url).href, { method, body, headers: sent }, { timeoutMs, signal });
}
