import { describe, expect, it } from "vitest";
import { ConfigError, parseConfig } from "./config.ts";
import { isDecidedHere } from "./upstream.ts";

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    parseConfig(env, null);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};
const url = { XKIT_UPSTREAM: "xkit", XKIT_UPSTREAM_URL: "https://connect.example.com" };

describe("the upstream's variables", () => {
  it("default to the vault", () => {
    expect(parseConfig({}, null).upstream).toEqual({ kind: "vault" });
    expect(parseConfig({ XKIT_UPSTREAM: "vault" }, null).upstream).toEqual({ kind: "vault" });
  });

  it("name an Xkit, with a key pair or without", () => {
    const origin = "https://connect.example.com";
    expect(parseConfig(url, null).upstream).toEqual({ kind: "xkit", url: origin, origin, keys: null, users: "relayed" });
    const keys = { XKIT_UPSTREAM_PUBLISHABLE_KEY: "pk_1", XKIT_UPSTREAM_SECRET_KEY: "sk_1" };
    expect(parseConfig({ ...url, ...keys }, null).upstream).toMatchObject({ keys: { publishable: "pk_1", secret: "sk_1" } });
  });

  it("say that users are this gateway's own, which needs a key pair", () => {
    const ours = { ...url, XKIT_UPSTREAM_USERS: "ours" };
    expect(problemsOf(ours)).toEqual([
      "XKIT_UPSTREAM_USERS=ours needs XKIT_UPSTREAM_PUBLISHABLE_KEY and XKIT_UPSTREAM_SECRET_KEY: the gateway calls the upstream with them",
    ]);
    const keys = { XKIT_UPSTREAM_PUBLISHABLE_KEY: "pk_1", XKIT_UPSTREAM_SECRET_KEY: "sk_1" };
    const { upstream } = parseConfig({ ...ours, ...keys }, null);
    expect(upstream).toMatchObject({ users: "ours" });
    expect((["users", "token_issuers", "connectors"] as const).map((what) => isDecidedHere(what, upstream))).toEqual([true, true, false]);
    expect(problemsOf({ ...url, XKIT_UPSTREAM_USERS: "theirs" })).toEqual(["XKIT_UPSTREAM_USERS must be relayed or ours"]);
  });

  it("let a file name token issuers where users are this gateway's own", () => {
    const keys = { XKIT_UPSTREAM_PUBLISHABLE_KEY: "pk_1", XKIT_UPSTREAM_SECRET_KEY: "sk_1" };
    const file = {
      platform: { name: "Acme" },
      token_issuers: [{ iss: "https://issuer.example", jwks_url: "https://issuer.example/jwks" }],
    };
    const parse = (env: Record<string, string>) => parseConfig({ ...url, ...keys, ...env }, { path: "x.json", text: JSON.stringify(file) });
    expect(parse({ XKIT_UPSTREAM_USERS: "ours" }).tokenIssuers).toHaveLength(1);
    expect(() => parse({})).toThrow(/x\.json token_issuers must be empty/);
  });

  it("are reported all at once, by name and without a value", () => {
    const problems = problemsOf({ PORT: "no", XKIT_UPSTREAM: "xkit", XKIT_UPSTREAM_SECRET_KEY: "planted secret" });
    expect(problems.map((problem) => problem.split(" ")[0])).toEqual([
      "PORT",
      "XKIT_UPSTREAM_SECRET_KEY",
      "XKIT_UPSTREAM_URL",
      "XKIT_UPSTREAM_PUBLISHABLE_KEY",
    ]);
    expect(problems.join(" ")).not.toContain("planted");
  });

  it.each([
    "http://connect.example.com",
    "https://connect.example.com/path",
    "https://a:b@connect.example.com",
    "connect.example.com",
    "ftp://x",
  ])("refuse %s as the upstream's origin", (text) => {
    expect(problemsOf({ ...url, XKIT_UPSTREAM_URL: text }).join(" ")).toContain("XKIT_UPSTREAM_URL must be an origin");
  });

  it("name an address for browsers beside the internal one", () => {
    const env = {
      XKIT_UPSTREAM: "xkit",
      XKIT_UPSTREAM_URL: "https://xkit.internal",
      XKIT_UPSTREAM_PUBLIC_URL: "https://connect.example.com/",
    };
    expect(parseConfig(env, null).upstream).toMatchObject({ url: "https://xkit.internal", origin: "https://connect.example.com" });
    expect(problemsOf({ ...env, XKIT_UPSTREAM_PUBLIC_URL: "https://connect.example.com/path" }).join()).toContain(
      "XKIT_UPSTREAM_PUBLIC_URL must be an origin",
    );
    expect(problemsOf({ XKIT_UPSTREAM_PUBLIC_URL: "https://connect.example.com" })).toEqual([
      "XKIT_UPSTREAM_PUBLIC_URL is only for XKIT_UPSTREAM=xkit: set that too, or remove XKIT_UPSTREAM_PUBLIC_URL",
    ]);
  });

  it("allow http on this machine", () => {
    expect(problemsOf({ ...url, XKIT_UPSTREAM_URL: "http://localhost:4001" })).toEqual([]);
  });

  it("refuse connectors and token issuers of a file that the upstream decides", () => {
    const file = {
      platform: { name: "Acme" },
      connectors: [{ slug: "key", name: "Key", collect: { fields: [{ name: "key", label: "Key", secret: true }] } }],
      token_issuers: [{ iss: "https://issuer.example", jwks_url: "https://issuer.example/jwks" }],
    };
    const parse = () => parseConfig(url, { path: "xkit.config.json", text: JSON.stringify(file) });
    expect(parse).toThrow(/xkit\.config\.json connectors must be empty.*\n.*xkit\.config\.json token_issuers must be empty/);
  });

  it("refuse an unknown kind, and settings that nothing uses", () => {
    expect(problemsOf({ XKIT_UPSTREAM: "another" })).toEqual(["XKIT_UPSTREAM must be vault, xkit, nango or better-auth"]);
    expect(problemsOf({ XKIT_UPSTREAM_URL: "https://connect.example.com" })).toEqual([
      "XKIT_UPSTREAM_URL is only for XKIT_UPSTREAM=xkit: set that too, or remove XKIT_UPSTREAM_URL",
    ]);
  });

  it("name a module that exports better-auth", () => {
    const env = { XKIT_UPSTREAM: "better-auth", XKIT_BETTER_AUTH_MODULE: "./auth.js" };
    const { upstream } = parseConfig(env, null);
    expect(upstream).toEqual({ kind: "better-auth", module: "./auth.js" });
    expect((["users", "token_issuers", "connectors"] as const).map((what) => isDecidedHere(what, upstream))).toEqual([true, true, false]);
    expect(problemsOf({ XKIT_UPSTREAM: "better-auth" })).toEqual([
      "XKIT_BETTER_AUTH_MODULE is required with XKIT_UPSTREAM=better-auth: the path of a module that exports auth and xkit",
    ]);
    expect(problemsOf({ XKIT_BETTER_AUTH_MODULE: "./auth.js" })).toEqual([
      "XKIT_BETTER_AUTH_MODULE is only for XKIT_UPSTREAM=better-auth: set that too, or remove XKIT_BETTER_AUTH_MODULE",
    ]);
  });

  it("name an environment of Nango, at its cloud or elsewhere, with webhooks or without", () => {
    const nango = { XKIT_UPSTREAM: "nango", XKIT_NANGO_SECRET_KEY: "sk_1" };
    expect(parseConfig(nango, null).upstream).toEqual({
      kind: "nango",
      url: "https://api.nango.dev",
      secretKey: "sk_1",
      webhookKey: null,
    });
    const own = { ...nango, XKIT_NANGO_URL: "http://localhost:3003", XKIT_NANGO_WEBHOOK_KEY: "wh_1" };
    expect(parseConfig(own, null).upstream).toMatchObject({ url: "http://localhost:3003", webhookKey: "wh_1" });
  });

  it("of Nango are required and refused by name, without a value", () => {
    const problems = problemsOf({ XKIT_UPSTREAM: "nango", XKIT_NANGO_WEBHOOK_KEY: "planted key", XKIT_UPSTREAM_URL: "https://x.example" });
    expect(problems.map((problem) => problem.split(" ")[0])).toEqual([
      "XKIT_NANGO_WEBHOOK_KEY",
      "XKIT_UPSTREAM_URL",
      "XKIT_NANGO_SECRET_KEY",
    ]);
    expect(problems.join(" ")).not.toContain("planted");
    expect(problemsOf({ XKIT_NANGO_SECRET_KEY: "sk_1" }).join(" ")).toContain("XKIT_NANGO_SECRET_KEY is only for XKIT_UPSTREAM=nango");
  });

  it("let a file name token issuers beside Nango, and connectors by their integrations", () => {
    const integration = (slug: string, key: string) => ({ slug, name: "Name", integration: key });
    const parse = (connectors: readonly object[], env: Record<string, string>) => {
      const token_issuers = [{ iss: "https://issuer.example", jwks_url: "https://issuer.example/jwks" }];
      const text = JSON.stringify({ platform: { name: "Acme" }, connectors, token_issuers });
      return parseConfig(env, { path: "xkit.config.json", text });
    };
    const nango = { XKIT_UPSTREAM: "nango", XKIT_NANGO_SECRET_KEY: "sk_1" };
    const { connectors, tokenIssuers } = parse([integration("mine", "Mine: ~")], nango);
    expect([connectors.get("mine")?.integration, tokenIssuers.length]).toEqual(["Mine: ~", 1]);
    const told = { metadata: { team: "connection_config:team.id" } };
    expect(parse([{ ...integration("a", "x"), ...told }], nango).connectors.get("a")?.metadata).toEqual(told.metadata);
    expect(() => parse([{ ...integration("a", "x"), metadata: { team: "token:team.id" } }], nango)).toThrow(
      /metadata\.team must be a source such as/,
    );
    const key = { slug: "key", name: "Key", collect: { fields: [{ name: "key", label: "Key", secret: true }] } };
    expect(() => parse([key], nango)).toThrow(/connectors\.0\.integration is required with XKIT_UPSTREAM=nango/);
    expect(() => parse([integration("a", "x"), integration("b", "x")], nango)).toThrow(/connectors\.1\.integration must be distinct/);
    expect(() => parse([integration("a", "x")], {})).toThrow(/connectors\.0\.integration is only for XKIT_UPSTREAM=nango/);
    expect(() => parse([{ ...key, ...told }], {})).toThrow(/connectors\.0\.metadata is allowed only with integration/);
    expect(() => parse([{ ...key, integration: "x" }], nango)).toThrow(/connectors\.0\.integration replaces provider/);
  });
});
