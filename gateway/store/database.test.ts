import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import pg from "pg";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createManualClock } from "../../test/support/clock.ts";
import { createTestDatabase, databaseKinds, run, type TestDatabase } from "../../test/support/databases.ts";
import { createRowCache } from "./cache.ts";
import type { Database } from "./database.ts";
import { openDatabase } from "./open.ts";
import { migrations } from "./migrations/index.ts";
import { MigrationError } from "./migrations/migrate.ts";
import { PATIENCE } from "../../test/support/patience.ts";

const clock = createManualClock();
let store: TestDatabase;
let opened: Database[] = [];
afterEach(async () => {
  await Promise.all(opened.map((database) => database.close()));
  opened = [];
  await store.drop();
});

async function open(): Promise<Database> {
  const database = await openDatabase(store.url, { clock });
  opened.push(database);
  return database;
}

const provision = (database: Database, id: string, name: string) =>
  database.write([`user:${id}`], async (transaction) => {
    await transaction.deleteFrom("users").where("id", "=", id).execute();
    await transaction
      .insertInto("users")
      .values({ id, name, group_id: null, group_asserted_at: null, created_at: 0, updated_at: 0 })
      .execute();
  });

describe.each(databaseKinds)("the store on %s", (kind) => {
  it("is migrated once by several processes that start at the same moment", async () => {
    store = await createTestDatabase(kind);
    const [first] = await Promise.all(Array.from({ length: 5 }, open));
    const { rows } = await sql`select name from migrations order by name`.execute(first?.query ?? (await open()).query);
    expect(rows).toEqual(migrations.map(({ name }) => ({ name })));
  });

  it("is not opened when a migration was applied with other statements, and keeps nothing open", async () => {
    store = await createTestDatabase(kind);
    const { query } = await open();
    await sql`update migrations set checksum = 'changed'`.execute(query);
    await expect(openDatabase(store.url, { clock })).rejects.toThrow(MigrationError);
    await expect(openDatabase(store.url, { clock })).rejects.toThrow("0001-initial was applied to the store with other statements");
  });

  it("is not opened when a newer version made it", async () => {
    store = await createTestDatabase(kind);
    const { query } = await open();
    await sql`insert into migrations values ('9999-future', 'checksum', 0)`.execute(query);
    await expect(openDatabase(store.url, { clock })).rejects.toThrow("9999-future, which this version does not know");
  });

  it("forgets a transaction that fails, and tells nobody of it", async () => {
    store = await createTestDatabase(kind);
    const database = await open();
    const news: string[] = [];
    database.changes.listen((topic) => news.push(topic));
    const failing = database.write(["user:ada"], async (transaction) => {
      await transaction.insertInto("groups").values({ id: "acme", created_at: 0 }).execute();
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await database.query.selectFrom("groups").selectAll().execute()).toEqual([]);
    expect(news).toEqual([]);
  });

  it("takes a topic of any length", async () => {
    store = await createTestDatabase(kind);
    const [here, there] = [await open(), await open()];
    const news: string[] = [];
    there.changes.listen((topic) => news.push(topic));
    await provision(here, "a".repeat(9_000), "Long");
    await vi.waitUntil(() => (there.changes.isCacheable(), news.length > 0), PATIENCE);
    expect(news).toEqual(["everything"]);
  });

  it("lets what another process changed drop the cached row", async () => {
    store = await createTestDatabase(kind);
    const [here, there] = [await open(), await open()];
    const cache = createRowCache<{ name: string | null | undefined }>(there.changes);
    const nameThere = async () =>
      (
        await cache.get("user:ada", async () => ({
          name: (await there.query.selectFrom("users").select("name").where("id", "=", "ada").executeTakeFirst())?.name,
        }))
      ).name;
    await provision(here, "ada", "Ada");
    expect(await nameThere()).toBe("Ada");
    await provision(here, "ada", "Ada Lovelace");
    // SQLite is looked at with each reading; the news of Postgres travels.
    await vi.waitUntil(async () => kind === "sqlite" || (await nameThere()) === "Ada Lovelace", PATIENCE);
    expect(await nameThere()).toBe("Ada Lovelace");
  });
});

it("a Postgres store of another default isolation has each transaction read what is committed", async () => {
  store = await createTestDatabase("postgres");
  await run(
    store.url,
    `do $$ begin execute format('alter database %I set default_transaction_isolation = serializable', current_database()); end $$`,
  );
  const database = await open();
  const levels = await database.write([], async (transaction) => {
    const { rows } = await sql<{ level: string }>`select current_setting('transaction_isolation') as level`.execute(transaction);
    return rows;
  });
  expect(levels).toEqual([{ level: "read committed" }]);
});

describe("a Postgres store whose listening connection is lost", () => {
  it("caches nothing until it listens again, and then drops what it had", async () => {
    store = await createTestDatabase("postgres");
    const database = await open();
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
  it("caches nothing meanwhile, and is not taken for one whose changes cannot be heard", { timeout: 60_000 }, async () => {
    store = await createTestDatabase("postgres");
    const logged: string[] = [];
    const note = (_facts: object, message: string) => void logged.push(message);
    const database = await openDatabase(store.url, { clock, log: { info: note, warn: note, error: note } });
    opened.push(database);
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

  it("fails the transaction that holds it, and no other", async () => {
    store = await createTestDatabase("postgres");
    const database = await open();
    await provision(database, "ada", "Ada");
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

  it("fails the statement that runs on it, and no later one", async () => {
    store = await createTestDatabase("postgres");
    const database = await open();
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

describe("a SQLite store that cannot be written to", () => {
  const isWritable = (database: Database) =>
    database.checkWritable().then(
      () => true,
      () => false,
    );

  it.each([
    ["full", "pragma max_page_count = 1", "pragma max_page_count = 1000000"],
    ["read-only", "pragma query_only = on", "pragma query_only = off"],
  ])("because it is %s says so, logs one outage, and goes on once it can", async (_, before, after) => {
    store = await createTestDatabase("sqlite");
    const logged: string[] = [];
    const note = (_facts: object, message: string) => void logged.push(message);
    const database = await openDatabase(store.url, { clock, log: { info: note, warn: note, error: note } });
    opened.push(database);
    await sql.raw(before).execute(database.query);
    for (let index = 0; index < 3; index += 1)
      await expect(provision(database, `ada-${index}`, "x".repeat(20_000))).rejects.toMatchObject({
        code: "TEMPORARILY_UNAVAILABLE",
        facts: { retryAfter: 1 },
      });
    expect([await isWritable(database), logged.length]).toEqual([false, 1]);
    expect(await database.query.selectFrom("users").selectAll().execute()).toEqual([]);
    await sql.raw(after).execute(database.query);
    await vi.waitUntil(() => isWritable(database), PATIENCE);
    await provision(database, "ada", "Ada");
    await vi.waitUntil(() => logged.length === 2, PATIENCE);
    expect(logged[1]).toBe("the store is available again");
    expect(readdirSync(dirname(fileURLToPath(store.url))).filter((name) => name.includes("probe"))).toEqual([]);
  });
});

describe("the files of a SQLite store", () => {
  it.skipIf(process.platform === "win32")("are for the account alone that the gateway runs under", async () => {
    store = await createTestDatabase("sqlite");
    await open();
    const file = fileURLToPath(store.url);
    const names = readdirSync(dirname(file));
    expect(names).toEqual(expect.arrayContaining(["xkit.db", "xkit.db-wal"]));
    for (const name of names) expect([name, statSync(join(dirname(file), name)).mode & 0o077]).toEqual([name, 0]);
  });
});

describe("a SQLite store that another process writes to", () => {
  it("lets its own process go on while it waits, and then writes", async () => {
    store = await createTestDatabase("sqlite");
    const [here, there] = [await open(), await open()];
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const writing: Promise<unknown>[] = [];
    await here.query.transaction().execute(async (transaction) => {
      await transaction.insertInto("groups").values({ id: "here", created_at: 0 }).execute();
      writing.push(there.query.insertInto("groups").values({ id: "there", created_at: 0 }).execute());
      await vi.waitUntil(() => turns > 10, PATIENCE);
    });
    await Promise.all(writing);
    clearInterval(timer);
    expect(await here.query.selectFrom("groups").selectAll().execute()).toHaveLength(2);
  });
});
