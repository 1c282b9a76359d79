import type { AssertionTemplate } from "./assertion.ts";
import type { ClientKey } from "./client-key.ts";
import type {
  CheckRequest,
  ErrorRule,
  ParamValue,
  RevocationRequest,
  TokenKind,
  TokenRequestFormat,
  UpgradeRequest,
  UserInfoRequest,
  VariableRule,
} from "./provider-requests.ts";

/** How the client proves itself to the provider (RFC 7591 section 2, `token_endpoint_auth_method`). */
export type ClientAuthentication = "client_secret_basic" | "client_secret_post" | "private_key_jwt" | "client_secret_jwt" | "none";

/** What is left to a provider's metadata (RFC 8414). Endpoints that it is to complete are empty or null. */
export interface DiscoveryFacts {
  /** Where the metadata is. Null: at the issuer's well-known addresses. */
  readonly url: string | null;
  /** Whether authorization requests are pushed also where the metadata does not require it. */
  readonly pushes: boolean;
  /** Whether the client is authenticated as the metadata says. */
  readonly choosesAuthentication: boolean;
}

/**
 * What one provider's OAuth looks like: protocol facts, and its deviations from the standard as declared flags.
 *
 * Data without secrets. Make one with `createProvider`, which fills in the standard's behaviour for everything left out.
 */
export interface OAuthProvider {
  /** How first tokens are obtained (RFC 6749 sections 4.1 and 4.4, RFC 7523 section 2.1, RFC 8628). Default `authorization_code`. */
  readonly grantType: "authorization_code" | "client_credentials" | "jwt_bearer" | "device_code";
  /** The assertion of the grant type `jwt_bearer`. Null with another one. Default null. */
  readonly assertion: AssertionTemplate | null;
  /** The issuer identifier (RFC 8414), compared with `iss` at the callback (RFC 9207). Null: unknown, so `iss` cannot be checked. Default null. */
  readonly issuer: string | null;
  /** How missing facts are read from the provider's metadata. Null: they are not. Default null. */
  readonly discovery: DiscoveryFacts | null;
  /** Empty where no person is sent to the provider. */
  readonly authorizationEndpoint: string;
  /** Where authorization requests are pushed before the browser goes there (RFC 9126). Null: they are not. Default null. */
  readonly pushedAuthorizationRequestEndpoint: string | null;
  /** Empty where users type a credential that no request exchanges. */
  readonly tokenEndpoint: string;
  /** Where codes for the grant type `device_code` are asked for. Null: the provider has none. Default null. */
  readonly deviceAuthorizationEndpoint: string | null;
  /** Where refresh tokens are exchanged. Null: at the token endpoint. Default null. */
  readonly refreshEndpoint: string | null;
  /** RFC 7009, or the provider's own request. Null: the provider cannot revoke. Default null. */
  readonly revocation: RevocationRequest | null;
  /** Requests that say whose account it is, in the order in which they are tried. Default none: the provider does not say. */
  readonly userInfo: readonly UserInfoRequest[];
  /** RFC 7662: says whether an access token still works. Null: the provider has none. Default null. */
  readonly introspectionEndpoint: string | null;
  /**
   * A request that answers 401 when the access token no longer works, for a provider without introspection. Null: the userinfo request.
   * Default null.
   */
  readonly check: CheckRequest | null;
  /** The callback is refused when it carries no `iss` (RFC 9207 section 2.4). Needs an issuer. Default false. */
  readonly requiresIssuerParameter: boolean;
  /** The parameter of the callback that carries the code. Default `code` (RFC 6749 section 4.1.2). */
  readonly codeParam: string;
  /** The parameter of the callback that signs the others with the client secret (`callback-signature.ts`). Null: none does. Default null. */
  readonly callbackHmacParam: string | null;
  /** Default `client_secret_basic` (RFC 6749 section 2.3.1). */
  readonly clientAuthentication: ClientAuthentication;
  /** Whether id and secret are form-encoded inside the Basic header, as RFC 6749 section 2.3.1 wants, or sent as they are. Default `form`. */
  readonly basicCredentialEncoding: "form" | "none";
  /** The parameter that carries the client id. Default `client_id`. */
  readonly clientIdParam: string;
  /** PKCE with S256 (RFC 7636). Default true. */
  readonly pkce: boolean;
  /** The parameter that carries the scopes. Default `scope`. */
  readonly scopeParam: string;
  /** What stands between two scopes in a request. Default one space (RFC 6749 section 3.3). */
  readonly scopeSeparator: string;
  /** What stands between two scopes in an answer; a space always does as well. Null: the same as in a request. Default null. */
  readonly scopeResponseSeparator: string | null;
  /** Sent with every authorization request, e.g. `access_type=offline`. Default none. */
  readonly authorizationParams: Readonly<Record<string, string>>;
  /** Sent with the token requests of each grant. Default none. */
  readonly tokenParams: Readonly<Record<"exchange" | "refresh", Readonly<Record<string, ParamValue>>>>;
  /** How a token request is written. Default a form by POST (RFC 6749 section 4.1.3). */
  readonly tokenRequest: TokenRequestFormat;
  /** Whether an error may come with status 200: `error` set, or `ok` false. Default false. */
  readonly errorsInOkBody: boolean;
  /** How a refresh is written where it differs. Null: as the exchange. Default null. */
  readonly refreshRequest: TokenRequestFormat | null;
  /** What a refresh exchanges: the access token, where there are no refresh tokens. Default `refresh_token`. */
  readonly refreshesBy: "refresh_token" | "access_token";
  /** A second exchange, of the first access token for one that lasts longer. Null: none. Default null. */
  readonly upgrade: UpgradeRequest | null;
  /** What the provider's own errors mean; the first rule that fits decides. Default none: the standard's codes. */
  readonly errors: readonly ErrorRule[];
  /** The kinds of token that one answer may hold, by name, where there are several: a bot's and a user's. Default none: one, without a name. */
  readonly tokenKinds: Readonly<Record<string, TokenKind>>;
  /** The kind that is asked for and read. Null: the only one. Default null. */
  readonly tokenKind: string | null;
  /** Dot path to the object that holds the tokens, e.g. `authed_user`; where it holds none, the answer itself is read. Default null. */
  readonly tokenResponsePath: string | null;
  /** The token type to assume, also where the answer names another or none. Null: the answer must say `bearer`. Default null. */
  readonly assumedTokenType: string | null;
  /**
   * Another name of a scope in the answers, so that it is not missed: `email` to `https://www.googleapis.com/auth/userinfo.email`. A `*` at
   * the end of both stands for any rest: `https://graph.microsoft.com/*` to `*`. Default none.
   */
  readonly scopeAliases: Readonly<Record<string, string>>;
  /** Scopes that the answers never list, so that they are not missed. Default none. */
  readonly unreportedScopes: readonly string[];
  /** Which scopes a refresh sends (RFC 6749 section 6 makes it optional): those that were asked for when connecting, or those granted. Default none. */
  readonly scopesOnRefresh: "none" | "requested" | "granted";
  /** Whether a refresh with fewer scopes gives a token with these alone, and leaves the grant as it is (RFC 6749 section 6). Default false. */
  readonly narrowsOnRefresh: boolean;
  /** Whether a refresh token that comes back after its rotation ends the whole grant (RFC 9700 section 4.14.2). Default false. */
  readonly revokesOnReuse: boolean;
  /** How long after its rotation a refresh token is still honoured, in seconds. Null: unknown, or not at all. Default null. */
  readonly reuseGraceSeconds: number | null;
  /** Dot path to what states the life of the access token. Null: the standard's member, and those in common use. Default null. */
  readonly expiryPath: string | null;
  /** The unit of what is there: a time, or an instant since the epoch or as a date. Default seconds (RFC 6749 section 5.1). */
  readonly expiresInUnit: "seconds" | "milliseconds" | "epoch" | "iso";
  /** What a life of 0 or -1 says. Null: that the token does not expire, unless it came with a refresh token. Default null. */
  readonly expiryZeroMeans: "never" | "expired" | null;
  /** The life of an access token, in seconds, when the answer states none. Null: unknown. Default null. */
  readonly accessTokenLifetimeSeconds: number | null;
  /** Dot path to how long the refresh token lasts. Default `refresh_token_expires_in`. */
  readonly refreshExpiryPath: string;
  /** The life of a refresh token, in seconds, when the answer that brings it states none. Null: unknown. Default null. */
  readonly refreshTokenLifetimeSeconds: number | null;
  /**
   * Where the account's id is stated (`token:team.id`, see `stated-values.ts`); the first source that holds one wins. A path alone is of
   * userinfo or the ID token. Default `sub`, `id`.
   */
  readonly accountIdPaths: readonly string[];
  /**
   * Where the realm is stated in which that id is unique: the host that the user typed. Null: the fields that the token endpoint's host
   * holds. Default null.
   */
  readonly accountRealm: readonly string[] | null;
  /** The same for the text shown to people. Default `email`, `preferred_username`, `login`, `username`, `name`. */
  readonly accountLabelPaths: readonly string[];
  /** Rules of the placeholders in addresses and parameters, by name. One without a rule is one label of a host name. Default none. */
  readonly variables: Readonly<Record<string, VariableRule>>;
  /** Hosts of these addresses that a user named, and the operator did not allow: they must be of the public internet. Default none. */
  readonly userNamedHosts: readonly string[];
  /** Sources of further values, which are stored with the grant. Default none. */
  readonly keptSources: readonly string[];
}

/** This platform's credentials at a provider. Without a secret and a key it is a public client (RFC 6749 section 2.1). */
export interface OAuthClient {
  readonly clientId: string;
  /** Null or empty: there is none. */
  readonly clientSecret: string | null;
  /** For `private_key_jwt`. Default none. */
  readonly signingKey?: ClientKey | null | undefined;
}

/** The two facts that have no default. */
export type RequiredFacts = "authorizationEndpoint" | "tokenEndpoint";

/** What a provider is assumed to do when nothing is declared: the standard. */
export const standardProvider: Omit<OAuthProvider, RequiredFacts> = Object.freeze({
  grantType: "authorization_code",
  assertion: null,
  issuer: null,
  discovery: null,
  pushedAuthorizationRequestEndpoint: null,
  deviceAuthorizationEndpoint: null,
  refreshEndpoint: null,
  revocation: null,
  userInfo: Object.freeze([]),
  introspectionEndpoint: null,
  check: null,
  requiresIssuerParameter: false,
  codeParam: "code",
  callbackHmacParam: null,
  clientAuthentication: "client_secret_basic",
  basicCredentialEncoding: "form",
  clientIdParam: "client_id",
  pkce: true,
  scopeParam: "scope",
  scopeSeparator: " ",
  scopeResponseSeparator: null,
  authorizationParams: Object.freeze({}),
  tokenParams: Object.freeze({ exchange: {}, refresh: {} }),
  tokenRequest: Object.freeze({ method: "POST", body: "form", headers: {}, accept: "application/json" }),
  refreshRequest: null,
  refreshesBy: "refresh_token",
  upgrade: null,
  errorsInOkBody: false,
  errors: Object.freeze([]),
  tokenKinds: Object.freeze({}),
  tokenKind: null,
  tokenResponsePath: null,
  assumedTokenType: null,
  scopeAliases: Object.freeze({}),
  unreportedScopes: Object.freeze([]),
  scopesOnRefresh: "none",
  narrowsOnRefresh: false,
  revokesOnReuse: false,
  reuseGraceSeconds: null,
  expiryPath: null,
  expiresInUnit: "seconds",
  expiryZeroMeans: null,
  accessTokenLifetimeSeconds: null,
  refreshExpiryPath: "refresh_token_expires_in",
  refreshTokenLifetimeSeconds: null,
  accountIdPaths: Object.freeze(["sub", "id"]),
  accountRealm: null,
  accountLabelPaths: Object.freeze(["email", "preferred_username", "login", "username", "name"]),
  variables: Object.freeze({}),
  userNamedHosts: Object.freeze([]),
  keptSources: Object.freeze([]),
});

/** The sources of all values that are read beside tokens. */
export const declaredSources = ({ accountIdPaths, accountRealm, accountLabelPaths, keptSources }: OAuthProvider): readonly string[] => [
  ...accountIdPaths,
  ...(accountRealm ?? []),
  ...accountLabelPaths,
  ...keptSources,
];

/** The same provider, of which another kind of token is asked for and read. */
export const ofTokenKind = (provider: OAuthProvider, tokenKind: string | null): OAuthProvider => ({ ...provider, tokenKind });

/** The facts of a kind of token; null where the provider has no such kind. */
export const findTokenKind = ({ tokenKinds }: Pick<OAuthProvider, "tokenKinds">, kind: string | null): TokenKind | null =>
  kind !== null && Object.hasOwn(tokenKinds, kind) ? (tokenKinds[kind] ?? null) : null;

/**
 * Completes a provider: what is left out behaves as the standard says.
 *
 * Endpoints are checked when they are used (https, or http on a loopback host), not here.
 */
export function createProvider(facts: Pick<OAuthProvider, RequiredFacts> & Partial<OAuthProvider>): OAuthProvider {
  return Object.freeze({ ...standardProvider, ...facts });
}
