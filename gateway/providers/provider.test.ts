import { describe, expect, it } from "vitest";
import { createProvider } from "../oauth/provider.ts";
import { providerSchema } from "./provider.ts";

const endpoints = { authorization_endpoint: "https://as.test/authorize", token_endpoint: "https://as.test/token" };

const messageOf = (facts: object) => {
  const result = providerSchema.safeParse({ ...endpoints, ...facts });
  return result.success ? null : result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
};

describe("providerSchema", () => {
  it("assumes the standard for everything left out", () => {
    expect(providerSchema.parse(endpoints)).toEqual(
      createProvider({ authorizationEndpoint: "https://as.test/authorize", tokenEndpoint: "https://as.test/token" }),
    );
  });

  it("reads every fact", () => {
    const parsed = providerSchema.parse({
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
    });
    expect(parsed).toEqual({
      issuer: "https://as.test",
      authorizationEndpoint: "https://as.test/authorize",
      tokenEndpoint: "https://as.test/token",
      refreshEndpoint: "https://as.test/refresh",
      revocationEndpoint: "https://as.test/revoke",
      userInfoEndpoint: "http://127.0.0.1:1/me",
      requiresIssuerParameter: true,
      clientAuthentication: "client_secret_post",
      basicCredentialEncoding: "none",
      clientIdParam: "client_key",
      pkce: false,
      scopeParam: "user_scope",
      scopeSeparator: ",",
      scopeResponseSeparator: ";",
      authorizationParams: { access_type: "offline" },
      tokenParams: { expires_in: "300" },
      tokenRequestBody: "json",
      errorsInOkBody: true,
      errorCodes: { BAD_REFRESH_TOKEN: "invalid_grant" },
      tokenResponsePath: "authed_user",
      assumedTokenType: "bearer",
      scopeAliases: { email: "https://as.test/email" },
      unreportedScopes: ["profile"],
      scopesOnRefresh: "requested",
      introspectionEndpoint: "https://as.test/introspect",
      check: null,
      revokesOnReuse: true,
      reuseGraceSeconds: 10,
      expiresInUnit: "milliseconds",
      expiryZeroMeans: "never",
      accessTokenLifetimeSeconds: 7200,
      userInfoMethod: "POST",
      userInfoBody: "{}",
      userInfoHeaders: { "X-Version": "1" },
      accountIdPaths: ["data.id"],
      accountLabelPaths: ["data.email", "data.name"],
    });
  });

  it.each([
    [true, "granted"],
    [false, "none"],
    ["granted", "granted"],
  ])("reads send_scope_on_refresh %j", (send_scope_on_refresh, scopesOnRefresh) => {
    expect(providerSchema.parse({ ...endpoints, send_scope_on_refresh }).scopesOnRefresh).toBe(scopesOnRefresh);
  });

  it("keeps placeholders for the user's fields as they are", () => {
    const facts = { ...endpoints, token_endpoint: "https://{subdomain}.as.test/oauth/tokens" };
    expect(providerSchema.parse(facts).tokenEndpoint).toBe("https://{subdomain}.as.test/oauth/tokens");
  });

  it.each([
    [{ token_endpoint: "http://as.test/token" }, "token_endpoint: must be https, or http on a loopback host"],
    [{ token_endpoint: "http://{host}/token" }, "token_endpoint: must be https"],
    [{ token_endpoint: "https://u:p@as.test/token" }, "token_endpoint: must be https"],
    [{ token_endpoint: "/token" }, "token_endpoint: must be an absolute URL"],
    [{ token_endpoint: "https://as.test/#x" }, "token_endpoint: must not have a fragment"],
    [{ token_endpoint: undefined }, "token_endpoint: "],
    [{ issuer: "https://as.test?x" }, "issuer: must not have a query"],
    [{ tokenEndpoint: "https://as.test" }, "Unrecognized key"],
    [{ authorization_params: { state: "x" } }, "authorization_params: must not set a parameter that the gateway sets itself"],
    [{ authorization_params: { response_mode: "fragment" } }, "authorization_params: must have a response_mode that the callback reads"],
    [{ authorization_params: { response_mode: "query.jwt" } }, "authorization_params: must have a response_mode that the callback reads"],
    [{ authorization_endpoint: "https://as.test/?response_mode=web_message" }, "authorization_endpoint: must have a response_mode"],
    [{ token_params: { client_secret: "x" } }, "token_params: must not set"],
    [{ userinfo_headers: { Authorization: "x" } }, "userinfo_headers: must not set authorization"],
    [{ userinfo_headers: { "X-A": "a\r\nb" } }, "must be printable ASCII"],
    [{ userinfo_body: "{}" }, "userinfo_body: needs userinfo_method POST"],
    [{ authorization_response_iss_parameter_supported: true }, "issuer: is required"],
    [{ access_token_lifetime_seconds: 0 }, "access_token_lifetime_seconds: "],
    [{ account_id_path: "a..b" }, "account_id_path: "],
  ])("refuses %j", (facts, message) => {
    expect(messageOf(facts)).toContain(message);
  });
});
