import * as oauth from "oauth4webapi";
import { z } from "zod";
import { createClientAuthentication } from "./client-authentication.ts";
import { parseEndpoint } from "../http/secure-endpoint.ts";
import { encodeTokenRequest } from "./encode-token-request.ts";
import { createFailure, kindOf, type FailureFacts, isTemporaryCode, type GrantOperation } from "./failure.ts";
import { type HttpResponse, type FetchLimits, NoResponseError, toResponse } from "../http/fetch.ts";
import { ask } from "./ask.ts";
import { idTokenClaims } from "./jwt.ts";
import type { OwnValues } from "./own-values.ts";
import { declaredSources, type OAuthClient, type OAuthProvider } from "./provider.ts";
import type { Delivery, TokenFailure, TokenResult, TokenSet } from "./result.ts";
import { retryAfterSeconds } from "../http/retry-after.ts";
import { readStated, type StatedValues } from "./stated-values.ts";
import { parseFurther } from "./token-kinds.ts";
import { missingMember, normalizeTokenResponse } from "./token-response.ts";

/** What oauth4webapi wants to know with each call, made of a provider and a client. */
export interface CallContext {
  readonly server: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly authentication: oauth.ClientAuth;
  readonly options: oauth.TokenEndpointRequestOptions;
}

export interface TokenCall extends FetchLimits {
  readonly operation: GrantOperation;
  readonly provider: OAuthProvider;
  readonly client: OAuthClient;
  readonly endpoint: string;
  /** Milliseconds since the epoch: now. */
  readonly askedAt: number;
  readonly params: Readonly<Record<string, string>>;
  /** What the provider's further parameters may hold. */
  readonly values: OwnValues;
  /** Everything secret that is sent beside the client secret. */
  readonly secrets: readonly string[];
  readonly request: (context: CallContext) => Promise<Response>;
  readonly process: (context: CallContext, response: Response) => Promise<oauth.TokenEndpointResponse>;
}

/** An answer that says what went wrong without RFC 6749's words for it. */
class RefusedError extends Error {
  readonly facts: Pick<FailureFacts, "kind" | "delivery" | "code" | "isRefusal" | "missing" | "retryAfterSeconds">;

  constructor(facts: RefusedError["facts"]) {
    super(`The provider refused the request (${facts.code}).`);
    this.name = "RefusedError";
    this.facts = facts;
  }
}

const STATUS_UNAUTHORIZED = 401;
const STATUS_REQUEST_TIMEOUT = 408;
const STATUS_SERVER_ERROR = 500;
/** Server errors of which the answer itself says that the request was not acted on: 501, 503 (RFC 9110 section 15.6). */
const refusingStatuses: ReadonlySet<number> = new Set([501, 503]);
/** Statuses that speak of the moment, not of the grant: 408, 425 (RFC 8470), 429 (RFC 6585) and all of 5xx. */
const temporaryStatuses: ReadonlySet<number> = new Set([STATUS_REQUEST_TIMEOUT, 425, 429]);

/** Calls the token endpoint and sorts the outcome. Throws only on misuse (`TypeError`), such as an endpoint that is not https. */
export async function callTokenEndpoint(call: TokenCall): Promise<TokenResult> {
  const context = createContext(call);
  try {
    const answer = await call.process(context, await call.request(context));
    return { ok: true, tokens: toTokenSet(call, answer) };
  } catch (error) {
    return toFailure(call, error);
  }
}

/** The authorization server as oauth4webapi sees it; it insists on an issuer, so an unknown one is stood in for by the token endpoint. */
export function toServer(provider: OAuthProvider, endpoint: string = provider.tokenEndpoint): oauth.AuthorizationServer {
  return {
    issuer: provider.issuer ?? provider.tokenEndpoint,
    token_endpoint: endpoint,
    authorization_response_iss_parameter_supported: provider.requiresIssuerParameter,
  };
}

/** Whether oauth4webapi must be told to use plain http: on loopback hosts alone. Throws `TypeError` for http anywhere else. */
export function isHttp(endpoint: string): boolean {
  return parseEndpoint(endpoint).protocol === "http:";
}

function createContext(call: TokenCall): CallContext {
  return {
    server: toServer(call.provider, call.endpoint),
    client: { client_id: call.client.clientId },
    authentication: createClientAuthentication(call.provider, call.client),
    options: {
      additionalParameters: call.params,
      [oauth.allowInsecureRequests]: isHttp(call.endpoint),
      [oauth.customFetch]: (url, { headers, body }) => sendTokenRequest(call, url, headers, body),
    },
  };
}

async function sendTokenRequest(call: TokenCall, url: string, headers: Record<string, string>, body: URLSearchParams): Promise<Response> {
  const request = encodeTokenRequest(call.provider, { operation: call.operation, url, headers, params: body, values: call.values });
  const answer = await ask(call.provider, request.url, request, call);
  const retryAfter = retryAfterSeconds(answer.headers);
  refuseUnusable(answer, retryAfter);
  const standard = normalizeTokenResponse({ ...call, ...answer });
  if (standard === null) throw unreadable(answer.status, retryAfter);
  const missing = missingMember(standard);
  if (missing !== null) throw new RefusedError({ kind: "temporary", delivery: "lost", code: "unparsable", missing });
  return toResponse(standard.status, JSON.stringify(standard.body), retryAfter === null ? {} : { "retry-after": String(retryAfter) });
}

/** Whether a status speaks of the moment. */
export const isTemporaryStatus = (status: number): boolean => temporaryStatuses.has(status) || status >= STATUS_SERVER_ERROR;

function refuseUnusable({ status }: HttpResponse, retryAfter: number | null): void {
  const code = `http_${status}`;
  if (status >= 300 && status < 400) throw new RefusedError({ kind: "temporary", code: "redirected" });
  if (isTemporaryStatus(status))
    throw new RefusedError({ kind: "temporary", delivery: deliveryOf(status), code, retryAfterSeconds: retryAfter });
}

/** A server that broke down, or a proxy that lost its server, does not know whether the request was acted on. */
const deliveryOf = (status: number): Delivery => (status >= STATUS_SERVER_ERROR && !refusingStatuses.has(status) ? "lost" : "answered");

function unreadable(status: number, retryAfter: number | null): RefusedError {
  if (status < 400) return new RefusedError({ kind: "temporary", delivery: "lost", code: "unparsable" });
  const kind = status === STATUS_UNAUTHORIZED ? "misconfigured" : "temporary";
  return new RefusedError({ kind, code: `http_${status}`, isRefusal: true, retryAfterSeconds: retryAfter });
}

function toTokenSet({ provider, client }: TokenCall, answer: oauth.TokenEndpointResponse): TokenSet {
  const further = parseFurther(answer["further"]);
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? null,
    tokenType: answer.token_type,
    expiresInSeconds: answer.expires_in ?? null,
    refreshExpiresInSeconds: typeof answer["refresh_token_expires_in"] === "number" ? answer["refresh_token_expires_in"] : null,
    misread: typeof answer["misread"] === "string" ? answer["misread"].split(" ") : [],
    scopes: answer.scope?.split(" ").filter((scope) => scope !== "") ?? null,
    stated: {
      ...readStated("id_token", idTokenClaims(answer["unverified_id_token"], provider.issuer, client.clientId), declaredSources(provider)),
      ...parseStated(answer["stated"]),
    },
    ...(further && { further }),
  };
}

const statedSchema = z.record(z.string(), z.string());

const parseStated = (text: unknown): StatedValues => (typeof text === "string" ? statedSchema.parse(JSON.parse(text)) : {});

function toFailure(call: TokenCall, error: unknown): TokenFailure {
  const base = { operation: call.operation, secrets: [...call.secrets, call.client.clientSecret ?? ""] };
  if (error instanceof RefusedError) return createFailure({ ...base, ...error.facts });
  if (error instanceof NoResponseError) return createFailure({ ...base, ...noResponseFacts(error) });
  if (error instanceof oauth.ResponseBodyError) return createFailure({ ...base, ...bodyErrorFacts(error, call.operation) });
  if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError)
    return createFailure({ ...base, kind: "temporary", delivery: "lost", code: "unparsable" });
  throw error;
}

function noResponseFacts({ code, isSent }: NoResponseError): RefusedError["facts"] {
  return { kind: code === "not_sent" ? "withdrawn" : "temporary", delivery: isSent ? "lost" : "unsent", code };
}

function bodyErrorFacts(error: oauth.ResponseBodyError, operation: GrantOperation) {
  return {
    kind: kindOf(error.error, error.status, operation),
    isRefusal: !isTemporaryCode(error.error),
    code: error.error,
    description: error.error_description,
    retryAfterSeconds: retryAfterSeconds(error.response.headers),
  };
}
