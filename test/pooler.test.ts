import { execFileSync } from "node:child_process";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { createManualClock } from "../gateway/upstream-suite/manual-clock.ts";
import { type App, createApp } from "../gateway/app.ts";
import { createLog } from "../gateway/runtime/log.ts";
import { type AuthorizationServer, startAuthorizationServer } from "./support/authorization-server.ts";
import { createTestDatabase, type TestDatabase } from "./support/databases.ts";
import { type Pooler, startPooler } from "./support/pooler.ts";
import { createTestConfig, PUBLIC_URL, signIn } from "./support/test-app.ts";
import { PATIENCE } from "./support/patience.ts";

/** Debian's package `pgbouncer`, which `.ci/run` installs. */
const isInstalled = (() => {
  try {
    execFileSync("pgbouncer", ["--version"], { env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin` } });
    return true;
  } catch {
    return false;
  }
})();

const TOKEN = '{ accessToken(where: { slug: "test" }) { __typename } }';
const DISCONNECT = 'mutation { disconnect(where: { slug: "test" }) { id } }';
const clock = createManualClock();
let provider: AuthorizationServer;
let store: TestDatabase;
let pooler: Pooler;
let apps: App[] = [];

beforeAll(async () => void (provider = await startAuthorizationServer({ now: clock.now })));
afterAll(() => provider.close());
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()));
  apps = [];
  await pooler.stop();
  await store.drop();
});

/** Two gateways over one database behind PgBouncer. `isDirect`: each listens past it. */
async function startTwo(isDirect: boolean) {
  store = await createTestDatabase("postgres");
  pooler = await startPooler(store.url);
  const logged: string[] = [];
  const log = createLog("info", { write: (line) => void logged.push(line) });
  const env = isDirect ? { DATABASE_LISTEN_URL: store.url } : {};
  const config = createTestConfig(provider, { ...store, url: pooler.url }, { env });
  const here = await createApp(config, { clock, log });
  const there = await createApp(config, { clock, log });
  apps = [here, there];
  const readiness = async () => (await there.fetch(new Request(`${PUBLIC_URL}/readyz`))).json();
  const ada = await signIn(here, provider, "ada");
  await ada.connect();
  const tokenThere = async () => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${await ada.bearer()}` };
    const init = { method: "POST", headers, body: JSON.stringify({ query: TOKEN }) };
    const { data } = await (await there.fetch(new Request(`${PUBLIC_URL}/graphql`, init))).json();
    return data.accessToken.__typename;
  };
  return { ada, tokenThere, readiness, logged };
}

it.skipIf(!isInstalled)(
  "a gateway caches nothing behind PgBouncer in transaction mode, and reports that it is degraded [needs pgbouncer]",
  async () => {
    const { ada, tokenThere, readiness, logged } = await startTwo(false);
    expect(await tokenThere()).toBe("AccessToken");
    expect((await ada.graphql(DISCONNECT)).errors).toEqual([]);
    expect(await tokenThere()).toBe("NotConnected");
    expect(await readiness()).toEqual({ status: "degraded", reason: expect.stringContaining("DATABASE_LISTEN_URL") });
    expect(logged.filter((line) => line.includes("degraded: notifications of Postgres do not arrive"))).toHaveLength(2);
  },
);

it.skipIf(!isInstalled)("a gateway receives changes through a direct connection beside PgBouncer [needs pgbouncer]", async () => {
  const { ada, tokenThere, readiness } = await startTwo(true);
  expect([await readiness(), await tokenThere()]).toEqual([{ status: "ready" }, "AccessToken"]);
  await ada.graphql(DISCONNECT);
  await vi.waitUntil(async () => (await tokenThere()) === "NotConnected", PATIENCE);
});
