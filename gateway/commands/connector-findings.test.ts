import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ConnectorConfig, connectorSchema } from "../providers/connector.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../../test/support/authorization-server.ts";
import { type Finding, findingsOf } from "./connector-findings.ts";

const PUBLIC_URL = "https://connect.example";
const TIMEOUT_MS = 2_000;

let server: AuthorizationServer;
beforeEach(async () => {
  server = await startAuthorizationServer();
});
afterEach(() => server.close());

const connectorOf = (provider: object = {}, further: object = {}): ConnectorConfig =>
  connectorSchema.parse({
    slug: "mail",
    name: "Mail",
    provider: { ...server.providerFacts, ...provider },
    client_id: server.client.clientId,
    client_secret: server.client.clientSecret,
    ...further,
  });

const findings = (connector: ConnectorConfig, timeoutMs = TIMEOUT_MS): Promise<Finding[]> =>
  findingsOf(connector, { publicUrl: PUBLIC_URL, timeoutMs });

const textsOf = (found: readonly Finding[], level: Finding["level"]): string[] =>
  found.filter((finding) => finding.level === level).map(({ text }) => text);

describe("the findings about a connector", () => {
  it("tell the redirect URI to register and where, and every trap of the provider", async () => {
    const found = await findings(connectorOf({ docs_url: "https://docs.example/oauth", traps: ["Codes end after a minute."] }));
    expect(textsOf(found, "note")).toEqual([
      "register https://connect.example/callback/mail as the redirect URI at the provider (see https://docs.example/oauth)",
    ]);
    expect(textsOf(found, "trap")).toEqual(["Codes end after a minute."]);
  });

  it("warn of a connector that asks for no scopes, where its provider is known to have some", async () => {
    const none = connectorSchema.parse({ provider: "google-service-account" });
    expect(textsOf(await findings(none), "warning")).toEqual([expect.stringContaining("asks for no scopes")]);
    expect(textsOf(await findings(connectorSchema.parse({ provider: "google-service-account", scopes: ["x"] })), "warning")).toEqual([]);
  });

  it("note where nothing is known of the scopes of a provider that is not documented", async () => {
    const found = await findings(connectorOf({ undocumented: true }, { scopes: [] }));
    expect(textsOf(found, "note")).toContain("asks for no scopes: check whether the provider has any");
    expect(textsOf(await findings(connectorOf({}, { scopes: [] })), "note")).toHaveLength(1);
  });

  it("tell that the provider accepts the client, and that nothing but a made-up code was sent", async () => {
    expect(await findings(connectorOf())).toContainEqual({
      level: "ok",
      text: "the provider accepts the client xkit-test-client: it refused only a made-up code (invalid_grant)",
    });
    expect(server.tokenRequests).toMatchObject([{ grantType: "authorization_code", clientAuthentication: "client_secret_basic" }]);
    expect(server.refreshCount()).toBe(0);
  });

  it("tell of a code that users enter at the provider, and try the client by a made-up one", async () => {
    const found = await findings(connectorOf({ kind: "device", device_authorization_endpoint: `${server.url}/device` }));
    expect(textsOf(found, "note")).toEqual(["has its users enter a code at the provider: there is no redirect URI to register"]);
    expect(textsOf(found, "ok")).toEqual([
      "the provider accepts the client xkit-test-client: it refused only a made-up code (invalid_grant)",
    ]);
    expect(server.tokenRequests).toMatchObject([{ grantType: "urn:ietf:params:oauth:grant-type:device_code" }]);
    expect(server.controls.devices.requests).toEqual([]);
  });

  it("tell where a device_authorization_endpoint differs from the metadata", async () => {
    const elsewhere = `${server.url}/elsewhere`;
    server.controls.metadata = { issuer: server.url, device_authorization_endpoint: elsewhere };
    const found = await findings(connectorOf({ kind: "device", device_authorization_endpoint: `${server.url}/device` }));
    expect(textsOf(found, "warning").join()).toContain(`its device_authorization_endpoint is ${server.url}/device`);
  });

  it("tell that the provider refuses the client, without its secret", async () => {
    const found = await findings(connectorOf({}, { client_secret: "planted-secret" }));
    expect(textsOf(found, "error")).toEqual(["the provider refuses the client xkit-test-client or its secret (invalid_client)"]);
    expect(JSON.stringify(found)).not.toContain("planted-secret");
  });

  it("tell of each previous client whether the provider still takes it", async () => {
    const found = await findings(connectorOf({}, { previous_clients: [{ client_id: "before", client_secret: "planted-secret" }] }));
    expect(textsOf(found, "ok")).toEqual([expect.stringContaining("the provider accepts the client xkit-test-client:")]);
    expect(textsOf(found, "error")).toEqual(["the provider refuses the client before or its secret (invalid_client)"]);
  });

  it("take an error of the provider's own for what its facts say", async () => {
    server.controls.next({ status: 400, body: { error: "bad_client_secret" } });
    const errors = [{ on: "exchange", match: "bad_client_secret", means: "misconfigured" }];
    expect(textsOf(await findings(connectorOf({ errors })), "error")).toEqual([
      expect.stringContaining("the provider refuses the client xkit-test-client or its secret"),
    ]);
  });

  it("conclude nothing from an error that nothing is known of", async () => {
    server.controls.next({ status: 400, body: { error: "moon_phase" } });
    expect(textsOf(await findings(connectorOf()), "warning")).toEqual([
      "it is not known whether the provider accepts the client xkit-test-client: it answered a made-up code with moon_phase",
    ]);
  });

  it("tell that a provider does not answer in time", async () => {
    server.controls.next("hang");
    expect(textsOf(await findings(connectorOf(), 100), "error")).toEqual([
      `${server.url}/token gives no usable answer for the client xkit-test-client (timeout)`,
    ]);
  });

  it("tell that a provider cannot be reached", async () => {
    const connector = connectorOf();
    await server.close();
    expect(textsOf(await findings(connector), "error")).toEqual([
      `${server.url}/token gives no usable answer for the client xkit-test-client (unreachable)`,
    ]);
  });

  it("warn of missing scopes without which there is no refresh token", async () => {
    const scopes = { default: ["read"], offline: ["offline_access"] };
    expect(textsOf(await findings(connectorOf({ scopes })), "warning")).toEqual([]);
    expect(textsOf(await findings(connectorOf({ scopes }, { scopes: ["read"] })), "warning")).toEqual([
      "does not ask for offline_access, without which the provider gives no refresh token",
    ]);
  });

  it("do not try a client whose token endpoint depends on what the user enters", async () => {
    const found = await findings(connectorSchema.parse({ provider: "zendesk", client_id: "client", client_secret: "secret" }));
    expect(textsOf(found, "note")).toContainEqual(expect.stringContaining("its client was not tested: https://{subdomain}.zendesk.com"));
  });

  it("note what each user is asked for that the configuration may state for all", async () => {
    const facts = { authorization_params: { tenant: "{tenant}" }, variables: [{ name: "tenant", label: "Tenant", may: "param" }] };
    const note = 'asks each user for Tenant: to give all users one value, set "tenant" in "variables"';
    expect(textsOf(await findings(connectorOf(facts)), "note")).toContain(note);
    expect(textsOf(await findings(connectorOf(facts, { variables: { tenant: "acme" } })), "note")).not.toContain(note);
  });

  const host = { name: "host", label: "Host", may: "host" };

  it.each([
    ["any host", host, {}, 1],
    ["any host of a form", { ...host, pattern: "^[a-z.-]+$" }, {}, 1],
    ["one of the operator's hosts", host, { collect: { fields: [{ name: "host", enum: ["one.example", "two.example"] }] } }, 0],
    ["a host of the provider's", { ...host, pattern: "\\.acme\\.example$" }, {}, 0],
    ["any host, of a client without a secret", host, { client_secret: null }, 0],
  ])("warn where users may have the client secret sent anywhere: to %s", async (_where, variable, further, count) => {
    const facts = { token_endpoint: "https://{host}/token", variables: [variable] };
    const warnings = textsOf(await findings(connectorOf(facts, further)), "warning");
    expect(warnings.filter((text) => text.startsWith("sends its client secret to any host"))).toHaveLength(count);
  });

  it("of a provider whose users type a key name no redirect URI", async () => {
    const found = await findings(connectorSchema.parse({ provider: "openai" }));
    expect(found[0]).toEqual({ level: "note", text: "asks its users for their credentials: there is no redirect URI to register" });
    expect(JSON.stringify(found)).not.toContain("/callback/");
  });
});

describe("the provider's metadata", () => {
  const metadataOf = () => ({
    issuer: server.url,
    authorization_endpoint: `${server.url}/authorize`,
    token_endpoint: `${server.url}/token`,
    token_endpoint_auth_methods_supported: ["client_secret_basic"],
  });

  it("agrees with the facts", async () => {
    server.controls.metadata = metadataOf();
    expect(textsOf(await findings(connectorOf()), "ok")).toContain(`its endpoints match ${server.url}/.well-known/openid-configuration`);
  });

  it("names each endpoint that differs, and a way to authenticate that it does not list", async () => {
    server.controls.metadata = { ...metadataOf(), token_endpoint: "https://new.example/token" };
    expect(textsOf(await findings(connectorOf({ client_authentication: "post" })), "warning")).toEqual([
      `its token_endpoint is ${server.url}/token, but the provider's metadata has https://new.example/token`,
      "authenticates with client_secret_post, which the provider's metadata does not list",
    ]);
  });

  it("that the facts name is missed, and that of an issuer alone is not", async () => {
    const discovery = `${server.url}/.well-known/elsewhere`;
    expect(textsOf(await findings(connectorOf({ discovery })), "error")).toEqual([
      `its metadata at ${discovery} cannot be read (http_404)`,
    ]);
    expect(textsOf(await findings(connectorOf()), "error")).toEqual([]);
  });
});
