import { describe, expect, it } from "vitest";
import { createProvider, type OAuthProvider } from "./provider.ts";
import { completeProvider, MetadataError } from "./server-metadata.ts";

const issuer = "https://as.test";
const members = {
  authorization_endpoint: "https://as.test/authorize",
  token_endpoint: "https://api.as.test/token",
  revocation_endpoint: "https://as.test/revoke",
  userinfo_endpoint: "https://as.test/me",
  introspection_endpoint: "https://as.test/introspect",
  pushed_authorization_request_endpoint: "https://as.test/par",
};
const left = { url: null, pushes: false, choosesAuthentication: true };
const provider = (facts: Partial<OAuthProvider> = {}): OAuthProvider =>
  createProvider({ issuer, authorizationEndpoint: "", tokenEndpoint: "", discovery: left, ...facts });
const complete = (further: object = {}, facts: Partial<OAuthProvider> = {}, ofIssuer = issuer) =>
  completeProvider(provider(facts), { issuer: ofIssuer, members: { ...members, ...further } });

describe("a provider that is completed by its metadata", () => {
  it("has its endpoints from there, but for introspection", () => {
    expect(complete()).toMatchObject({
      issuer,
      authorizationEndpoint: members.authorization_endpoint,
      tokenEndpoint: members.token_endpoint,
      revocation: { url: members.revocation_endpoint, method: "POST", auth: "client", params: null },
      userInfo: [{ url: members.userinfo_endpoint, scheme: "Bearer" }],
      introspectionEndpoint: null,
      pushedAuthorizationRequestEndpoint: null,
      requiresIssuerParameter: false,
    });
  });

  it("keeps what is stated of it", () => {
    const stated = {
      tokenEndpoint: "https://own.test/token",
      userInfo: complete().userInfo.map((request) => ({ ...request, url: "https://own.test/me" })),
    };
    expect(complete({}, stated)).toMatchObject({ ...stated, authorizationEndpoint: members.authorization_endpoint });
  });

  it("needs no authorization endpoint where no person is sent there", () => {
    const completed = complete({ authorization_endpoint: undefined }, { grantType: "client_credentials" });
    expect(completed).toMatchObject({ authorizationEndpoint: "", tokenEndpoint: members.token_endpoint });
  });

  it.each([
    [undefined, "client_secret_basic"],
    [["client_secret_post", "client_secret_basic"], "client_secret_basic"],
    [["private_key_jwt", "client_secret_post"], "client_secret_post"],
    [["private_key_jwt"], "client_secret_basic"],
    ["client_secret_post", "client_secret_basic"],
  ])("authenticates its client as is listed: %j", (token_endpoint_auth_methods_supported, method) => {
    expect(complete({ token_endpoint_auth_methods_supported }).clientAuthentication).toBe(method);
  });

  it("authenticates its client as is stated, whatever is listed", () => {
    const stated = { clientAuthentication: "client_secret_post", discovery: { ...left, choosesAuthentication: false } } as const;
    expect(complete({ token_endpoint_auth_methods_supported: ["client_secret_basic"] }, stated).clientAuthentication).toBe(
      "client_secret_post",
    );
  });

  it("has its requests pushed where that is required, or is stated", () => {
    const endpoint = members.pushed_authorization_request_endpoint;
    expect(complete({ require_pushed_authorization_requests: true }).pushedAuthorizationRequestEndpoint).toBe(endpoint);
    expect(complete({}, { discovery: { ...left, pushes: true } }).pushedAuthorizationRequestEndpoint).toBe(endpoint);
  });

  it("sends its issuer with each callback where it says so", () => {
    expect(complete({ authorization_response_iss_parameter_supported: true }).requiresIssuerParameter).toBe(true);
  });

  it.each([
    [{ token_endpoint: undefined }, "it has no token_endpoint"],
    [{ authorization_endpoint: undefined }, "it has no authorization_endpoint"],
    [
      { require_pushed_authorization_requests: true, pushed_authorization_request_endpoint: undefined },
      "it has no pushed_authorization_request_endpoint",
    ],
    [{ token_endpoint: "http://as.test/token" }, "its token_endpoint is not an https URL"],
    [{ token_endpoint: "http://127.0.0.1:6379/" }, "its token_endpoint is not an https URL"],
    [{ token_endpoint: "https://user:planted@as.test/token" }, "its token_endpoint is not an https URL"],
    [{ token_endpoint: "https://as.test/token#x" }, "its token_endpoint is not an https URL"],
    [{ token_endpoint: "https://as.test/{client_secret}" }, "its token_endpoint is not an https URL"],
    [{ token_endpoint: `https://as.test/${"x".repeat(2_048)}` }, "its token_endpoint is not an https URL"],
    [{ token_endpoint: "/token" }, "its token_endpoint is not an https URL"],
    [{ token_endpoint: ["https://as.test/token"] }, "its token_endpoint is not an https URL"],
    [{ revocation_endpoint: "javascript:alert(1)" }, "its revocation_endpoint is not an https URL"],
  ])("is refused with %j", (further, message) => {
    expect(() => complete(further)).toThrow(new MetadataError("misconfigured", "invalid_metadata", message));
  });

  it("may be on this machine where its issuer is", () => {
    const local = "http://127.0.0.1:9000";
    expect(complete({ token_endpoint: `${local}/token` }, { issuer: local }, local).tokenEndpoint).toBe(`${local}/token`);
  });
});
