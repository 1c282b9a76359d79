import * as oauth from "oauth4webapi";
import { createClientAuthentication } from "./client-authentication.ts";
import { type FetchLimits, fetchResponse, NoResponseError, PROVIDER_TIMEOUT_MS, toResponse } from "../http/fetch.ts";
import type { OAuthClient, OAuthProvider } from "./provider.ts";
import { redactProviderText, toErrorCode } from "../http/provider-text.ts";
import { isHttp, toServer } from "./token-request.ts";

export interface Revocation extends Partial<FetchLimits> {
  readonly provider: OAuthProvider;
  readonly client: OAuthClient;
  /** Preferably the refresh token: with it the whole grant goes (RFC 7009 section 2.1). */
  readonly token: string;
  readonly tokenTypeHint?: "access_token" | "refresh_token" | undefined;
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
  const endpoint = revocation.provider.revocationEndpoint;
  if (endpoint === null) return failure("unsupported", undefined, []);
  const options = optionsOf(revocation, endpoint);
  try {
    await oauth.processRevocationResponse(await send(revocation, endpoint, options));
    return { ok: true };
  } catch (error) {
    return toResult(error, [revocation.token, revocation.client.clientSecret ?? ""]);
  }
}

function send({ provider, client, token }: Revocation, endpoint: string, options: oauth.RevocationRequestOptions): Promise<Response> {
  const server = { ...toServer(provider), revocation_endpoint: endpoint };
  return oauth.revocationRequest(server, { client_id: client.clientId }, createClientAuthentication(provider, client), token, options);
}

function optionsOf(revocation: Revocation, endpoint: string): oauth.RevocationRequestOptions {
  const { tokenTypeHint, timeoutMs = PROVIDER_TIMEOUT_MS, signal } = revocation;
  return {
    additionalParameters: tokenTypeHint === undefined ? {} : { token_type_hint: tokenTypeHint },
    [oauth.allowInsecureRequests]: isHttp(endpoint),
    [oauth.customFetch]: async (url, { headers, body }) => {
      const answer = await fetchResponse(url, { method: "POST", headers, body: body.toString() }, { timeoutMs, signal });
      const succeeded = answer.status >= STATUS_OK && answer.status < STATUS_MULTIPLE_CHOICES;
      return succeeded ? toResponse(STATUS_OK, "") : toResponse(answer.status, answer.text);
    },
  };
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
    message: `Access was not revoked at the provider (${reason}): it can be revoked in the account's settings there.`,
  };
}
