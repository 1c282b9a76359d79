import { setTimeout as delay } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type App, createApp } from "../gateway/app.ts";
import { createLog } from "../gateway/runtime/log.ts";
import { openDatabase } from "../gateway/store/open.ts";
import { type AuthorizationServer, startAuthorizationServer } from "./support/authorization-server.ts";
import { createManualClock } from "../gateway/upstream-suite/manual-clock.ts";
import { createPostgres, createTestDatabase, type TestDatabase } from "./support/databases.ts";
import { type PostgresServer, startPostgresServer } from "./support/postgres-server.ts";
import { ask, createTestConfig, PUBLIC_URL, sendTo, signIn } from "./support/test-app.ts";
import { PATIENCE } from "./support/patience.ts";

const clock = createManualClock();
const logged: { level: string; msg: string }[] = [];
let provider: AuthorizationServer;
let store: TestDatabase;
let app: App;

beforeAll(async () => void (provider = await startAuthorizationServer({ now: clock.now })));
afterAll(() => provider.close());

async function start(database: TestDatabase): Promise<void> {
  store = database;
  logged.length = 0;
  const log = createLog("info", { write: (line) => void logged.push(JSON.parse(line)) });
  app = await createApp(createTestConfig(provider, store), { clock, log });
}

const get = async (path: string, headers: Record<string, string> = {}) => {
  const response = await app.fetch(new Request(`${PUBLIC_URL}${path}`, { headers }));
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.json() };
};
const errorsLogged = () => logged.filter(({ level }) => level === "error").map(({ msg }) => msg);
const isReady = async () => (await get("/readyz")).status === 200;

/** The next event of a stream of server-sent events that holds `text`; throws at its end. */
async function eventWith(text: string, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  for (let received = ""; ;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`The stream ended without ${text}: ${received}`);
    received += decoder.decode(value, { stream: true });
    if (received.includes(text)) return received;
  }
}

const AWAY = "the store is unavailable: until it is back, requests that need it get a 503";

describe("a Postgres server that is stopped", () => {
  let server: PostgresServer;
  beforeAll(async () => void (server = await startPostgresServer()));
  afterAll(() => server.remove());

  it("signs no user out, is logged once, and serves again when it is back", async () => {
    await start(await createPostgres(server.url));
    const { token } = await app.provisionUser({ id: "ada" });
    const authorization = `Bearer ${token}`;
    const query = () => ask(sendTo(app), "{ viewer { id } }", {}, { authorization });
    const rest = () => get("/api/platform_user/connections", { authorization });
    expect([(await query()).data.viewer.id, (await rest()).status]).toEqual(["ada", 200]);

    await server.stop();
    const answers = await Promise.all(Array.from({ length: 20 }, async (_, index) => (index % 2 ? query() : rest())));
    for (const answer of answers) {
      expect(answer.status).toBe(503);
      const [code, seconds] =
        "errors" in answer ? [answer.errors[0]?.extensions.code, answer.headers.get("retry-after")] : [answer.body.code, answer.retryAfter];
      expect([code, seconds]).toEqual(["TEMPORARILY_UNAVAILABLE", "1"]);
    }
    expect(await isReady()).toBe(false);
    expect(errorsLogged()).toEqual([AWAY]);

    await server.start();
    await vi.waitUntil(isReady, PATIENCE);
    expect([(await query()).data.viewer.id, (await rest()).status]).toEqual(["ada", 200]);
    await vi.waitUntil(() => logged.some(({ msg }) => msg === "the store is available again"), PATIENCE);
    expect(errorsLogged()).toEqual([AWAY]);
    await app.close();
  });
});

describe("a subscription", () => {
  it("survives an outage of the store, and reports later changes", async () => {
    const server = await startPostgresServer();
    await start(await createPostgres(server.url));
    const ada = await signIn(app, provider, "ada");
    await ada.connect();
    const headers = { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${await ada.bearer()}` };
    const body = JSON.stringify({ query: "subscription { connectionChanged { enabled } }" });
    const { body: stream } = await app.fetch(new Request(`${PUBLIC_URL}/graphql`, { method: "POST", headers, body }));
    const reader = (stream ?? new ReadableStream<Uint8Array>()).getReader();
    const first = eventWith('"enabled":true', reader);
    await vi.waitUntil(async () => {
      await ada.connect();
      return Promise.race([first, delay(500)]);
    }, PATIENCE);
    const changed = eventWith('"enabled":false', reader);
    changed.catch(() => {});
    await server.stop();
    await vi.waitUntil(async () => !(await isReady()), PATIENCE);
    await server.start();
    await vi.waitUntil(isReady, PATIENCE);
    expect((await ada.graphql('mutation { disconnect(where: { slug: "test" }) { id } }')).errors).toEqual([]);
    expect(await changed).toContain("connectionChanged");
    await reader.cancel();
    await app.close();
    await server.remove();
  });
});

describe("a store that cannot be written to", () => {
  afterEach(async () => {
    await app.close();
    await store.drop();
  });

  it("is not ready while a Postgres server is read-only, though it can be read, and answers what writes with 503", async () => {
    await start(await createTestDatabase("postgres"));
    const { token } = await app.provisionUser({ id: "grace" });
    const connect = () => ask(sendTo(app), 'mutation { connect(slug: "test") { id } }', {}, { authorization: `Bearer ${token}` });
    expect(await isReady()).toBe(true);
    const admin = await openDatabase(store.url, { clock });
    const name = new URL(store.url).pathname.slice(1);
    await sql.raw(`alter database ${name} set default_transaction_read_only = on`).execute(admin.query);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name} and pid <> pg_backend_pid()`.execute(
      admin.query,
    );
    await vi.waitUntil(async () => !(await isReady()), PATIENCE);
    await expect(app.provisionUser({ id: "ada" })).rejects.toMatchObject({ code: "TEMPORARILY_UNAVAILABLE", facts: { retryAfter: 1 } });
    const { status, headers, errors } = await connect();
    expect([status, headers.get("retry-after"), errors[0]?.extensions.code]).toEqual([503, "1", "TEMPORARILY_UNAVAILABLE"]);
    await sql.raw("set default_transaction_read_only = off").execute(admin.query);
    await admin.close();
  });
});
