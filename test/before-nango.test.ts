/** A whole gateway before Nango, as browsers, servers, operators and Nango itself ask it. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { type App, createApp } from "../gateway/app.ts";
import { createLog } from "../gateway/runtime/log.ts";
import { createTestDatabase, type TestDatabase } from "./support/databases.ts";
import { signaturesOf } from "./support/fake-nango/webhooks.ts";
import { nangoEnvironment, type NangoWorld, startNangoWorld, visitNango } from "./support/nango.ts";
import { ask, createTestConfig, type GraphqlAnswer, type Send, sendTo, WEB_ORIGIN } from "./support/test-app.ts";

const KEY = "signing-key";

let world: NangoWorld;
let database: TestDatabase;
let app: App;
let send: Send;
beforeEach(async () => {
  world = await startNangoWorld();
  database = await createTestDatabase("sqlite");
  const env = { ...nangoEnvironment(world), XKIT_NANGO_WEBHOOK_KEY: KEY };
  const config = createTestConfig(world.provider, database, { file: { connectors: [] }, env });
  app = await createApp(config, { clock: world.clock, log: createLog("silent") });
  send = sendTo(app);
});
afterEach(async () => {
  await app.close();
  await world.close();
  await database.drop();
});

async function graphqlAs(id: string, query: string): Promise<GraphqlAnswer> {
  const { token } = await app.provisionUser({ id });
  return ask(send, query, {}, { authorization: `Bearer ${token}` });
}

it("a user finds Nango's integrations in the catalog, connects one and gets its token", async () => {
  const { data } = await graphqlAs("ada", `{ connectors { slug connectorUrl } }`);
  expect(data.connectors).toContainEqual({ slug: "test", connectorUrl: "http://localhost:4000/connectors/test" });
  const started = await graphqlAs("ada", `mutation { connect(slug: "test") { authorization { authorizeUrl } } }`);
  await visitNango(started.data.connect.authorization.authorizeUrl);
  const token = await graphqlAs("ada", `{ connectionToken(where: { slug: "test" }) }`);
  expect(world.provider.liveAccessTokens()).toContain(token.data.connectionToken);
});

it("a webhook is taken at its address with its signature alone", async () => {
  const body = JSON.stringify({ from: "nango", type: "auth", tags: { end_user_id: "ada" } });
  const post = (headers: Record<string, string>) =>
    send("/webhooks/nango", { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
  expect((await post(signaturesOf(body, KEY))).status).toBe(204);
  expect((await post(signaturesOf(body, "another"))).status).toBe(401);
  expect((await send("/webhooks/nango")).status).toBe(404);
});

it("the gateway is degraded while Nango refuses its key, and not ready while Nango is away", async () => {
  expect(await (await send("/readyz")).json()).toEqual({ status: "ready" });
  world.clock.advance(60_000);
  world.nango.controls.always({ status: 401, body: { error: { code: "unknown_account" } } });
  const refused = await send("/readyz");
  expect([refused.status, await refused.json()]).toMatchObject([
    200,
    { status: "degraded", reason: expect.stringContaining("XKIT_NANGO_SECRET_KEY") },
  ]);
  world.nango.controls.always({ status: 200, body: { data: [] } });
  await send("/readyz");
  world.clock.advance(60_000);
  world.nango.controls.always({ status: 502, body: {} });
  expect((await send("/readyz")).status).toBe(503);
});

it("a popup of xkit.js gets a token to enter with", async () => {
  const { token } = await app.provisionUser({ id: "ada" });
  const headers = { authorization: `Bearer ${token}`, origin: WEB_ORIGIN };
  const response = await send("/api/platform_user/sessions/ott", { method: "POST", headers });
  expect([response.status, await response.json()]).toEqual([200, { ott: expect.any(String) }]);
});
