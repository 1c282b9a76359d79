import { setTimeout as delay } from "node:timers/promises";
import { sql } from "kysely";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createTestDatabase, run, type TestDatabase } from "../../test/support/databases.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { nameUser } from "../../test/support/store.ts";
import { createRowCache } from "./cache.ts";
import type { Database } from "./database.ts";
import { openDatabase } from "./open.ts";

const clock = createManualClock();
let store: TestDatabase;
let database: Database;
let logged: string[];
beforeEach(async () => {
  store = await createTestDatabase("postgres");
});
afterEach(async () => {
  await database.close();
  await store.drop();
});

async function open(): Promise<void> {
  logged = [];
  const note = (_facts: object, message: string) => void logged.push(message);
  database = await openDatabase(store.url, { clock, log: { info: note, warn: note, error: note } });
}

it("reads committed rows in each transaction, whatever the default isolation of the Postgres database", async () => {
  await run(
    store.url,
    `do $$ begin execute format('alter database %I set default_transaction_isolation = serializable', current_database()); end $$`,
  );
  await open();
  const levels = await database.write([], async (transaction) => {
    const { rows } = await sql<{ level: string }>`select current_setting('transaction_isolation') as level`.execute(transaction);
    return rows;
  });
  expect(levels).toEqual([{ level: "read committed" }]);
});

describe("a Postgres store whose listening connection is lost", () => {
  it("caches nothing until it listens again, and drops what it had", async () => {
    await open();
    const news: string[] = [];
    database.changes.listen((topic) => news.push(topic));
    expect(database.changes.isCacheable()).toBe(true);
    const admin = new pg.Client({ connectionString: store.url });
    await admin.connect();
    await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen%'");
    await vi.waitUntil(() => !database.changes.isCacheable(), PATIENCE);
    const cache = createRowCache<{ loaded: number }>(database.changes);
    let loads = 0;
    const load = async () => ({ loaded: (loads += 1) });
    await cache.get("user:ada", load);
    await cache.get("user:ada", load);
    expect(loads).toBe(2);
    expect(news).toEqual([]);
    await vi.waitUntil(() => database.changes.isCacheable(), PATIENCE);
    expect(news).toEqual(["everything"]);
    await cache.get("user:ada", load);
    await cache.get("user:ada", load);
    expect(loads).toBe(3);
    await admin.end();
  });
});

describe("a Postgres store whose connections are all taken", () => {
  it("caches nothing meanwhile, and is not degraded", async () => {
    await open();
    const admin = new pg.Client({ connectionString: store.url });
    await admin.connect();
    await admin.query("select pg_advisory_lock(1)");
    const busy = Promise.all(Array.from({ length: 10 }, () => sql`select pg_advisory_xact_lock_shared(1)`.execute(database.query)));
    await vi.waitUntil(() => !database.changes.isCacheable(), PATIENCE);
    expect(database.degradation()).toBeNull();
    await admin.end();
    await busy;
    await vi.waitUntil(() => database.changes.isCacheable(), PATIENCE);
    expect(logged).toEqual([]);
  });
});

describe("a Postgres connection that breaks", () => {
  const terminate = (url: string, query: string) =>
    run(url, `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like '${query}%'`);
  const names = async (database: Database) => (await database.query.selectFrom("users").select("name").execute()).map(({ name }) => name);

  it("fails only the transaction that holds it", async () => {
    await open();
    await nameUser(database, "ada", "Ada");
    const broken = database.write([], async (transaction) => {
      await transaction.selectFrom("users").selectAll().where("id", "=", "ada").forUpdate().execute();
      await terminate(store.url, 'select * from "users"');
      // Idle in the transaction: the error comes while no statement waits for it.
      await delay(100);
      await transaction.updateTable("users").set({ name: "Lost" }).execute();
    });
    await expect(broken).rejects.toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
    expect(await Promise.all(Array.from({ length: 20 }, () => names(database)))).toEqual(Array.from({ length: 20 }, () => ["Ada"]));
  });

  it("fails only the statement that runs on it", async () => {
    await open();
    const sleeping = sql`select pg_sleep(60)`.execute(database.query);
    // At once: the server tells that it ends the connection before it does.
    const namesAfter = sleeping.then(
      () => null,
      () => names(database),
    );
    await vi.waitUntil(async () => {
      await terminate(store.url, "select pg_sleep");
      return Promise.race([namesAfter, delay(20)]);
    }, PATIENCE);
    expect(await namesAfter).toEqual([]);
  });
});
