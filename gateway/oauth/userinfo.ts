import * as oauth from "oauth4webapi";
import { type Account, accountFromClaims } from "./account.ts";
import { parseEndpoint } from "../http/endpoint.ts";
import { type ExchangeLimits, fetchAnswer, PROVIDER_TIMEOUT_MS, toResponse } from "../http/fetch.ts";
import type { OAuthProvider } from "./provider.ts";
import { isHttp } from "./token-request.ts";

export interface AccountRequest extends Partial<ExchangeLimits> {
  readonly provider: OAuthProvider;
  readonly accessToken: string;
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
    const response = await requestAccount(request, userInfoEndpoint);
    return response.status === STATUS_OK ? accountFromClaims(request.provider, await response.json()) : null;
  } catch {
    return null;
  }
}

function requestAccount(request: AccountRequest, endpoint: string): Promise<Response> {
  const { provider, accessToken, timeoutMs = PROVIDER_TIMEOUT_MS, signal } = request;
  const { userInfoMethod: method, userInfoBody: body } = provider;
  const headers = new Headers({ accept: "application/json", ...(body !== null && { "content-type": "application/json" }) });
  for (const [name, value] of Object.entries(provider.userInfoHeaders)) headers.set(name, value);
  return oauth.protectedResourceRequest(accessToken, method, parseEndpoint(endpoint), headers, body, {
    [oauth.allowInsecureRequests]: isHttp(endpoint),
    [oauth.customFetch]: async (url, sent) => {
      const answer = await fetchAnswer(url, { method, headers: sent.headers, body }, { timeoutMs, signal });
      return toResponse(answer.status, answer.text);
    },
  });
}
