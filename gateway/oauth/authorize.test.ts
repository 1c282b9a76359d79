import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createAuthorizationRequest, createVerifier } from "./authorize.ts";
import { createProvider, type OAuthProvider } from "./provider.ts";

const build = (facts: Partial<OAuthProvider> = {}, rest: { scopes?: string[]; params?: Record<string, string> } = {}) =>
  createAuthorizationRequest({
    provider: createProvider({ authorizationEndpoint: "https://as.test/authorize", tokenEndpoint: "https://as.test/token", ...facts }),
    client: { clientId: "client", clientSecret: "secret" },
    redirectUri: "https://gateway.test/callback/demo",
    scopes: ["read", "write"],
    state: "the-state",
    verifier: "the-verifier",
    ...rest,
  });

describe("createAuthorizationRequest", () => {
  it("carries everything RFC 6749 and PKCE ask for, and never the verifier", async () => {
    const url = await build();
    expect(Object.fromEntries(url.searchParams)).toEqual({
      scope: "read write",
      response_type: "code",
      client_id: "client",
      redirect_uri: "https://gateway.test/callback/demo",
      state: "the-state",
      code_challenge: createHash("sha256").update("the-verifier").digest("base64url"),
      code_challenge_method: "S256",
    });
  });

  it("writes a space as %20, and a plus as itself", async () => {
    const url = await build({}, { scopes: ["a+b", "c"] });
    expect(url.search).toContain("scope=a%2Bb%20c");
    expect(url.searchParams.get("scope")).toBe("a+b c");
  });

  it("leaves PKCE out where the provider cannot do it", async () => {
    expect((await build({ pkce: false })).searchParams.has("code_challenge")).toBe(false);
  });

  it("leaves the scope out when none is asked for", async () => {
    expect((await build({}, { scopes: [] })).searchParams.has("scope")).toBe(false);
  });

  it("uses the provider's separator and parameter names", async () => {
    const url = await build({ scopeSeparator: ",", scopeParam: "user_scope", clientIdParam: "client_key" });
    expect(url.searchParams.get("user_scope")).toBe("read,write");
    expect(url.searchParams.get("client_key")).toBe("client");
    expect(url.searchParams.has("client_id")).toBe(false);
  });

  it("adds the provider's parameters and the request's, which cannot replace the protocol's own", async () => {
    const facts = {
      authorizationEndpoint: "https://as.test/authorize?tenant=1",
      authorizationParams: { access_type: "offline", state: "x" },
    };
    const url = await build(facts, { params: { login_hint: "a@b.test", redirect_uri: "https://evil.test", access_type: "online" } });
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      tenant: "1",
      access_type: "online",
      login_hint: "a@b.test",
      state: "the-state",
      redirect_uri: "https://gateway.test/callback/demo",
    });
  });

  it("refuses an authorization endpoint in plain http", async () => {
    await expect(build({ authorizationEndpoint: "http://as.test/authorize" })).rejects.toThrow(TypeError);
  });
});

it("makes verifiers of 43 characters that never repeat", () => {
  const made = Array.from({ length: 100 }, createVerifier);
  expect(new Set(made).size).toBe(100);
  for (const text of made) expect(text).toMatch(/^[\w-]{43}$/);
});
