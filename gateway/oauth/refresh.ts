import * as oauth from "oauth4webapi";
import { type FetchLimits, PROVIDER_TIMEOUT_MS } from "../http/fetch.ts";
import type { OAuthClient, OAuthProvider } from "./provider.ts";
import type { TokenResult } from "./result.ts";
import { callTokenEndpoint } from "./token-request.ts";

export interface RefreshRequest extends Partial<FetchLimits> {
  readonly provider: OAuthProvider;
  readonly client: OAuthClient;
  readonly refreshToken: string;
  /** The connector's, for a provider that wants it again. Default none. */
  readonly redirectUri?: string | undefined;
  /** Those that are sent where the provider is declared to want them again (`scopesOnRefresh`). Default none. */
  readonly scopes?: Readonly<Record<"requested" | "granted", readonly string[]>> | undefined;
  /** Fewer scopes than are granted, which the new access token is to have. Default: those that it has otherwise. */
  readonly narrowTo?: readonly string[] | undefined;
  /** What else is secret of the grant, and must not come back in a message. Default none. */
  readonly secrets?: readonly string[] | undefined;
  /** Milliseconds since the epoch, by the clock that the tokens' expiry is judged by. Default the machine's now. */
  readonly askedAt?: number | undefined;
}

/**
 * Exchanges a refresh token for fresh tokens (RFC 6749 section 6).
 *
 * One request, no retry. `timeoutMs` covers the whole exchange (default 10 000). A `tokens.refreshToken` of null means: keep the one you
 * have. Never call it twice at once for one token: rotating providers take that for theft and revoke the grant. `mayStillSend` is asked
 * once more right before the request is written; where it says no, the failure's kind is `withdrawn`.
 * Throws only `TypeError`, on an endpoint that is not https (or http on a loopback host).
 */
export function refreshTokens(request: RefreshRequest): Promise<TokenResult> {
  const { provider, client, refreshToken, scopes, narrowTo, secrets = [], askedAt = Date.now(), signal, mayStillSend } = request;
  const sent = narrowTo ?? (provider.scopesOnRefresh === "none" ? [] : (scopes?.[provider.scopesOnRefresh] ?? []));
  return callTokenEndpoint({
    operation: "refresh",
    provider,
    client,
    askedAt,
    timeoutMs: request.timeoutMs ?? PROVIDER_TIMEOUT_MS,
    signal,
    mayStillSend,
    endpoint: provider.refreshEndpoint ?? provider.tokenEndpoint,
    params: sent.length > 0 ? { [provider.scopeParam]: sent.join(provider.scopeSeparator) } : {},
    values: {
      client_id: client.clientId,
      client_secret: client.clientSecret,
      redirect_uri: request.redirectUri ?? null,
      refresh_token: refreshToken,
      access_token: refreshToken,
    },
    secrets: [refreshToken, ...secrets],
    request: ({ server, client, authentication, options }) =>
      oauth.refreshTokenGrantRequest(server, client, authentication, refreshToken, options),
    process: ({ server, client }, response) => oauth.processRefreshTokenResponse(server, client, response),
  });
}
