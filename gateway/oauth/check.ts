import * as oauth from "oauth4webapi";
import { type FetchLimits, fetchResponse, type HttpResponse, PROVIDER_TIMEOUT_MS, toResponse } from "../http/fetch.ts";
import { createClientAuthentication } from "./client-authentication.ts";
import { findDeclaredError } from "./error-rules.ts";
import { safeParseObject } from "./json.ts";
import type { OAuthClient, OAuthProvider } from "./provider.ts";
import { isHttp, toServer } from "./token-request.ts";
import { requestUserInfo } from "./userinfo.ts";

/** What a provider says of an access token. `unknown`: it did not say, which is no verdict. */
export type CheckResult = "works" | "refused" | "unknown";

export interface TokenCheck extends FetchLimits {
  readonly provider: OAuthProvider;
  readonly client: OAuthClient;
  readonly accessToken: string;
}

const STATUS_UNAUTHORIZED = 401;
/** Codes that refuse the token itself (RFC 6750 section 3.1, RFC 6749 section 5.2). */
const refusals: ReadonlySet<string> = new Set(["invalid_token", "invalid_grant"]);

/** Codes of a 401 that say something else than that the token is not good (RFC 6750 section 3.1, RFC 6749 section 5.2, RFC 9449). */
const otherProblem = /\berror="?(?:insufficient_scope|temporarily_unavailable|server_error|use_dpop_nonce|invalid_dpop_proof)\b/;

/**
 * Whether there is a way to ask the provider. Userinfo is one where it has named the account of a token: it may refuse tokens that are good
 * for other scopes.
 */
export const isCheckable = ({ introspectionEndpoint, check, userInfo }: OAuthProvider, knowsAccount: boolean): boolean =>
  introspectionEndpoint !== null || check !== null || (userInfo.length > 0 && knowsAccount);

/**
 * Asks the provider whether an access token still works: by introspection (RFC 7662), else by the provider's check request, else by its
 * userinfo request. Only `active: false`, a 401, or an error code that refuses the token is a refusal. Never throws.
 */
export async function checkToken(request: TokenCheck): Promise<CheckResult> {
  const { introspectionEndpoint } = request.provider;
  try {
    return introspectionEndpoint === null ? await tryToken(request) : await introspect(request, introspectionEndpoint);
  } catch {
    return "unknown";
  }
}

async function introspect({ provider, client, accessToken, timeoutMs, signal }: TokenCheck, endpoint: string): Promise<CheckResult> {
  const server = { ...toServer(provider), introspection_endpoint: endpoint };
  const clientFacts = { client_id: client.clientId };
  const response = await oauth.introspectionRequest(server, clientFacts, createClientAuthentication(provider, client), accessToken, {
    additionalParameters: { token_type_hint: "access_token" },
    [oauth.allowInsecureRequests]: isHttp(endpoint),
    [oauth.customFetch]: async (url, { headers, body }) => {
      const answer = await fetchResponse(url, { method: "POST", headers, body: body.toString() }, { timeoutMs, signal });
      return toResponse(answer.status, answer.text, { "content-type": "application/json" });
    },
  });
  return (await oauth.processIntrospectionResponse(server, clientFacts, response)).active ? "works" : "refused";
}

async function tryToken(request: TokenCheck): Promise<CheckResult> {
  const { provider, timeoutMs = PROVIDER_TIMEOUT_MS } = request;
  const { check, userInfo } = provider;
  const { headers, scheme } = userInfo[0] ?? { headers: {}, scheme: "Bearer" };
  const asked = check === null ? userInfo[0] : { ...check, headers: { ...headers, ...check.headers }, scheme, body: null };
  return asked === undefined ? "unknown" : judge(provider, await requestUserInfo({ ...request, timeoutMs }, asked));
}

function judge(provider: OAuthProvider, { status, headers, text }: HttpResponse): CheckResult {
  const body = safeParseObject(text) ?? {};
  const declared = findDeclaredError(provider, { operation: "check", status, body });
  if (declared !== null) return refusals.has(declared) ? "refused" : "unknown";
  if (status === STATUS_UNAUTHORIZED) return otherProblem.test(headers.get("www-authenticate") ?? "") ? "unknown" : "refused";
  if (!(provider.check?.ok ?? []).includes(status) && (status < 200 || status >= 300)) return "unknown";
  return provider.errorsInOkBody ? judgeBody(body) : "works";
}

/** `{"ok":false,"error":"invalid_token"}` with status 200. */
function judgeBody({ error, ok }: Record<string, unknown>): CheckResult {
  if (typeof error !== "string" && ok !== false) return "works";
  return typeof error === "string" && refusals.has(error) ? "refused" : "unknown";
}
