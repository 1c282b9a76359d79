import * as oauth from "oauth4webapi";
import { type FetchLimits, type HttpResponse, NoResponseError, toResponse } from "../http/fetch.ts";
import { ask } from "./ask.ts";
import { createClientAuthentication } from "./client-authentication.ts";
import { toNamed } from "./client-id-param.ts";
import { findDeclaredError } from "./error-rules.ts";
import { isTemporaryCode } from "./failure.ts";
import { safeParseObject } from "./json.ts";
import type { OAuthClient, OAuthProvider } from "./provider.ts";
import { isHttp, isTemporaryStatus, toServer } from "./token-request.ts";
import { requestUserInfo } from "./userinfo.ts";

/** What a provider says of a credential. `unknown`: it did not say, which is no verdict. */
export type CheckResult = "works" | "refused" | "unknown";

/** A provider's answer to a check, without anything that the answer holds. */
export interface CheckAnswer {
  readonly result: CheckResult;
  /** Why, for the log: the status, the code of a declared error, or a code of ours. */
  readonly code: string;
  /** There was no answer, or one that speaks of the moment: the same question may have an answer later. */
  readonly isTemporary: boolean;
}

export interface CredentialCheck extends FetchLimits {
  readonly provider: OAuthProvider;
  /** An access token, an API key, or a user and a password with a colon between them. */
  readonly credential: string;
}

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
export async function checkToken({ accessToken, ...request }: TokenCheck): Promise<CheckResult> {
  const { introspectionEndpoint } = request.provider;
  if (introspectionEndpoint === null) return (await checkCredential({ ...request, credential: accessToken })).result;
  return introspect({ ...request, accessToken }, introspectionEndpoint).catch(() => "unknown");
}

/** Tries a credential by the provider's check request, else by its userinfo request. Never throws. */
export async function checkCredential(request: CredentialCheck): Promise<CheckAnswer> {
  try {
    return await tryCredential(request);
  } catch (error) {
    return { result: "unknown", code: error instanceof NoResponseError ? error.code : "internal", isTemporary: true };
  }
}

async function introspect({ provider, client, accessToken, timeoutMs, signal }: TokenCheck, endpoint: string): Promise<CheckResult> {
  const server = { ...toServer(provider), introspection_endpoint: endpoint };
  const clientFacts = { client_id: client.clientId };
  const response = await oauth.introspectionRequest(server, clientFacts, createClientAuthentication(provider, client), accessToken, {
    additionalParameters: { token_type_hint: "access_token" },
    [oauth.allowInsecureRequests]: isHttp(endpoint),
    [oauth.customFetch]: async (url, { headers, body }) => {
      const answer = await ask(provider, url, { method: "POST", headers, body: toNamed(provider, body).toString() }, { timeoutMs, signal });
      return toResponse(answer.status, answer.text, { "content-type": "application/json" });
    },
  });
  return (await oauth.processIntrospectionResponse(server, clientFacts, response)).active ? "works" : "refused";
}

async function tryCredential({ provider, credential, ...limits }: CredentialCheck): Promise<CheckAnswer> {
  const { check, userInfo } = provider;
  const { headers, scheme } = userInfo[0] ?? { headers: {}, scheme: "Bearer" };
  const asked = check === null ? userInfo[0] : { ...check, headers: { ...headers, ...check.headers }, scheme, body: null };
  if (asked === undefined) return { result: "unknown", code: "unsupported", isTemporary: false };
  return judge(provider, await requestUserInfo({ ...limits, provider, accessToken: credential }, asked));
}

function judge(provider: OAuthProvider, { status, headers, text }: HttpResponse): CheckAnswer {
  const body = safeParseObject(text) ?? {};
  const declared = findDeclaredError(provider, { operation: "check", status, body });
  const isTemporary = declared === null ? isTemporaryStatus(status) : isTemporaryCode(declared);
  return {
    result: declared === null ? judgeStatus(provider, status, headers, body) : judgeCode(declared),
    code: declared ?? `http_${status}`,
    isTemporary,
  };
}

const judgeCode = (code: string): CheckResult => (refusals.has(code) ? "refused" : "unknown");

function judgeStatus(provider: OAuthProvider, status: number, headers: Headers, body: Record<string, unknown>): CheckResult {
  if (status === STATUS_UNAUTHORIZED) return otherProblem.test(headers.get("www-authenticate") ?? "") ? "unknown" : "refused";
  if (!(provider.check?.ok ?? []).includes(status) && (status < 200 || status >= 300)) return "unknown";
  return provider.errorsInOkBody ? judgeBody(body) : "works";
}

/** `{"ok":false,"error":"invalid_token"}` with status 200. */
function judgeBody({ error, ok }: Record<string, unknown>): CheckResult {
  if (typeof error !== "string" && ok !== false) return "works";
  return typeof error === "string" ? judgeCode(error) : "unknown";
}
