import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type App, createApp } from "../gateway/app.ts";
import { createLog } from "../gateway/runtime/log.ts";
import { type AuthorizationServer, startAuthorizationServer } from "./support/authorization-server.ts";
import { createBrowser } from "./support/browser.ts";
import { createManualClock } from "../gateway/upstream-suite/manual-clock.ts";
import { createTestDatabase, type TestDatabase } from "./support/databases.ts";
import { plainService } from "./support/fake-xkit/dialects.ts";
import { type FakeXkit, startFakeXkit } from "./support/fake-xkit/fake-xkit.ts";
import { ask, createTestConfig, PUBLIC_URL, sendTo } from "./support/test-app.ts";

let provider: AuthorizationServer;
let fake: FakeXkit;
let database: TestDatabase;
let app: App;
beforeEach(async () => {
  const clock = createManualClock();
  provider = await startAuthorizationServer({ now: clock.now });
  const { clientId, clientSecret } = provider.client;
  fake = await startFakeXkit({
    connectors: [
      { slug: "test", name: "Test", scopes: ["read"] },
      {
        slug: "key",
        name: "Key",
        collect: { instructions: "", save_label: "Save", fields: [{ name: "api_key", label: "API key", secret: true }] },
      },
    ],
    provider: { url: provider.url, clientId, clientSecret: clientSecret ?? "" },
    now: clock.now,
    dialect: plainService({ saysWho: false }),
  });
  database = await createTestDatabase("sqlite");
  const env = {
    XKIT_UPSTREAM: "xkit",
    XKIT_UPSTREAM_URL: fake.url,
    XKIT_UPSTREAM_PUBLISHABLE_KEY: fake.keys.publishable,
    XKIT_UPSTREAM_SECRET_KEY: fake.keys.secret,
    XKIT_UPSTREAM_USERS: "ours",
  };
  const config = createTestConfig(provider, database, { file: { connectors: [] }, env });
  app = await createApp(config, { clock, log: createLog("silent") });
});
afterEach(async () => {
  await app.close();
  await fake.close();
  await provider.close();
  await database.drop();
});

const graphql = (query: string, bearer: string) => ask(sendTo(app), query, {}, { authorization: `Bearer ${bearer}` });
const CONNECT = `mutation { connect(slug: "test") { id createdAt authorization { id authorizeUrl state } } }`;
const TOKEN = `{ viewer { id } connectionToken(where: { slug: "test" }) connection(where: { slug: "test" }) { enabled updatedAt } }`;

/** Connects `test` by the link that the front answers. */
async function connect(bearer: string): Promise<{ id: string; createdAt: string | null }> {
  const { data } = await graphql(CONNECT, bearer);
  await fetch(await provider.authorize(data.connect.authorization.authorizeUrl));
  return data.connect;
}

describe("a gateway with users of its own, in front of a plain service that does not say whose a bearer is", () => {
  it("connects a user, and gives them their token, with the instants that are unknown as null", async () => {
    const { token } = await app.provisionUser({ id: "ada" });
    expect((await connect(token)).createdAt).toBeNull();
    const { data } = await graphql(TOKEN, token);
    expect(data).toMatchObject({ viewer: { id: "ada" }, connection: { enabled: true, updatedAt: null } });
    expect(provider.liveAccessTokens()).toContain(data.connectionToken);
  });

  it("follows an authorization by the short id that the service gave it", async () => {
    const { token } = await app.provisionUser({ id: "ada" });
    const { data } = await graphql(CONNECT, token);
    const { id } = data.connect.authorization;
    expect(id).toBe("1");
    const headers = { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${token}` };
    const body = JSON.stringify({ query: `subscription { authorizationStatus(id: "${id}") { id status } }` });
    const reader = (await sendTo(app)("/graphql", { method: "POST", headers, body })).body?.getReader();
    let events = "";
    while (!events.includes("data: {")) events += new TextDecoder().decode((await reader?.read())?.value);
    await reader?.cancel();
    expect(events).toContain(`{"id":"1","status":"AWAITING_CALLBACK"}`);
  });

  it("answers an authorization over REST though the service does not tell which connection it is behind", async () => {
    const { token } = await app.provisionUser({ id: "ada" });
    const rest = async (method: string, path: string, body?: object) => {
      const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
      const response = await sendTo(app)(`/api/platform_user${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      return { status: response.status, body: await response.json() };
    };
    const started = (await rest("POST", "/connections/key", {})).body.connection.authorization;
    const [own, of] = [`/authorizations/key/${started.id}`, { connection_id: null, connector: { slug: "key", name: "Key" } }];
    expect(await rest("GET", own)).toMatchObject({ status: 200, body: { authorization: { status: "awaiting_callback", ...of } } });
    const typed = { state: started.state, api_key: "key-of-ada-1" };
    expect(await rest("PUT", "/authorizations/key", typed)).toMatchObject({ body: { authorization: { status: "active", ...of } } });
    expect(await rest("GET", own)).toMatchObject({ body: { authorization: { status: "active", ...of } } });
    for (const path of [`/authorizations/nothing/${started.id}`, "/authorizations/key/999"])
      expect(await rest("GET", path)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  });

  it("signs a user in by a cookie of its own, and asks the service for no session", async () => {
    const { token } = await app.provisionUser({ id: "ada" });
    const browser = createBrowser(app, PUBLIC_URL);
    const login = await ask(browser.fetch, `mutation { login(token: "${token}") { token viewer { id } } }`, {}, { origin: PUBLIC_URL });
    expect(login.data.login.viewer.id).toBe("ada");
    const refreshed = await ask(browser.fetch, `mutation { refreshSession { token } }`, {}, { origin: PUBLIC_URL });
    expect((await graphql("{ viewer { id } }", refreshed.data.refreshSession.token)).data.viewer).toEqual({ id: "ada" });
    expect(fake.requests).toEqual([]);
  });

  it("gives a member no token, and asks for none", async () => {
    const { token } = await app.provisionUser({ id: "grace", groupId: "acme" });
    await connect(token);
    const { data } = await graphql(TOKEN, token);
    expect(data).toMatchObject({ connectionToken: null, connection: { enabled: true } });
    expect(fake.requests.filter((request) => /^GET .*\/connections?\/[^/]+$/.test(request))).toEqual([]);
  });
});
