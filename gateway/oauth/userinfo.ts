import { parseEndpoint } from "../http/secure-endpoint.ts";
import { type HttpResponse, type FetchLimits, PROVIDER_TIMEOUT_MS } from "../http/fetch.ts";
import { ask } from "./ask.ts";
import { parseJson } from "./json.ts";
import { toCredentialHeader } from "./credential-header.ts";
import { declaredSources, type OAuthProvider } from "./provider.ts";
import type { UserInfoRequest } from "./provider-requests.ts";
import { isOfUserInfo, readStated, type StatedValues } from "./stated-values.ts";

export interface StatedRequest extends Partial<FetchLimits> {
  readonly provider: OAuthProvider;
  readonly accessToken: string;
  /** What else has stated: values that it holds need not be asked for. Default nothing. */
  readonly known?: StatedValues;
}

const STATUS_OK = 200;

/**
 * Asks the provider for the values that its userinfo is declared to state (OpenID Connect Core section 5.3, or the provider's own
 * endpoints): whose account an access token belongs to, and more.
 *
 * Best effort, request by request while a value is missing; of values stated twice the first counts. Empty when there is no endpoint, no
 * answer in time (`timeoutMs`, default 10 000, for each), or nothing in it. Never throws.
 */
export async function fetchStated(request: StatedRequest): Promise<StatedValues> {
  const { provider, known = {} } = request;
  const sources = declaredSources(provider);
  let stated: StatedValues = {};
  for (const [index, userInfo] of provider.userInfo.entries()) {
    if (!isLacking(provider, index, stated, known)) break;
    stated = { ...readStated("userinfo", await askUserInfo(request, userInfo), sources), ...stated };
  }
  return stated;
}

/** Whether `fetchStated` has anything to ask for. */
export const needsUserInfo = ({ provider, known = {} }: Pick<StatedRequest, "provider" | "known">): boolean =>
  provider.userInfo.length > 0 && isLacking(provider, 0, {}, known);

/** Whether a declared value is missing before the userinfo request of that index. */
function isLacking(provider: OAuthProvider, index: number, stated: StatedValues, known: StatedValues): boolean {
  const isFound = (source: string) => Object.hasOwn(isOfUserInfo(source) ? stated : known, source);
  return valuesOf(provider).some((value) => isMissing(value, isFound, index === 0));
}

/** The sources of each value that is declared, the one that wins first. */
const valuesOf = ({ accountIdPaths, accountRealm, accountLabelPaths, keptSources }: OAuthProvider): (readonly string[])[] => [
  accountIdPaths,
  accountLabelPaths,
  ...[...(accountRealm ?? []), ...keptSources].map((source) => [source]),
];

/** Whether userinfo may state a value that nothing has. Before it was asked, it may also state one that wins over what is known. */
function isMissing(sources: readonly string[], isFound: (source: string) => boolean, isFirst: boolean): boolean {
  const foundAt = sources.findIndex(isFound);
  if (foundAt === -1) return sources.some(isOfUserInfo);
  return isFirst && sources.slice(0, foundAt).some(isOfUserInfo);
}

async function askUserInfo(request: StatedRequest, userInfo: UserInfoRequest): Promise<unknown> {
  try {
    const { status, text } = await requestUserInfo(request, userInfo);
    return status === STATUS_OK ? parseJson(text) : null;
  } catch {
    return null;
  }
}

/**
 * Sends a request with an access token (RFC 6750 section 2.1). Throws `NoResponseError`, and `TypeError` for an endpoint that is not https.
 */
export async function requestUserInfo(
  { provider, accessToken, timeoutMs = PROVIDER_TIMEOUT_MS, signal }: StatedRequest,
  { url, method, body, headers, scheme, credentialHeader = `authorization: ${scheme} {access_token}` }: UserInfoRequest,
): Promise<HttpResponse> {
  const contentType = body === null ? {} : { "content-type": "application/json" };
  const sent = { accept: "application/json", ...contentType, ...headers, ...toCredentialHeader(credentialHeader, accessToken) };
  const endpoint = parseEndpoint(url.replaceAll("{access_token}", () => encodeURIComponent(accessToken)));
  return ask(provider, endpoint.href, { method, body, headers: sent }, { timeoutMs, signal });
}
