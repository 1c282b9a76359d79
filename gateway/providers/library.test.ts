import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { connectorSchema } from "./connector.ts";
import { findProvider, listProviders } from "./library.ts";
import { providerSchema } from "./provider.ts";

const fixtureOf = (slug: string): URL => new URL(`../../test/providers/fixtures/${slug}.json`, import.meta.url);

describe("the known providers", () => {
  it.each(listProviders())("%s makes a connector of a slug, a client id and a secret", (slug) => {
    const connector = connectorSchema.parse({ provider: slug, client_id: "client", client_secret: "secret" });
    expect(connector).toMatchObject({ slug, name: providerSchema.parse(slug).facts.name });
  });

  it.each(listProviders())("%s says where it is documented, and then has a fixture, or says that it is not", (slug) => {
    const { documented, undocumented } = providerSchema.parse(slug).facts;
    expect([documented !== undefined, existsSync(fixtureOf(slug))]).toEqual([undocumented !== true, undocumented !== true]);
  });

  it("are found by their exact slug alone", () => {
    expect(findProvider("github")).toMatchObject({ slug: "github" });
    for (const slug of ["GitHub", "github.json", "../data/github", "", "nothing-like-it"]) expect(findProvider(slug)).toBeUndefined();
  });
});

describe("a connector of a known provider", () => {
  const written = { provider: "github", client_id: "client", client_secret: "secret" };

  it.each([
    ["zendesk", {}, ["field:subdomain"]],
    ["gitlab", {}, []],
    ["mastodon", {}, ["field:host"]],
    ["mastodon", { variables: { host: "social.example" } }, []],
    ["shopify", {}, ["field:shop"]],
    ["salesforce", {}, []],
    ["google", {}, []],
  ])("%s with %j knows accounts within %j, which users type of the token endpoint's host", (provider, settings, realm) => {
    expect(connectorSchema.parse({ ...written, provider, ...settings }).protocol?.accountRealm).toEqual(realm);
  });

  it("refuses shared accounts only where its provider may say whose account it is", () => {
    const refuse = { shared_accounts: "refuse" };
    expect(connectorSchema.safeParse({ ...written, ...refuse }).success).toBe(true);
    for (const unknown of [
      { provider: "openai" },
      { slug: "own", name: "Own", collect: { fields: [{ name: "key", label: "Key", secret: true }] } },
    ])
      expect(connectorSchema.safeParse({ ...unknown, ...refuse }).error?.issues).toMatchObject([{ path: ["shared_accounts"] }]);
  });

  it("has the provider's scopes where it states none", () => {
    const { scopes } = providerSchema.parse("atlassian").facts;
    expect(connectorSchema.parse({ ...written, provider: "atlassian" }).scopes).toEqual([...scopes.default, ...scopes.offline]);
    expect(connectorSchema.parse({ ...written, scopes: [] }).scopes).toEqual([]);
  });

  it("asks the user for the variables that have no value", () => {
    expect(connectorSchema.parse({ ...written, provider: "zendesk" }).collect?.fields).toMatchObject([
      { name: "subdomain", suffix: ".zendesk.com" },
    ]);
    const fixed = connectorSchema.parse({ ...written, provider: "zendesk", variables: { subdomain: "acme" } });
    expect(fixed.collect).toBeNull();
    expect(fixed.oauth?.provider.tokenEndpoint).toMatch(/^https:\/\/acme\.zendesk\.com\//);
  });

  it("needs no client where its users type a key", () => {
    expect(connectorSchema.parse({ provider: "openai" })).toMatchObject({ oauth: null, collect: { fields: [{ secret: true }] } });
  });

  it("tells of a wrong fact of a known one alone, and nothing that follows from it", () => {
    const provider = { extends: "slack", pkce: "no" };
    const { error } = connectorSchema.safeParse({ ...written, provider, variables: { team: "x" }, scopes: { user: ["x"] } });
    expect(error?.issues.map(({ path }) => path.join("."))).toEqual(["provider.pkce"]);
  });

  it.each([
    [{ provider: "githubb", client_id: "c" }, "is not a known provider"],
    [{ ...written, variables: { shop: "x" } }, "is not a variable of the provider"],
    [{ provider: "github" }, "is required with provider"],
  ])("refuses %j", (facts, message) => {
    expect(JSON.stringify(connectorSchema.safeParse(facts).error?.issues)).toContain(message);
  });
});
