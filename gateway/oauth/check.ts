import * as oauth from "oauth4webapi";
import { type FetchLimits, fetchResponse, PROVIDER_TIMEOUT_MS, toResponse } from "../http/fetch.ts";
import { createClientAuthentication } from "./client-authentication.ts";
import { findObject, parseJson } from "./json.ts";
import type { OAuthClient, OAuthProvider } from "./provider.ts";
import { isHttp, toServer } from "./token-request.ts";
import { requestUserInfo, sendWithToken } from "./userinfo.ts";

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
export const isCheckable = ({ introspectionEndpoint, check, userInfoEndpoint }: OAuthProvider, knowsAccount: boolean): boolean =>
  introspectionEndpoint !== null || check !== null || (userInfoEndpoint !== null && knowsAccount);

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
  const limits = { ...request, timeoutMs };
  const answer = provider.check
    ? await sendWithToken(limits, provider.check.url, { method: provider.check.method, headers: provider.userInfoHeaders, body: null })
    : await requestUserInfo(limits, provider.userInfoEndpoint ?? "");
  if (answer.status === STATUS_UNAUTHORIZED) return otherProblem.test(answer.headers.get("www-authenticate") ?? "") ? "unknown" : "refused";
  if (answer.status < 200 || answer.status >= 300) return "unknown";
  return provider.errorsInOkBody ? judgeBody(provider, answer.text) : "works";
}

/** `{"ok":false,"error":"token_revoked"}` with status 200. */
function judgeBody({ errorCodes }: OAuthProvider, text: string): CheckResult {
  const body = findObject(parseJson(text));
  const error = body?.["error"];
  if (typeof error !== "string" && body?.["ok"] !== false) return "works";
  const code = typeof error === "string" ? error : "";
  return refusals.has(Object.hasOwn(errorCodes, code) ? (errorCodes[code] ?? "") : code) ? "refused" : "unknown";
}
