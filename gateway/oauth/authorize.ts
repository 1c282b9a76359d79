import * as oauth from "oauth4webapi";
import { parseEndpoint } from "../http/secure-endpoint.ts";
import { findTokenKind, type OAuthClient, type OAuthProvider } from "./provider.ts";

export interface AuthorizationRequest {
  readonly provider: OAuthProvider;
  readonly client: OAuthClient;
  readonly redirectUri: string;
  /** Empty: the parameter is left out, and the provider decides (RFC 6749 section 3.3). */
  readonly scopes: readonly string[];
  /** The scopes of further kinds of token, by kind. Default none. */
  readonly furtherScopes?: Readonly<Record<string, readonly string[]>> | undefined;
  /** At least 16 random bytes, used once (RFC 6749 section 10.12). */
  readonly state: string;
  /** From `createVerifier`; kept for `exchangeCode`. Only its hash is sent. */
  readonly verifier: string;
  /** Parameters of this one request, e.g. `login_hint`. They win over the provider's, never over the protocol's own. */
  readonly params?: Readonly<Record<string, string>> | undefined;
}

/** A fresh PKCE verifier: 32 random bytes as 43 characters of base64url (RFC 7636 section 4.1). */
export function createVerifier(): string {
  return oauth.generateRandomCodeVerifier();
}

/**
 * Where to send the browser so that the person can grant access (RFC 6749 section 4.1.1).
 *
 * Carries PKCE S256 (RFC 7636 section 4.3) unless the provider is declared to do without. Throws `TypeError` when the
 * authorization endpoint is not https (or http on a loopback host).
 */
export async function createAuthorizationRequest(request: AuthorizationRequest): Promise<URL> {
  const url = parseEndpoint(request.provider.authorizationEndpoint);
  for (const [name, value] of Object.entries(await authorizationParametersOf(request))) url.searchParams.set(name, value);
  // Spaces as %20: every server reads it, and some do not read `+`.
  url.search = url.search.replaceAll("+", "%20");
  return url;
}

/** The parameters of an authorization request (RFC 6749 section 4.1.1). */
export async function authorizationParametersOf(request: AuthorizationRequest): Promise<Record<string, string>> {
  const { provider, client, scopes, furtherScopes = {} } = request;
  return {
    ...provider.authorizationParams,
    ...request.params,
    ...scopeParam(provider, provider.tokenKind, scopes),
    ...Object.fromEntries(Object.entries(furtherScopes).flatMap(([kind, wanted]) => Object.entries(scopeParam(provider, kind, wanted)))),
    response_type: "code",
    [provider.clientIdParam]: client.clientId,
    redirect_uri: request.redirectUri,
    state: request.state,
    ...(provider.pkce && (await challengeOf(request.verifier))),
  };
}

function scopeParam(provider: OAuthProvider, kind: string | null, scopes: readonly string[]): Record<string, string> {
  const param = findTokenKind(provider, kind)?.scopeParam ?? provider.scopeParam;
  return scopes.length > 0 ? { [param]: scopes.join(provider.scopeSeparator) } : {};
}

async function challengeOf(verifier: string): Promise<Record<string, string>> {
  return { code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" };
}
