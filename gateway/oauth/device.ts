import * as oauth from "oauth4webapi";
import { z } from "zod";
import { type FetchLimits, type HttpResponse, NoResponseError, PROVIDER_TIMEOUT_MS, toResponse } from "../http/fetch.ts";
import { ask } from "./ask.ts";
import { retryAfterSeconds } from "../http/retry-after.ts";
import { isSecureEndpoint } from "../http/secure-endpoint.ts";
import { createClientAuthentication } from "./client-authentication.ts";
import { toNamed } from "./client-id-param.ts";
import { findDeclaredError } from "./error-rules.ts";
import { createFailure, kindOf } from "./failure.ts";
import type { OAuthClient, OAuthProvider } from "./provider.ts";
import type { TokenFailure, TokenResult } from "./result.ts";
import { callTokenEndpoint, isHttp, isTemporaryStatus } from "./token-request.ts";
import { parseBody } from "./token-response.ts";

/** The user code, and the device code with which its tokens are asked for (RFC 8628 section 3.2). */
export interface DeviceAuthorization {
  /** Secret: it is exchanged for the tokens. */
  readonly deviceCode: string;
  readonly userCode: string;
  /** Where it is entered: https, or http on a loopback host. */
  readonly verificationUri: string;
  /** The same with the code in it; null where the provider states none. */
  readonly verificationUriComplete: string | null;
  readonly expiresInSeconds: number;
  /** Least time between two requests for the tokens: 1 to 600, default 5. */
  readonly intervalSeconds: number;
}

export type DeviceResult = { readonly ok: true; readonly device: DeviceAuthorization } | TokenFailure;

interface DeviceRequest extends Partial<FetchLimits> {
  readonly provider: OAuthProvider;
  readonly client: OAuthClient;
}

/** RFC 8628 section 3.2: the interval where the answer states none. */
const DEFAULT_INTERVAL_SECONDS = 5;
const SHORTEST_INTERVAL_SECONDS = 1;
const LONGEST_INTERVAL_SECONDS = 600;
/** Longest values that are accepted, in characters. */
const MAXIMUM_DEVICE_CODE = 4_096;
const MAXIMUM_USER_CODE = 64;
const MAXIMUM_URI = 2_048;
const STATUS_OK = 200;

const isSafeUri = (text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && isSecureEndpoint(url);
};
const uriSchema = z.string().max(MAXIMUM_URI).refine(isSafeUri);

const toInterval = (seconds: number): number => Math.min(Math.max(seconds, SHORTEST_INTERVAL_SECONDS), LONGEST_INTERVAL_SECONDS);

const answerSchema = z.object({
  device_code: z.string().min(1).max(MAXIMUM_DEVICE_CODE),
  user_code: z
    .string()
    .max(MAXIMUM_USER_CODE)
    .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/),
  verification_uri: uriSchema,
  verification_uri_complete: uriSchema.nullable().catch(null),
  expires_in: z.coerce.number().positive(),
  interval: z.coerce.number().positive().catch(DEFAULT_INTERVAL_SECONDS).transform(toInterval),
});

/** Whether the user enters a code at the provider (RFC 8628). */
export const isDevice = ({ grantType }: Pick<OAuthProvider, "grantType">): boolean => grantType === "device_code";

/**
 * Asks the provider for a device code (RFC 8628 section 3.1). One request, no retry. `timeoutMs` covers the whole exchange (default 10 000).
 * Throws only `TypeError`, on an endpoint that is not https (or http on a loopback host).
 */
export async function requestDeviceCode(request: DeviceRequest & { readonly scopes: readonly string[] }): Promise<DeviceResult> {
  const { provider, client, scopes, timeoutMs = PROVIDER_TIMEOUT_MS, signal } = request;
  const endpoint = provider.deviceAuthorizationEndpoint ?? "";
  const { headers: further, accept } = provider.tokenRequest;
  const answers: HttpResponse[] = [];
  const server = { issuer: provider.issuer ?? provider.tokenEndpoint, device_authorization_endpoint: endpoint };
  const params: Record<string, string> = scopes.length > 0 ? { [provider.scopeParam]: scopes.join(provider.scopeSeparator) } : {};
  try {
    await oauth.deviceAuthorizationRequest(server, { client_id: client.clientId }, createClientAuthentication(provider, client), params, {
      [oauth.allowInsecureRequests]: isHttp(endpoint),
      [oauth.customFetch]: async (url, { headers, body }) => {
        const form = toNamed(provider, body).toString().replaceAll("+", "%20");
        const sent = { method: "POST", headers: { ...headers, accept, ...further }, body: form } as const;
        answers.push(await ask(provider, url, sent, { timeoutMs, signal }));
        return toResponse(STATUS_OK, "{}");
      },
    });
  } catch (error) {
    if (!(error instanceof NoResponseError)) throw error;
    return failureOf(client, { kind: "temporary", code: error.code });
  }
  const [answer] = answers;
  return answer ? readAnswer(provider, client, answer) : failureOf(client, { kind: "temporary", code: "unparsable" });
}

/** `verification_url` is the name of `verification_uri` in drafts of the standard, which some providers still send. */
function readAnswer(provider: OAuthProvider, client: OAuthClient, { status, text, headers }: HttpResponse): DeviceResult {
  const body = parseBody(text) ?? {};
  const read = answerSchema.safeParse({
    ...body,
    verification_uri: body["verification_uri"] ?? body["verification_url"],
    verification_uri_complete: body["verification_uri_complete"] ?? body["verification_url_complete"] ?? null,
  });
  if (status === STATUS_OK && read.success) return { ok: true, device: toDevice(read.data) };
  const stated = findDeclaredError(provider, { operation: "exchange", status, body }) ?? body["error"];
  const isError = typeof stated === "string" && stated !== "";
  const code = isError ? stated : status === STATUS_OK ? "unparsable" : `http_${status}`;
  const description = typeof body["error_description"] === "string" ? body["error_description"] : undefined;
  const isTemporary = !isError && (status === STATUS_OK || isTemporaryStatus(status));
  const kind = isTemporary ? "temporary" : isError ? kindOf(code, status, "exchange") : "misconfigured";
  return failureOf(client, { kind, code, description, retryAfterSeconds: retryAfterSeconds(headers) });
}

const toDevice = (answer: z.output<typeof answerSchema>): DeviceAuthorization => ({
  deviceCode: answer.device_code,
  userCode: answer.user_code,
  verificationUri: answer.verification_uri,
  verificationUriComplete: answer.verification_uri_complete,
  expiresInSeconds: answer.expires_in,
  intervalSeconds: answer.interval,
});

const failureOf = (
  { clientSecret }: OAuthClient,
  facts: Pick<Parameters<typeof createFailure>[0], "kind" | "code" | "description" | "retryAfterSeconds">,
): TokenFailure => createFailure({ ...facts, operation: "exchange", secrets: [clientSecret ?? ""] });

/**
 * Asks for the tokens of a device code once (RFC 8628 section 3.4). `authorization_pending` and `slow_down` are failures like any other.
 * Throws only `TypeError`, on an endpoint that is not https (or http on a loopback host).
 */
export const requestDeviceTokens = (
  request: DeviceRequest & { readonly deviceCode: string; readonly askedAt: number },
): Promise<TokenResult> =>
  callTokenEndpoint({
    operation: "exchange",
    provider: request.provider,
    client: request.client,
    askedAt: request.askedAt,
    timeoutMs: request.timeoutMs ?? PROVIDER_TIMEOUT_MS,
    signal: request.signal,
    endpoint: request.provider.tokenEndpoint,
    params: {},
    values: { client_id: request.client.clientId, client_secret: request.client.clientSecret },
    secrets: [request.deviceCode],
    request: ({ server, client, authentication, options }) =>
      oauth.deviceCodeGrantRequest(server, client, authentication, request.deviceCode, options),
    process: ({ server, client }, response) => oauth.processDeviceCodeResponse(server, client, response),
  });
