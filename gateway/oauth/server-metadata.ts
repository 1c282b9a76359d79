import { isLoopback, isSecureEndpoint, parseEndpoint } from "../http/secure-endpoint.ts";
import { redactProviderText } from "../http/provider-text.ts";
import { fetchMetadata, metadataUrlsOf } from "./metadata.ts";
import type { ClientAuthentication, OAuthProvider } from "./provider.ts";

/** What an authorization server says of itself, checked (RFC 8414 section 3.3). */
export interface ServerMetadata {
  readonly issuer: string;
  readonly members: Readonly<Record<string, unknown>>;
}

/** A provider's metadata cannot be read (`temporary`), or is not what it must be (`misconfigured`). The message may be logged. */
export class MetadataError extends Error {
  readonly kind: "temporary" | "misconfigured";
  /** `timeout`, `http_503`, `invalid_metadata`, … */
  readonly code: string;

  constructor(kind: MetadataError["kind"], code: string, reason: string) {
    super(reason);
    this.name = "MetadataError";
    this.kind = kind;
    this.code = code;
  }
}

const INVALID = "invalid_metadata";
const invalid = (reason: string): MetadataError => new MetadataError("misconfigured", INVALID, reason);

/** Where a provider's metadata is looked for, in order. */
export function metadataUrls({ discovery, issuer }: Pick<OAuthProvider, "discovery" | "issuer">): string[] {
  if (discovery?.url) return [discovery.url];
  return issuer === null ? [] : metadataUrlsOf(issuer);
}

/**
 * Reads a provider's metadata. `timeoutMs` covers each of at most two exchanges. Throws `MetadataError`, and `TypeError` for an address
 * that is not https (or http on a loopback host).
 */
export async function readServerMetadata(provider: OAuthProvider, timeoutMs: number): Promise<ServerMetadata> {
  let problem = "no URL is known";
  let code = INVALID;
  for (const url of metadataUrls(provider)) {
    const answer = await fetchMetadata(url, timeoutMs);
    if ("metadata" in answer) return validate(provider, url, answer.metadata);
    [problem, code] = [`${url} gives ${answer.problem}`, answer.problem.replaceAll(" ", "_")];
    // Only an answer says that it may be at the other address.
    if (!answer.problem.startsWith("http_4")) break;
  }
  throw new MetadataError("temporary", code, problem);
}

/** The issuer must be the one that was asked for, digit by digit: else another server could take its place. */
function validate(provider: OAuthProvider, url: string, metadata: Readonly<Record<string, unknown>>): ServerMetadata {
  const { issuer } = metadata;
  if (typeof issuer !== "string" || URL.parse(issuer) === null) throw invalid(`${url} has no issuer`);
  const isExpected = provider.issuer === null ? isAt(issuer, url) : issuer === provider.issuer;
  if (isExpected) return { issuer, members: metadata };
  throw invalid(`${url} has another issuer, ${redactProviderText(issuer, []) ?? "without a name"}`);
}

const isAt = (issuer: string, url: string): boolean => {
  const parsed = URL.parse(issuer);
  return parsed !== null && isSecureEndpoint(parsed) && metadataUrlsOf(issuer).includes(url);
};

/** Longest address that is taken, in characters. */
const MAXIMUM_URL_LENGTH = 2_048;

/** Names of endpoints that are taken from metadata (RFC 8414 section 2, OpenID Connect Discovery section 3, RFC 8628 section 4, RFC 9126 section 5). */
type EndpointName =
  | "authorization_endpoint"
  | "token_endpoint"
  | "device_authorization_endpoint"
  | "revocation_endpoint"
  | "userinfo_endpoint"
  | "pushed_authorization_request_endpoint";

/**
 * The provider with what is left out of it taken from its metadata. An introspection endpoint is not: some say of a good token that it is
 * not active. Throws `MetadataError` where a needed endpoint is missing there, or is not one that may be asked.
 */
export function completeProvider(provider: OAuthProvider, metadata: ServerMetadata): OAuthProvider {
  const { members, issuer } = metadata;
  const find = (name: EndpointName) => endpointOf(metadata, name);
  const need = (name: EndpointName, stated: string): string => stated || (find(name) ?? throwMissing(name));
  const [revocation, userinfo] = [find("revocation_endpoint"), find("userinfo_endpoint")];
  const pushes = provider.discovery?.pushes || members["require_pushed_authorization_requests"] === true;
  return {
    ...provider,
    issuer,
    authorizationEndpoint:
      provider.grantType === "authorization_code"
        ? need("authorization_endpoint", provider.authorizationEndpoint)
        : provider.authorizationEndpoint,
    tokenEndpoint: need("token_endpoint", provider.tokenEndpoint),
    deviceAuthorizationEndpoint:
      provider.grantType === "device_code"
        ? need("device_authorization_endpoint", provider.deviceAuthorizationEndpoint ?? "")
        : provider.deviceAuthorizationEndpoint,
    pushedAuthorizationRequestEndpoint: pushes
      ? need("pushed_authorization_request_endpoint", provider.pushedAuthorizationRequestEndpoint ?? "")
      : null,
    revocation:
      provider.revocation ?? (revocation === null ? null : { url: revocation, method: "POST", body: "form", auth: "client", params: null }),
    userInfo:
      provider.userInfo.length > 0 || userinfo === null
        ? provider.userInfo
        : [{ url: userinfo, method: "GET", headers: {}, body: null, scheme: "Bearer" }],
    requiresIssuerParameter: provider.requiresIssuerParameter || members["authorization_response_iss_parameter_supported"] === true,
    clientAuthentication: provider.discovery?.choosesAuthentication
      ? chooseAuthentication(members["token_endpoint_auth_methods_supported"])
      : provider.clientAuthentication,
  };
}

function throwMissing(name: EndpointName): never {
  throw invalid(`it has no ${name}`);
}

/** Null where there is none. Plain http leads only where the issuer is itself: to this machine. */
function endpointOf({ issuer, members }: ServerMetadata, name: EndpointName): string | null {
  const value = members[name];
  if (value === undefined || value === null) return null;
  if (typeof value === "string" && isEndpoint(value, issuer)) return value;
  throw invalid(`its ${name} is not an https URL`);
}

function isEndpoint(value: string, issuer: string): boolean {
  const url = value.length > MAXIMUM_URL_LENGTH || /[{}]/.test(value) ? null : URL.parse(value);
  return url !== null && url.hash === "" && isSecureEndpoint(url) && (url.protocol === "https:" || isLocal(issuer));
}

const isLocal = (issuer: string): boolean => isLoopback(parseEndpoint(issuer).hostname);

/** Ways to send a secret, the standard's first: it is the one where the metadata lists none (RFC 8414 section 2). */
const secretMethods: readonly ClientAuthentication[] = ["client_secret_basic", "client_secret_post"];

const chooseAuthentication = (supported: unknown): ClientAuthentication =>
  secretMethods.find((method) => Array.isArray(supported) && supported.includes(method)) ?? "client_secret_basic";
