import { sql } from "kysely";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createEmptyDatabase, createTestDatabase, databaseKinds, type TestDatabase } from "../../test/support/databases.ts";
import { nameUser } from "../../test/support/store.ts";
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

describe.each(databaseKinds)("the store on %s", (kind) => {
  it("is migrated once by several processes that start together", async () => {
    store = await createEmptyDatabase(kind);
    const [first] = await Promise.all(Array.from({ length: 5 }, open));
    const { rows } = await sql`select name from migrations order by name`.execute(first?.query ?? (await open()).query);
    expect(rows).toEqual(migrations.map(({ name }) => ({ name })));
  });

  it("is not opened when a migration was applied with other statements", async () => {
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
    await expect(openDatabase(store.url, { clock })).rejects.toThrow("9999-future, which this version does not have");
  });

  it("rolls back a transaction that fails, and tells no listener of it", async () => {
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

  it("announces a topic of any length", async () => {
    store = await createTestDatabase(kind);
    const [here, there] = [await open(), await open()];
    const news: string[] = [];
    there.changes.listen((topic) => news.push(topic));
    await nameUser(here, "a".repeat(9_000), "Long");
    await vi.waitUntil(() => (there.changes.isCacheable(), news.length > 0), PATIENCE);
    expect(news).toEqual(["everything"]);
  });

  it("drops a cached row that another process changed", async () => {
    store = await createTestDatabase(kind);
    const [here, there] = [await open(), await open()];
    const cache = createRowCache<{ name: string | null | undefined }>(there.changes);
    const nameThere = async () =>
      (
        await cache.get("user:ada", async () => ({
          name: (await there.query.selectFrom("users").select("name").where("id", "=", "ada").executeTakeFirst())?.name,
        }))
      ).name;
    await nameUser(here, "ada", "Ada");
    expect(await nameThere()).toBe("Ada");
    await nameUser(here, "ada", "Ada Lovelace");
    // SQLite is looked at with each reading; the news of Postgres takes time.
    await vi.waitUntil(async () => kind === "sqlite" || (await nameThere()) === "Ada Lovelace", PATIENCE);
    expect(await nameThere()).toBe("Ada Lovelace");
  });
});
