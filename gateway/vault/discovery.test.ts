/** Connectors that state an issuer and a client, and leave the endpoints to the provider's metadata. */
import { afterEach, describe, expect, it } from "vitest";
import { findingsOf } from "../commands/connector-findings.ts";
import { METADATA_LIFETIME_MS, METADATA_RETRY_MS } from "../oauth/discovery.ts";
import { connectorSchema } from "../providers/connector.ts";
import { OIDC_CLIENT_ID, startOidcProvider, type TestOidcOptions, type TestOidcProvider } from "../../test/support/oidc-provider.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS } from "../../test/support/vault.ts";

let oidc: TestOidcProvider | null = null;
let test: TestApp | null = null;
afterEach(async () => {
  await test?.close();
  await oidc?.close();
  [oidc, test] = [null, null];
});

const METADATA = "/.well-known/openid-configuration";
const SECRET = "a-shared-secret";

const writtenFor = (provider: Record<string, unknown>) => ({
  slug: "oidc",
  name: "Oidc",
  provider: { authorization_params: { prompt: "consent" }, ...provider },
  client_id: OIDC_CLIENT_ID,
  client_secret: SECRET,
  scopes: ["openid", "email", "offline_access"],
});

async function start(
  provider: (issuer: string) => Record<string, unknown>,
  options: Partial<TestOidcOptions> = {},
): Promise<{ ada: TestUser; oidc: TestOidcProvider; test: TestApp }> {
  const client = { token_endpoint_auth_method: "client_secret_basic", client_secret: SECRET } as const;
  oidc = await startOidcProvider({ client, ...options });
  test = await startTestApp({ connectors: [writtenFor(provider(oidc.issuer))] });
  return { ada: await test.signIn("ada"), oidc, test };
}

const locationOf = (response: Response): URL => new URL(response.headers.get("location") ?? "");
const begin = async ({ browser }: TestUser): Promise<URL> => locationOf(await browser.fetch("/connect/oidc"));
const where = { slug: "oidc" };

describe("a provider of which the issuer alone is stated", () => {
  it.each([
    ["by its well-known address", (issuer: string) => ({ issuer })],
    ["by the address of its metadata", (issuer: string) => ({ discovery: `${issuer}${METADATA}` })],
  ])("is connected, refreshed, checked and revoked at the endpoints of its metadata, found %s", async (_name, provider) => {
    const { ada, oidc, test } = await start(provider);
    expect((await ada.browser.fetch((await oidc.authorize(await begin(ada))).href)).status).toBe(200);
    const { data } = await ada.graphql(`{ connection(where: { slug: "oidc" }) { authorization { displayLabel } } }`);
    expect(data.connection.authorization.displayLabel).toBe("grace@example.test");
    const first = await askToken(ada, { where });
    expect(await askToken(ada, { where, verify: true })).toMatchObject({ value: first.value });
    expect(oidc.requestsTo("/me")).toHaveLength(2);
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada, { where })).value).not.toBe(first.value);
    await ada.graphql(`mutation { disconnect(where: { slug: "oidc" }) { id } }`);
    expect(oidc.requestsTo("/token/revocation")).toHaveLength(1);
  });

  it.each([
    ["its metadata requires it", {}, true],
    ["it is stated", { par: true }, false],
  ])("has requests pushed where %s", async (_name, facts, requiresPushed) => {
    const { ada, oidc } = await start((issuer) => ({ issuer, ...facts }), { requiresPushed });
    expect((await begin(ada)).searchParams.has("request_uri")).toBe(true);
    expect(oidc.requestsTo("/request")).toHaveLength(1);
  });

  it("gives tokens to a client alone", async () => {
    const { ada } = await start((issuer) => ({ issuer, kind: "client_credentials", authorization_params: {}, scopes: {} }));
    const { data } = await ada.graphql(`mutation { connect(slug: "oidc") { authorization { state } } }`);
    await ada.graphql(
      `mutation ($state: String!) { submitAuthorization(state: $state, fields: []) { status } }`,
      data.connect.authorization,
    );
    expect((await askToken(ada, { where })).__typename).toBe("AccessToken");
  });

  it("is asked for its metadata once, and again after an hour, without which the former one is used", async () => {
    const { ada, oidc, test } = await start((issuer) => ({ issuer }));
    await Promise.all(Array.from({ length: 5 }, () => begin(ada)));
    expect(oidc.requestsTo(METADATA)).toHaveLength(1);
    test.clock.advance(METADATA_LIFETIME_MS);
    oidc.answerNext(METADATA, 503, {});
    expect((await begin(ada)).pathname).toBe("/auth");
    await expect.poll(() => oidc.requestsTo(METADATA).length).toBe(2);
    await expect.poll(() => test.logged.join("\n")).toContain("a provider's metadata cannot be used: the previous metadata stays in use");
    expect((await begin(ada)).pathname).toBe("/auth");
    expect(oidc.requestsTo(METADATA)).toHaveLength(2);
  });
});

/** Endpoints that are left out. */
const leftOut = { authorization_endpoint: undefined, token_endpoint: undefined, revocation: undefined, userinfo: undefined };

async function startAway() {
  test = await startTestApp({ facts: leftOut });
  const { logged, provider } = test;
  const { url, controls } = provider;
  // It is asked for its metadata when the gateway starts, which does not wait for it.
  await expect.poll(() => logged.join("\n")).toContain("a provider's metadata cannot be used");
  const metadata = { issuer: url, authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token` };
  return { test, ada: await test.signIn("ada"), metadata, controls };
}

const CONNECT = `mutation { connect(slug: "test") { authorization { authorizeUrl } } }`;

describe("an issuer whose metadata cannot be had", () => {
  it("does not stop the start, and can be connected once it is there", async () => {
    const { ada, test, metadata, controls } = await startAway();
    expect((await ada.browser.fetch("/connect/test")).status).toBe(503);
    expect((await ada.graphql(CONNECT)).errors).toMatchObject([{ extensions: { code: "TEMPORARILY_UNAVAILABLE", retryAfter: 10 } }]);
    controls.metadata = metadata;
    test.clock.advance(METADATA_RETRY_MS);
    expect((await ada.connect()).status).toBe(200);
  });

  it("costs no token that is fresh, and a refresh waits for it", async () => {
    const { ada, test, metadata, controls } = await startAway();
    controls.metadata = metadata;
    test.clock.advance(METADATA_RETRY_MS);
    await ada.connect();
    const { value } = await askToken(ada);
    controls.metadata = null;
    const twin = await test.startTwin();
    expect((await askToken(ada, { via: twin })).value).toBe(value);
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada, { via: twin })).__typename).toBe("TemporarilyUnavailable");
    controls.metadata = metadata;
    test.clock.advance(60_000);
    const refreshed = await askToken(ada, { via: twin });
    expect(refreshed.__typename).toBe("AccessToken");
    expect(refreshed.value).not.toBe(value);
    expect(test.provider.refreshCount()).toBe(1);
  });

  it.each([
    ["another issuer's", (metadata: object) => ({ ...metadata, issuer: "https://other.example" })],
    ["without a token endpoint", (metadata: object) => ({ ...metadata, token_endpoint: undefined })],
    ["that leads elsewhere than by https", (metadata: object) => ({ ...metadata, token_endpoint: "http://as.example/token" })],
  ])("is the operator's to mend where it is %s, and nothing is sent", async (_name, wrong) => {
    const { ada, test, metadata, controls } = await startAway();
    controls.metadata = { ...wrong(metadata), words: "planted words" };
    test.clock.advance(METADATA_RETRY_MS);
    const { errors } = await ada.graphql(CONNECT);
    expect(errors).toMatchObject([{ extensions: { code: "CONNECTOR_MISCONFIGURED" } }]);
    expect((await ada.browser.fetch("/connect/test")).status).toBe(502);
    expect(test.logged.join("\n")).toContain("invalid_metadata");
  });
});

describe("a connector whose endpoints are left to metadata", () => {
  const problemsOf = (provider: object) =>
    connectorSchema.safeParse({ slug: "a", name: "A", client_id: "c", provider }).error?.issues.map(({ message }) => message) ?? [];

  it("states an issuer, which no user enters", () => {
    expect(problemsOf({ issuer: "https://as.example" })).toEqual([]);
    expect(problemsOf({})).toHaveLength(2);
    const variables = [{ name: "domain", may: "host" }];
    const wrong = "must state its endpoints: the URL of its metadata depends on what users enter";
    expect(problemsOf({ issuer: "https://{domain}", variables })).toEqual([wrong]);
    expect(problemsOf({ issuer: "https://{domain}", variables: [{ ...variables[0], default: "as.example" }] })).toEqual([]);
  });

  it("is checked at the endpoints of its metadata, or not at all", async () => {
    oidc = await startOidcProvider({ client: { token_endpoint_auth_method: "client_secret_basic", client_secret: SECRET } });
    const connector = connectorSchema.parse(writtenFor({ issuer: oidc.issuer }));
    const find = () => findingsOf(connector, { publicUrl: PUBLIC_URL, timeoutMs: 5_000 });
    expect((await find()).map(({ level }) => level)).toEqual(["note", "ok", "ok"]);
    oidc.answerNext(METADATA, 503, {});
    expect((await find()).slice(1)).toEqual([
      { level: "error", text: `its endpoints come from its metadata, which cannot be used: ${oidc.issuer}${METADATA} gives http_503` },
    ]);
  });
});
