import * as oauth from "oauth4webapi";
import { type FetchLimits, type HttpResponse, NoResponseError, PROVIDER_TIMEOUT_MS, toResponse } from "../http/fetch.ts";
import { ask } from "./ask.ts";
import { parseEndpoint } from "../http/secure-endpoint.ts";
import { type AuthorizationRequest, authorizationParametersOf, createAuthorizationRequest } from "./authorize.ts";
import { createClientAuthentication } from "./client-authentication.ts";
import { toNamed } from "./client-id-param.ts";
import { findDeclaredError } from "./error-rules.ts";
import { createFailure, type FailureFacts, kindOf } from "./failure.ts";
import { safeParseObject } from "./json.ts";
import type { OAuthProvider } from "./provider.ts";
import type { TokenFailure } from "./result.ts";
import { isHttp, isTemporaryStatus, toServer } from "./token-request.ts";

/** Where to send the browser, or why the provider takes no request. */
export type AuthorizationUrl = { readonly ok: true; readonly url: URL } | TokenFailure;

const STATUS_OK = 200;
const STATUS_CREATED = 201;
const STATUS_MULTIPLE_CHOICES = 300;
const STATUS_BAD_REQUEST = 400;
const STATUS_UNAUTHORIZED = 401;
/** Longest reference to a request that is one, in bytes: it goes into an address. */
const MAXIMUM_REQUEST_URI_BYTES = 2_048;

/**
 * Where to send the browser so that the person can grant access. Where the provider takes pushed requests (RFC 9126), the request goes to
 * the provider first, and the browser carries a reference alone, which lasts for seconds or minutes.
 *
 * One request, no retry. `timeoutMs` covers the whole exchange (default 10 000). Throws only `TypeError`, on an endpoint that is not https
 * (or http on a loopback host).
 */
export async function requestAuthorization(request: AuthorizationRequest & Partial<FetchLimits>): Promise<AuthorizationUrl> {
  const { provider, client } = request;
  const endpoint = provider.pushedAuthorizationRequestEndpoint;
  if (endpoint === null) return { ok: true, url: await createAuthorizationRequest(request) };
  const url = parseEndpoint(provider.authorizationEndpoint);
  try {
    const requestUri = await push(request, endpoint);
    url.searchParams.set(provider.clientIdParam, client.clientId);
    url.searchParams.set("request_uri", requestUri);
    return { ok: true, url };
  } catch (error) {
    return toFailure(request, error);
  }
}

/** An answer without RFC 6749's words for what went wrong. */
class RefusedError extends Error {
  readonly facts: Pick<FailureFacts, "kind" | "code">;

  constructor(kind: FailureFacts["kind"], code: string) {
    super(`The provider refused the request (${code}).`);
    this.facts = { kind, code };
  }
}

async function push(request: AuthorizationRequest & Partial<FetchLimits>, endpoint: string): Promise<string> {
  const { provider, client, timeoutMs = PROVIDER_TIMEOUT_MS, signal } = request;
  const server = { ...toServer(provider), pushed_authorization_request_endpoint: endpoint };
  const clientFacts = { client_id: client.clientId };
  const { [provider.clientIdParam]: _id, ...params } = await authorizationParametersOf(request);
  const authentication = createClientAuthentication(provider, client);
  const response = await oauth.pushedAuthorizationRequest(server, clientFacts, authentication, params, {
    [oauth.allowInsecureRequests]: isHttp(endpoint),
    [oauth.customFetch]: async (url, { headers, body }) => {
      const sent = { method: "POST", headers, body: toNamed(provider, body).toString() };
      const answer = await ask(provider, url, sent, { timeoutMs, signal });
      return toStandard(provider, answer);
    },
  });
  const { request_uri: requestUri } = await oauth.processPushedAuthorizationResponse(server, clientFacts, response);
  if (Buffer.byteLength(requestUri) > MAXIMUM_REQUEST_URI_BYTES) throw new RefusedError("temporary", "unparsable");
  return requestUri;
}

/** The answer as RFC 9126 sections 2.2 and 2.3 write it. Throws `RefusedError` for a refusal without an error code. */
function toStandard(provider: OAuthProvider, { status, text }: HttpResponse): Response {
  if (status >= STATUS_OK && status < STATUS_MULTIPLE_CHOICES) return toResponse(STATUS_CREATED, text);
  const body = safeParseObject(text) ?? {};
  const declared = findDeclaredError(provider, { operation: "authorize", status, body });
  if (declared !== null) return toResponse(STATUS_BAD_REQUEST, JSON.stringify({ ...body, error: declared }));
  if (isTemporaryStatus(status)) throw new RefusedError("temporary", `http_${status}`);
  if (typeof body["error"] === "string" && body["error"] !== "") return toResponse(status, text);
  throw new RefusedError(status === STATUS_UNAUTHORIZED ? "misconfigured" : "temporary", `http_${status}`);
}

function toFailure({ client, state, verifier }: AuthorizationRequest, error: unknown): TokenFailure {
  const base = { operation: "authorize", secrets: [client.clientSecret ?? "", state, verifier] } as const;
  if (error instanceof RefusedError) return createFailure({ ...base, ...error.facts });
  if (error instanceof NoResponseError) return createFailure({ ...base, kind: "temporary", code: error.code });
  if (error instanceof oauth.ResponseBodyError) {
    const { error: code, error_description: description, status } = error;
    // No person was asked yet: an unknown code is none of theirs.
    return createFailure({ ...base, kind: kindOf(code, status, "exchange"), code, description });
  }
  if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError)
    return createFailure({ ...base, kind: "temporary", code: "unparsable" });
  throw error;
}
