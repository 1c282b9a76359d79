import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { toConnector } from "../vault/connections.ts";
import { ConfigError, parseConfig } from "./config.ts";
import type { Environment } from "./document.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const connector = {
  slug: "test",
  name: "Test",
  provider: { authorization_endpoint: "https://id.example.com/authorize", token_endpoint: "https://id.example.com/token" },
  client_id: "client",
  client_secret: "${TEST_SECRET}",
};
const good = { platform: { name: "Acme" }, connectors: [connector] };
const production = { NODE_ENV: "production", XKIT_PUBLIC_URL: "https://connect.example.com", XKIT_ENCRYPTION_KEYS: `a:${KEY}` };

const parse = (env: Environment = {}, file: unknown = null) =>
  parseConfig(env, file === null ? null : { path: "xkit.config.json", text: typeof file === "string" ? file : JSON.stringify(file) });

function problemsOf(env: Environment, file: unknown = null): readonly string[] {
  try {
    parse(env, file);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("an empty configuration", () => {
  it("is one for development on this machine, and frozen", () => {
    const config = parse();
    expect(config).toMatchObject({
      mode: "development",
      host: "127.0.0.1",
      port: 4000,
      publicUrl: "http://localhost:4000",
      sealingKeys: null,
    });
    expect(Object.isFrozen(config)).toBe(true);
    expect(parse({ PORT: "", XKIT_PUBLIC_URL: "  ", LOG_LEVEL: "" })).toEqual(config);
  });
});

describe("a good configuration", () => {
  it("names manifests of trusted documents", () => {
    expect(parse().trustedDocuments).toEqual({ paths: [], only: false });
    const env = { XKIT_TRUSTED_DOCUMENTS: "a.json, b/c.json,", XKIT_TRUSTED_DOCUMENTS_ONLY: "on" };
    expect(parse(env).trustedDocuments).toEqual({ paths: ["a.json", "b/c.json"], only: true });
    expect(problemsOf({ XKIT_TRUSTED_DOCUMENTS_ONLY: "yes" })).toEqual(["XKIT_TRUSTED_DOCUMENTS_ONLY must be on or off"]);
  });

  it("takes secrets from the environment", () => {
    const { connectors } = parse({ TEST_SECRET: `quote " and \\ backslash` }, good);
    expect(connectors.get("test")?.oauth?.client.clientSecret).toBe(`quote " and \\ backslash`);
  });

  it("takes several variables of one text, and keeps other text", () => {
    const file = { platform: { name: "${ONE}-${TWO} $THREE ${four five} {six}" } };
    expect(parse({ ONE: "1", TWO: "${ONE}" }, file).platform.name).toBe("1-${ONE} $THREE ${four five} {six}");
  });

  it("is one for production, with every variable", () => {
    const env = { ...production, TEST_SECRET: "s", PORT: "8080", HOST: "::1", DATABASE_URL: "postgres://u:p@db/x", LOG_LEVEL: "error" };
    expect(parse({ ...env, XKIT_ENCRYPTION_KEYS: `b:${KEY},a:${KEY}` }, good)).toMatchObject({
      mode: "production",
      port: 8080,
      host: "::1",
      databaseUrl: "postgres://u:p@db/x",
      databaseListenUrl: null,
      logLevel: "error",
      sealingKeys: [{ id: "b" }, { id: "a" }],
    });
    expect(parse({ ...production, TEST_SECRET: "s" }, good).host).toBe("0.0.0.0");
  });
});

describe("a bad environment", () => {
  it.each([
    ["NODE_ENV", ["prod", "Production", "staging"], "must be production, development or test"],
    ["PORT", ["x", "-1", "1.5", "65536", "0x10", "1e3"], "must be"],
    [
      "XKIT_PUBLIC_URL",
      ["x", "https://a.example/", "https://a.example/x", "http://a.example", "https://*.example.com", "ftp://a"],
      "must be an origin",
    ],
    ["DATABASE_URL", ["x", "mysql://a/b", "file:", "postgres://u:p@h:port/x"], "must be postgres://… or file:path"],
    [
      "DATABASE_URL",
      ["postgres://u:a#b@h/x", "postgres://u:1/2@h/x", "postgres://u:1?2@h/x", "postgres://u:a%b@h/x"],
      "cannot be read: escape the reserved",
    ],
    [
      "DATABASE_URL",
      ["postgres://u:a@b#c@h/x", "postgres://u:a@b/c@h/x", "postgres://u:a@b?c@h/x", "postgres://u:p@h/x#y"],
      "cannot be read: escape the reserved",
    ],
    ["DATABASE_URL", ["postgres://u:p@one:5432,two:5432/x"], "must name one host"],
    ["DATABASE_LISTEN_URL", ["file:x.db", "x"], "must be postgres://…"],
    ["XKIT_ENCRYPTION_KEYS", ["x", `a:${KEY.slice(4)}`, `:${KEY}`, `a:${KEY},`, `a b:${KEY}`], "keys seal"],
    ["XKIT_ENCRYPTION_KEYS", [`a:${KEY},a:${KEY}`], "must have distinct ids"],
    ["LOG_LEVEL", ["loud"], "must be debug, info, warn, error or silent"],
    ["XKIT_STRICT_TRANSPORT", ["yes", "true", "ON"], "must be on or off"],
    ["XKIT_GRAPHIQL", ["yes", "true", "ON"], "must be on or off"],
    ["XKIT_PROVIDER_TIMEOUT_MS", ["99", "60001", "soon"], "must be"],
    ["XKIT_REQUEST_DEADLINE_MS", ["99", "60001", "soon"], "must be"],
  ])("is reported with %s and what was expected", (name, values, expected) => {
    for (const value of values) {
      const problems = problemsOf({ [name]: value });
      expect({ value, problems }).toEqual({ value, problems: [expect.stringMatching(new RegExp(`^${name}[. ]`))] });
      expect(problems[0]).toContain(expected);
    }
  });
});

describe("a bad file", () => {
  const badConnector = (changes: object) => ({ ...good, connectors: [{ ...connector, client_secret: "s", ...changes }] });

  it.each([
    [{}, "platform"],
    [{ platform: { name: "" } }, "platform.name"],
    [{ platform: { name: "A\u202eB" } }, "platform.name"],
    [{ platform: { name: "A\n" } }, "platform.name"],
    [{ platform: { name: " " } }, "platform.name"],
    [badConnector({ name: "\u2067A" }), "connectors.0.name"],
    [{ platform: { name: "A" }, other: 1 }, "as a whole"],
    [{ platform: { name: "A", website: "javascript:alert(1)" } }, "platform.website"],
    [{ platform: { name: "A", login_redirect_url: "/login" } }, "platform.login_redirect_url"],
    [{ platform: { name: "A", color: "red" } }, "platform.color"],
    [{ platform: { name: "A" }, web_origins: ["https://a.example", "https://a.example/"] }, "web_origins.1"],
    [{ platform: { name: "A" }, web_origins: ["http://a.example"] }, "web_origins.0"],
    [{ platform: { name: "A" }, web_origins: ["https://*.com"] }, "web_origins.0"],
    [badConnector({ slug: "A B" }), "connectors.0.slug"],
    [badConnector({ scopes: "read" }), "connectors.0.scopes"],
    [badConnector({ scopes: ["read", "write admin"] }), "connectors.0.scopes.1"],
    [badConnector({ allowed_scopes: ["write,admin"], provider: { extends: "slack", slug: "x" } }), "connectors.0.allowed_scopes.0"],
    [badConnector({ scopes: { user: ["read,write"] }, provider: { extends: "slack", slug: "x" } }), "connectors.0.scopes.user.0"],
    [badConnector({ client_id: undefined }), "connectors.0.client_id"],
    [badConnector({ client_id: " id" }), "connectors.0.client_id"],
    [badConnector({ client_secret: "secret\n" }), "connectors.0.client_secret"],
    [badConnector({ previous_clients: [{ client_id: "a", client_secret: "b " }] }), "connectors.0.previous_clients.0.client_secret"],
    [badConnector({ provider: undefined, client_id: undefined }), "connectors.0.provider"],
    [
      badConnector({ provider: { ...connector.provider, token_endpoint: "http://id.example.com/token" } }),
      "connectors.0.provider.token_endpoint",
    ],
    [
      { platform: { name: "A" }, token_issuers: [{ iss: "https://id", jwks_url: "http://id.example.com/jwks" }] },
      "token_issuers.0.jwks_url",
    ],
    ["[]", "as a whole"],
    ["null", "as a whole"],
  ])("is reported by path: %j", (file, path) => {
    expect(problemsOf({}, file)).toEqual([expect.stringMatching(new RegExp(`^xkit\\.config\\.json ${path.replaceAll(".", "\\.")} `))]);
  });

  it("must hold what a client signs with, and says what is wrong with a key, and where, without it", () => {
    const provider = { ...connector.provider, client_authentication: "private_key_jwt" };
    const problemsWith = (changes: object) => problemsOf({}, badConnector({ client_secret: undefined, provider, ...changes }));
    const at = "xkit.config.json connectors.0";
    const needed = "is required if the provider's client_authentication is";
    expect(problemsWith({})).toEqual([`${at}.client_private_key ${needed} private_key_jwt`]);
    expect(problemsWith({ client_private_key: "planted-key" })).toEqual([
      `${at}.client_private_key must be a private key: PKCS #8 in PEM, or a JWK`,
    ]);
    expect(problemsWith({ client_private_key: { key: "planted-key" } })).toEqual([
      `${at}.client_private_key.key must be a private key: PKCS #8 in PEM, or a JWK`,
    ]);
    expect(problemsWith({ provider: { ...provider, client_authentication: "client_secret_jwt" } })).toEqual([
      `${at}.client_secret ${needed} client_secret_jwt`,
    ]);
    const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
    expect(problemsWith({ client_private_key: key, previous_clients: [{ client_id: "before" }] })).toEqual([
      `${at}.previous_clients.0.client_private_key ${needed} private_key_jwt`,
    ]);
    expect(problemsWith({ client_private_key: { key, alg: "RS256" } })).toEqual([
      `${at}.client_private_key.key cannot sign with RS256, only with ES256`,
    ]);
    expect(problemsWith({ client_private_key: key, provider: connector.provider })).toEqual([
      `${at}.client_private_key is allowed only if the provider's client_authentication is private_key_jwt`,
    ]);
  });

  it("may not name a connector twice", () => {
    const file = badConnector({});
    expect(problemsOf({}, { ...file, connectors: [file.connectors[0], file.connectors[0]] })).toEqual([
      "xkit.config.json connectors must have distinct slugs: several have test",
    ]);
  });

  it("is told once of a value that is empty, and of a key that is missing that it is required", () => {
    expect(problemsOf({}, badConnector({ client_id: "" }))).toEqual(["xkit.config.json connectors.0.client_id must not be empty"]);
    expect(problemsOf({}, { ...good, connectors: [{ slug: "a", name: "A", integration: "" }] })).toEqual([
      "xkit.config.json connectors.0.integration must be the key of an integration in Nango",
    ]);
    const { provider: _provider, ...text } = connector;
    const file = {
      ...good,
      connectors: [{ ...text, client_secret: "s", provider: { ...connector.provider, token_endpoint: 1 } }],
      token_issuers: [{}],
      webhooks: [{}],
    };
    expect(problemsOf({}, file)).toEqual([
      "xkit.config.json connectors.0.provider.token_endpoint must be a string",
      "xkit.config.json token_issuers.0.iss is required",
      "xkit.config.json token_issuers.0.jwks_url is required",
      "xkit.config.json webhooks.0.name is required",
      "xkit.config.json webhooks.0.url is required",
      "xkit.config.json webhooks.0.secrets is required",
    ]);
  });

  it.each([
    ['{\n  "a": "planted-5ecret"\n  "b": 1 }', ": look at line 3, column 3"],
    ['{\n  "a": "planted-5ecret",\n}', ": look at line 3, column 1"],
    ['{ "a": planted-5ecret }', ": look at line 1, column 8"],
    ["{ // planted-5ecret\n}", ": look at line 1, column 3"],
    ['{ "a": ["planted-5ecret",] }', ": look at line 1, column 26"],
    ['{ "a": "planted-5ecret",\n  "b": undefined }', ": look at line 2, column 8"],
    ['{ "a": "planted-5ecret" }\n}', ": look at line 2, column 1"],
    ['{ "a": "planted-5ecret",\n', ": it ends too early"],
    ["", ": it ends too early"],
  ])("says where it is no JSON, without what is there: %j", (text, where) => {
    expect(problemsOf({}, text)).toEqual([`xkit.config.json is not valid JSON${where}`]);
  });

  it("does not take connectors for the same one whose slugs are their providers', where their variables are not set", () => {
    const connectors = ["github", "slack"].map((provider) => ({ provider, client_id: "${NOT_SET}", client_secret: "s" }));
    expect(problemsOf({}, { ...badConnector({}), connectors })).toEqual([
      "xkit.config.json connectors.0.client_id refers to the environment variable NOT_SET, which is not set",
      "xkit.config.json connectors.1.client_id refers to the environment variable NOT_SET, which is not set",
    ]);
  });

  it("needs a collected field for each name in an endpoint", () => {
    const provider = { authorization_endpoint: "https://{subdomain}.example.com/a", token_endpoint: "https://{region}.example.com/t" };
    const region = { name: "region", label: "Region" };
    const asked = (name: string) =>
      `xkit.config.json connectors.0.collect.fields must ask for "${name}": the provider's endpoints contain {${name}}`;
    expect(problemsOf({}, badConnector({ provider }))).toEqual([asked("subdomain"), asked("region")]);
    expect(problemsOf({}, badConnector({ provider, collect: { fields: [region] } }))).toEqual([asked("subdomain")]);
    const subdomain = { name: "subdomain", label: "Subdomain" };
    expect(problemsOf({}, badConnector({ provider, collect: { fields: [region, subdomain] } }))).toEqual([]);
  });

  it("holds descriptions and instructions as they were parsed when it was read, and refuses what takes long by its key", async () => {
    const collect = (instructions: string) => ({ instructions, fields: [{ name: "key", label: "Key", secret: true }] });
    const { connectors } = parse({}, { ...good, connectors: [{ slug: "a", name: "A", description: "*b*", collect: collect("- c") }] });
    const [held] = connectors.values();
    expect(await held?.descriptionTree).toEqual([{ type: "paragraph", children: [{ type: "emphasis", children: ["b"] }] }]);
    expect(await held?.collect?.instructionsTree).toMatchObject([{ type: "list", items: [[{ children: ["c"] }]] }]);
    expect(held && toConnector(held, "https://connect.example.com").descriptionTree).toBe(held?.descriptionTree);
    const hostile = "*_".repeat(5_000);
    expect(problemsOf({}, { ...good, connectors: [{ slug: "a", name: "A", description: hostile, collect: collect(hostile) }] })).toEqual([
      "xkit.config.json connectors.0.description has 10,000 line breaks and characters like *, [ and >: at most 600 are read",
      "xkit.config.json connectors.0.collect.instructions has 10,000 line breaks and characters like *, [ and >: at most 600 are read",
    ]);
  });

  it("distinguishes issuers by iss and aud, none of which is this gateway", () => {
    const issuer = { iss: "https://id.example.com", jwks_url: "https://id.example.com/jwks" };
    const own = { ...issuer, iss: "https://connect.example.com" };
    const env = { XKIT_PUBLIC_URL: "https://connect.example.com" };
    const token_issuers = [issuer, { ...issuer, aud: "a" }, own, issuer, { ...issuer, aud: "a" }];
    expect(problemsOf(env, { platform: { name: "A" }, token_issuers })).toEqual([
      "xkit.config.json token_issuers.2.iss must not be this gateway's own URL: the gateway accepts its own tokens without an issuer",
      "xkit.config.json token_issuers.3 must not have the same iss and aud as token_issuers.0",
      "xkit.config.json token_issuers.4 must not have the same iss and aud as token_issuers.1",
    ]);
  });

  it("is reported by its missing variables alone", () => {
    const file = { platform: { name: "${NAME}", color: "${COLOUR}" }, connectors: [connector] };
    expect(problemsOf({ NAME: "", COLOUR: undefined }, file)).toEqual([
      "xkit.config.json platform.name refers to the environment variable NAME, which is not set",
      "xkit.config.json platform.color refers to the environment variable COLOUR, which is not set",
      "xkit.config.json connectors.0.client_secret refers to the environment variable TEST_SECRET, which is not set",
    ]);
    expect(problemsOf({}, { platform: { name: "${constructor}" } })).toHaveLength(1);
  });
});

describe("several problems", () => {
  it("are reported at once, in one message", () => {
    const env = { NODE_ENV: "production", PORT: "x", LOG_LEVEL: "loud" };
    const problems = problemsOf(env, { platform: { name: "" }, web_origins: ["x"], connectors: [{ ...connector, slug: "A" }] });
    expect(problems.map((problem) => problem.replace(/^xkit\.config\.json /, "").split(" ")[0])).toEqual([
      "PORT",
      "LOG_LEVEL",
      "connectors.0.client_secret",
      "platform.name",
      "web_origins.0",
      "connectors.0.slug",
      "XKIT_ENCRYPTION_KEYS",
      "XKIT_PUBLIC_URL",
    ]);
    expect(() => parse(env)).toThrow(/^The configuration has 5 problems:\n {2}- PORT [^]*\n {2}- XKIT_CONFIG is required/);
  });

  it("are reported for each connector, even where settings of both are missing", () => {
    const connectors = [{ slug: "x", name: "X", provider: { token_endpoint: "nope" } }, { slug: "x" }];
    const problems = problemsOf({}, { platform: { name: "Acme" }, connectors });
    for (const problem of [
      "connectors.0.client_id is required",
      "connectors.1.name is required",
      "connectors.1.provider is required",
      "connectors must have distinct slugs",
    ])
      expect(problems.some((told) => told.includes(problem))).toBe(true);
  });

  it("never show a value", () => {
    const secret = "planted-5ecret";
    const env = {
      XKIT_ENCRYPTION_KEYS: `a:${secret}`,
      DATABASE_URL: `mysql://u:${secret}@h/x`,
      PORT: secret,
      NODE_ENV: secret,
      TEST_SECRET: secret,
    };
    const files = [
      { platform: { name: 1, color: secret }, connectors: [{ ...connector, client_id: [secret], slug: secret.toUpperCase() }] },
      `{ "platform": { "name": "${secret}" `,
      {
        ...good,
        web_origins: [`https://u:${secret}@h`],
        token_issuers: [{ iss: "x", jwks_url: `https://u:${secret}@h/`, algorithms: [secret] }],
      },
    ];
    for (const file of files) expect(problemsOf(env, file).join("\n").toLowerCase()).not.toContain(secret);
  });
});

describe("production", () => {
  it("is refused without a key, a public URL and a file, with the command that makes a key", () => {
    expect(problemsOf({ NODE_ENV: "production" })).toEqual([
      "XKIT_ENCRYPTION_KEYS is required in production; create one with: npx xkit-gateway keys seal",
      "XKIT_PUBLIC_URL is required in production: the URL at which browsers reach this gateway",
      "XKIT_CONFIG is required in production: the path of the configuration file (default xkit.config.json)",
    ]);
  });
});
