import { describe, expect, it } from "vitest";
import { createProvider } from "../oauth/provider.ts";
import { providerSchema } from "./provider.ts";

const endpoints = { authorization_endpoint: "https://as.test/authorize", token_endpoint: "https://as.test/token" };

const oauthOf = (written: unknown) => providerSchema.parse(written).oauth;
const messageOf = (facts: object) => {
  const result = providerSchema.safeParse({ ...endpoints, ...facts });
  return result.success ? null : result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
};

/** Every fact, as it is written now, and the same in the names of earlier releases. */
const now = {
  ...endpoints,
  issuer: "https://as.test",
  refresh_endpoint: "https://as.test/refresh",
  revocation: { url: "https://as.test/revoke" },
  userinfo: [{ url: "http://127.0.0.1:1/me", method: "POST", body: "{}", headers: { "X-Version": "1" } }],
  iss_parameter: true,
  client_authentication: "post",
  basic_encoding: "none",
  client_id_param: "client_key",
  pkce: false,
  scope_param: "user_scope",
  scopes: {
    separator: ",",
    response_separator: ";",
    aliases: { email: "https://as.test/email" },
    unreported: ["profile"],
    refresh: "requested",
  },
  authorization_params: { access_type: "offline" },
  token_params: { exchange: { expires_in: "300" }, refresh: { expires_in: "300" } },
  token_request: { body: "json" },
  errors_in_ok_body: true,
  errors: [{ match: "BAD_REFRESH_TOKEN", means: "revoked" }],
  token_response_path: "authed_user",
  assumed_token_type: "Bearer",
  introspection_endpoint: "https://as.test/introspect",
  par: true,
  pushed_authorization_request_endpoint: "https://as.test/par",
  refresh: { revokes_on_reuse: true, grace_seconds: 10 },
  expiry: { unit: "ms", zero_means: "never", default: 7200 },
  account: { id: "data.id", label: ["data.email", "data.name"] },
};
const before = {
  ...endpoints,
  issuer: "https://as.test",
  refresh_endpoint: "https://as.test/refresh",
  revocation_endpoint: "https://as.test/revoke",
  userinfo_endpoint: "http://127.0.0.1:1/me",
  authorization_response_iss_parameter_supported: true,
  token_endpoint_auth_method: "client_secret_post",
  basic_credential_encoding: "none",
  client_id_param: "client_key",
  pkce: false,
  scope_param: "user_scope",
  scope_separator: ",",
  scope_response_separator: ";",
  authorization_params: { access_type: "offline" },
  token_params: { expires_in: "300" },
  token_request_body: "json",
  errors_in_ok_body: true,
  error_codes: { BAD_REFRESH_TOKEN: "invalid_grant" },
  token_response_path: "authed_user",
  assumed_token_type: "Bearer",
  scope_aliases: { email: "https://as.test/email" },
  unreported_scopes: ["profile"],
  send_scope_on_refresh: "requested",
  introspection_endpoint: "https://as.test/introspect",
  par: true,
  pushed_authorization_request_endpoint: "https://as.test/par",
  revokes_on_reuse: true,
  reuse_grace_seconds: 10,
  expires_in_unit: "milliseconds",
  expiry_zero_means: "never",
  access_token_lifetime_seconds: 7200,
  userinfo_method: "POST",
  userinfo_body: "{}",
  userinfo_headers: { "X-Version": "1" },
  account_id_path: "data.id",
  account_label_path: ["data.email", "data.name"],
};

describe("providerSchema", () => {
  it("assumes the standard for everything left out", () => {
    expect(oauthOf(endpoints)).toEqual(
      createProvider({ authorizationEndpoint: "https://as.test/authorize", tokenEndpoint: "https://as.test/token" }),
    );
  });

  it("reads every fact", () => {
    expect(oauthOf(now)).toEqual({
      grantType: "authorization_code",
      assertion: null,
      discovery: null,
      pushedAuthorizationRequestEndpoint: "https://as.test/par",
      issuer: "https://as.test",
      deviceAuthorizationEndpoint: null,
      authorizationEndpoint: "https://as.test/authorize",
      tokenEndpoint: "https://as.test/token",
      refreshEndpoint: "https://as.test/refresh",
      revocation: { url: "https://as.test/revoke", method: "POST", body: "form", auth: "client", params: null },
      userInfo: [{ url: "http://127.0.0.1:1/me", method: "POST", body: "{}", headers: { "X-Version": "1" }, scheme: "Bearer" }],
      requiresIssuerParameter: true,
      codeParam: "code",
      callbackHmacParam: null,
      clientAuthentication: "client_secret_post",
      basicCredentialEncoding: "none",
      clientIdParam: "client_key",
      pkce: false,
      scopeParam: "user_scope",
      scopeSeparator: ",",
      scopeResponseSeparator: ";",
      authorizationParams: { access_type: "offline" },
      tokenParams: { exchange: { expires_in: "300" }, refresh: { expires_in: "300" } },
      tokenRequest: { method: "POST", body: "json", headers: {}, accept: "application/json" },
      refreshExpiryPath: "refresh_token_expires_in",
      refreshTokenLifetimeSeconds: null,
      refreshRequest: null,
      refreshesBy: "refresh_token",
      upgrade: null,
      errorsInOkBody: true,
      errors: [{ on: "any", match: ["BAD_REFRESH_TOKEN"], means: "revoked" }],
      tokenKinds: {},
      tokenKind: null,
      tokenResponsePath: "authed_user",
      assumedTokenType: "bearer",
      scopeAliases: { email: "https://as.test/email" },
      unreportedScopes: ["profile"],
      scopesOnRefresh: "requested",
      narrowsOnRefresh: false,
      introspectionEndpoint: "https://as.test/introspect",
      check: null,
      revokesOnReuse: true,
      reuseGraceSeconds: 10,
      expiryPath: null,
      expiresInUnit: "milliseconds",
      expiryZeroMeans: "never",
      accessTokenLifetimeSeconds: 7200,
      accountIdPaths: ["data.id"],
      accountRealm: null,
      accountLabelPaths: ["data.email", "data.name"],
      userNamedHosts: [],
      variables: {},
      keptSources: [],
    });
  });

  it("reads the names of earlier releases", () => {
    expect(providerSchema.parse(before)).toEqual(providerSchema.parse(now));
  });

  it.each([
    [true, "granted"],
    [false, "none"],
    ["granted", "granted"],
  ])("reads send_scope_on_refresh %j", (send_scope_on_refresh, scopesOnRefresh) => {
    expect(oauthOf({ ...endpoints, send_scope_on_refresh })?.scopesOnRefresh).toBe(scopesOnRefresh);
  });

  it("keeps placeholders for the user's fields as they are", () => {
    const facts = { ...endpoints, token_endpoint: "https://{subdomain}.as.test/oauth/tokens" };
    expect(oauthOf(facts)?.tokenEndpoint).toBe("https://{subdomain}.as.test/oauth/tokens");
  });

  it("knows providers by their slug", () => {
    expect(providerSchema.parse("github")).toMatchObject({ facts: { name: "GitHub" }, oauth: { scopeSeparator: " " } });
  });

  it("changes what is stated of a known provider, and leaves the rest", () => {
    const known = providerSchema.parse("github").facts;
    const changed = providerSchema.parse({
      extends: "github",
      token_endpoint: "https://github.acme.example/login/oauth/access_token",
      scopes: { separator: "," },
      docs_url: null,
    }).facts;
    expect(changed).toEqual({
      ...known,
      token_endpoint: "https://github.acme.example/login/oauth/access_token",
      scopes: { ...known.scopes, separator: "," },
      docs_url: undefined,
    });
  });

  it.each([["githubb"], ["../github"], ["constructor"], [7], [null], [{ extends: "nobody" }]])("refuses %j as a provider", (written) => {
    expect(providerSchema.safeParse(written).success).toBe(false);
  });

  it.each([
    [{ token_endpoint: "http://as.test/token" }, "token_endpoint: must be https, or http on a loopback host"],
    [{ token_endpoint: "http://{host}/token" }, "token_endpoint: must be https"],
    [{ token_endpoint: "https://u:p@as.test/token" }, "token_endpoint: must be https"],
    [{ token_endpoint: "/token" }, "token_endpoint: must be an absolute URL"],
    [{ token_endpoint: "https://as.test/#x" }, "token_endpoint: must not have a fragment"],
    [{ token_endpoint: undefined }, "token_endpoint: is required"],
    [{ kind: "oauth1" }, "kind: is OAuth 1.0a, which the gateway does not support"],
    [{ kind: "magic" }, "kind: must be one of oauth2,"],
    [{ errors: [{ match: "x", means: "broken" }] }, "errors.0.means: "],
    [{ metadata: { realm: "somewhere:realmId" } }, "metadata.realm: must be a path"],
    [{ issuer: "https://as.test?x" }, "issuer: must not have a query"],
    [{ tokenEndpoint: "https://as.test" }, "Unrecognized key"],
    [{ authorization_params: { state: "x" } }, "authorization_params: must not set a parameter that the gateway sets itself"],
    [{ authorization_params: { response_mode: "fragment" } }, "authorization_params: must have a response_mode that the callback supports"],
    [
      { authorization_params: { response_mode: "query.jwt" } },
      "authorization_params: must have a response_mode that the callback supports",
    ],
    [{ authorization_endpoint: "https://as.test/?response_mode=web_message" }, "authorization_endpoint: must have a response_mode"],
    [{ token_params: { client_secret: "x" } }, "token_params.exchange: must not set"],
    [
      { userinfo_endpoint: "https://as.test/me", userinfo_headers: { Authorization: "x" } },
      "userinfo.0.headers: must not set authorization",
    ],
    [{ userinfo_endpoint: "https://as.test/me", userinfo_headers: { "X-A": "a\r\nb" } }, "must be printable ASCII"],
    [{ userinfo: [{ url: "https://as.test/me", body: "{}" }] }, "userinfo.0.body: needs method POST"],
    [{ iss_parameter: true }, "issuer: is required"],
    [{ par: true }, "pushed_authorization_request_endpoint: is required if par is true"],
    [{ dpop: true }, "dpop: binds each access token to a key that callers do not have"],
    [{ expiry: { default: 0 } }, "expiry.default: "],
    [{ account: { id: "a..b" } }, "account.id: "],
  ])("refuses %j", (facts, message) => {
    expect(messageOf(facts)).toContain(message);
  });
});
