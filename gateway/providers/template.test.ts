import { describe, expect, it } from "vitest";
import { createProvider } from "../oauth/provider.ts";
import { fillKnown, fillProvider, misplacedIn, templateFieldsOf } from "./template.ts";
import { labelRule } from "./variable-value.ts";

const provider = createProvider({
  issuer: "https://{subdomain}.desk.example",
  authorizationEndpoint: "https://{subdomain}.desk.example/authorize",
  tokenEndpoint: "https://{region}.api.desk.example/{subdomain}/token",
});

describe("a provider whose endpoints depend on the user", () => {
  it("names the fields that it needs, each once", () => {
    expect(templateFieldsOf(provider)).toEqual(new Set(["subdomain", "region"]));
    expect(templateFieldsOf(createProvider({ authorizationEndpoint: "https://a.example", tokenEndpoint: "https://a.example" }))).toEqual(
      new Set(),
    );
  });

  it("has every endpoint filled in, in lower case, and nothing else changed", () => {
    expect(fillProvider(provider, { subdomain: "Acme", region: "eu-1" })).toEqual({
      ...provider,
      issuer: "https://acme.desk.example",
      authorizationEndpoint: "https://acme.desk.example/authorize",
      tokenEndpoint: "https://eu-1.api.desk.example/acme/token",
    });
  });

  it("names the hosts that the user chose, but none that the operator allows or lists", () => {
    const endpoints = {
      authorizationEndpoint: "https://{host}/authorize",
      tokenEndpoint: "https://{host}/token",
      issuer: "https://a.example",
    };
    const fill = (rule: object, host: string) =>
      fillProvider(createProvider({ ...endpoints, variables: { host: { ...labelRule, may: "host", ...rule } } }), { host }).userNamedHosts;
    expect(fill({}, "Git.Acme.example")).toEqual(["git.acme.example"]);
    expect(fill({ allowedHosts: ["git.corp"] }, "git.corp")).toEqual([]);
    expect(fill({ enum: ["git.acme.example"] }, "git.acme.example")).toEqual([]);
    expect(fillProvider(provider, { subdomain: "acme", region: "eu" }).userNamedHosts).toEqual([]);
  });

  it("is unchanged when it needs none", () => {
    const plain = createProvider({ authorizationEndpoint: "https://a.example", tokenEndpoint: "https://a.example" });
    expect(fillProvider(plain, { subdomain: "acme" })).toEqual(plain);
  });

  it.each(["", "evil.example/", "a.b", "a:1", "a@b", "-a", "a b", "..", "{region}"])(
    "leads to no other host, port or path: %j throws",
    (subdomain) => {
      expect(() => fillProvider(provider, { subdomain, region: "eu" })).toThrow(TypeError);
    },
  );

  it("throws for a field that is missing", () => {
    expect(() => fillProvider(provider, { subdomain: "acme" })).toThrow("The field region cannot be part of a host name.");
  });
});

describe("a provider with rules for its values", () => {
  const [tenant, realm, server] = [
    { ...labelRule, may: "path" },
    { ...labelRule, may: "path", isLate: true },
    { ...labelRule, may: "host", isLate: true },
  ] as const;
  const ruled = createProvider({
    authorizationEndpoint: "https://login.example/{tenant}/authorize?t={tenant}",
    tokenEndpoint: "https://{server}/token",
    userInfo: [
      { url: "https://api.example/{realm}", method: "GET", headers: { "client-id": "{client_id}" }, body: null, scheme: "Bearer" },
    ],
    check: { url: "https://api.example/{realm}", method: "GET", headers: {}, ok: null },
    authorizationParams: { tenant: "{tenant}", realm: "{realm}" },
    tokenParams: { exchange: {}, refresh: { redirect_uri: "{redirect_uri}", count: 1 } },
    revocation: {
      url: "https://api.example/revoke",
      method: "POST",
      body: "form",
      auth: "none",
      params: { t: "{token}", c: "{client_id}" },
    },
    variables: { tenant, realm, server },
  });

  it("has each value encoded where it stands", () => {
    const values = { tenant: "a/b ?", client_id: "c", redirect_uri: "https://g.example/callback" };
    expect(fillProvider(ruled, { ...values, server: "eu.example", realm: "9/1" })).toMatchObject({
      authorizationEndpoint: "https://login.example/a%2Fb%20%3F/authorize?t=a%2Fb%20%3F",
      tokenEndpoint: "https://eu.example/token",
      userInfo: [{ url: "https://api.example/9%2F1", headers: { "client-id": "c" } }],
      check: { url: "https://api.example/9%2F1" },
      authorizationParams: { tenant: "a/b ?", realm: "9/1" },
      tokenParams: { refresh: { redirect_uri: "https://g.example/callback", count: 1 } },
      revocation: { params: { t: "{token}", c: "c" } },
    });
  });

  it("leaves out what waits for a late value", () => {
    const filled = fillProvider(ruled, { tenant: "t" });
    expect(filled).toMatchObject({ userInfo: [], check: null, tokenEndpoint: "https://{server}/token" });
    expect(filled.authorizationParams).toEqual({ tenant: "t" });
  });

  it("sends nothing to a host that its rule forbids", () => {
    for (const host of ["localhost", "127.0.0.1", "a.internal", "evil.example:1"])
      expect(() => fillProvider(ruled, { tenant: "t", server: host })).toThrow("cannot be part of a host name");
  });

  it("keeps the placeholders that are not the same for all users", () => {
    expect(fillKnown(ruled, { tenant: "t" })).toMatchObject({
      authorizationEndpoint: "https://login.example/t/authorize?t=t",
      userInfo: [{ url: "https://api.example/{realm}" }],
    });
  });

  it("names the values that stand where their rule does not let them", () => {
    expect(misplacedIn(ruled)).toEqual([]);
    expect(misplacedIn({ ...ruled, tokenEndpoint: "https://{tenant}.example/token" })).toEqual(["tenant"]);
    expect(misplacedIn({ ...ruled, tokenEndpoint: "https://{undeclared}/token" })).toEqual(["undeclared"]);
  });
});
