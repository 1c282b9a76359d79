import { chmodSync, closeSync, cpSync, openSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Libsql from "libsql";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createEmptyDatabase, type TestDatabase } from "../../test/support/databases.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { nameUser } from "../../test/support/store.ts";
import { PUBLIC_URL, startTestApp } from "../../test/support/test-app.ts";
import type { Database } from "./database.ts";
import { openDatabase } from "./open.ts";
import { quietTables } from "./sqlite-changes.ts";

const clock = createManualClock();
let store: TestDatabase;
let database: Database;
let logged: string[];
beforeEach(async () => {
  logged = [];
  const note = (_facts: object, message: string) => void logged.push(message);
  const log = { info: note, warn: note, error: note };
  store = await createEmptyDatabase("sqlite");
  database = await openDatabase(store.url, { clock, log });
});
afterEach(async () => {
  await database.close();
  await store.drop();
});

const pathOf = ({ url }: TestDatabase) => fileURLToPath(url);
const readGroups = () => database.query.selectFrom("groups").selectAll().execute();
const addGroup = (id: string) => database.query.insertInto("groups").values({ id, created_at: 0 }).execute();

describe("a SQLite store that another process writes to", () => {
  it("is read without waiting, as it was last committed", async () => {
    const other = new Libsql(pathOf(store));
    other.exec("begin immediate");
    other.exec("insert into groups values ('theirs', 0)");
    const writing = addGroup("ours");
    // A read behind the write that waits would not end before the commit below.
    expect(await readGroups()).toEqual([]);
    other.exec("commit");
    expect(await readGroups()).toHaveLength(1);
    await writing;
    expect(await readGroups()).toHaveLength(2);
    other.close();
  });

  it("shows what a transaction wrote only within it until it is committed", async () => {
    await database.query.transaction().execute(async (transaction) => {
      await transaction.insertInto("groups").values({ id: "ours", created_at: 0 }).execute();
      expect(await transaction.selectFrom("groups").selectAll().execute()).toHaveLength(1);
      expect(await readGroups()).toEqual([]);
    });
    expect(await readGroups()).toHaveLength(1);
  });

  it("does not block its own process while a write waits for the other one", async () => {
    const there = await openDatabase(store.url, { clock });
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const writing: Promise<unknown>[] = [];
    await database.query.transaction().execute(async (transaction) => {
      await transaction.insertInto("groups").values({ id: "here", created_at: 0 }).execute();
      writing.push(there.query.insertInto("groups").values({ id: "there", created_at: 0 }).execute());
      await vi.waitUntil(() => turns > 10, PATIENCE);
    });
    await Promise.all(writing);
    clearInterval(timer);
    await there.close();
    expect(await database.query.selectFrom("groups").selectAll().execute()).toHaveLength(2);
  });
});

it("changes of other processes are looked for again in a turn of the event loop that takes longer than ten milliseconds", () => {
  const told: string[] = [];
  database.changes.listen((change) => told.push(change));
  database.changes.isCacheable();
  const lookedAt = performance.now();
  const other = new Libsql(pathOf(store));
  other.exec("insert into groups values ('theirs', 0)");
  while (performance.now() - lookedAt < 30) database.changes.isCacheable();
  other.close();
  expect(told).toEqual(["everything"]);
});

describe("what another process writes to a SQLite store", () => {
  let other: Libsql.Database;
  let told: string[];
  beforeEach(async () => {
    other = new Libsql(pathOf(store));
    await nextTurn();
    database.changes.isCacheable();
    told = [];
    database.changes.listen((change) => told.push(change));
  });
  afterEach(() => other.close());
  /** What is told once this process has looked. */
  const toldAfter = async (statement: string) => {
    other.exec(statement);
    await nextTurn();
    database.changes.isCacheable();
    return told.splice(0);
  };
  const QUIET = "insert into audit_heads (writer, sequence, digest, mac) values (hex(randomblob(9)), 1, 'd', 'm')";
  const LOUD = "insert into groups values (hex(randomblob(9)), 0)";

  it("leaves the caches alone where nothing of it is cached, as an audit that is written each second", async () => {
    expect(await toldAfter(QUIET)).toEqual([]);
    expect(await toldAfter(LOUD)).toEqual(["everything"]);
    expect(await toldAfter(QUIET)).toEqual([]);
  });

  it.each(["update groups set created_at = 1", "delete from groups"])(
    "empties them also where rows change or go: %s",
    async (statement) => {
      await toldAfter(LOUD);
      expect(await toldAfter(statement)).toEqual(["everything"]);
    },
  );

  it("is told apart from what this process writes, before or after", async () => {
    await database.write(["events"], (transaction) => transaction.insertInto("groups").values({ id: "ours", created_at: 0 }).execute());
    // As each request looks.
    await nextTurn();
    database.changes.isCacheable();
    expect(await toldAfter(QUIET)).toEqual(["events"]);
    await database.write([], (transaction) => transaction.updateTable("groups").set({ created_at: 2 }).execute());
    expect(await toldAfter(LOUD)).toEqual(["everything"]);
  });

  it("empties them where this process has written, and taken it back, at the same time", async () => {
    const transaction = await database.query.startTransaction().execute();
    await transaction.insertInto("groups").values({ id: "ours", created_at: 0 }).execute();
    await nextTurn();
    database.changes.isCacheable();
    await transaction.rollback().execute();
    expect(await toldAfter(LOUD)).toEqual(["everything"]);
  });

  it("is counted in every table but those that are named as quiet", () => {
    const namesOf = (type: string, pattern: string) =>
      z
        .array(z.object({ name: z.string() }))
        .parse(other.prepare("select name from sqlite_schema where type = ? and name like ? order by name").all([type, pattern]))
        .map(({ name }) => name);
    const tables = namesOf("table", "%").filter((name) => !name.startsWith("sqlite_"));
    expect(tables).toEqual(expect.arrayContaining([...quietTables]));
    const loud = tables.filter((name) => !quietTables.includes(name));
    const triggers = loud.flatMap((name) => ["delete", "insert", "update"].map((act) => `${name}_${act}_counts`));
    expect(namesOf("trigger", "%")).toEqual(triggers.toSorted());
  });
});

describe.skipIf(process.platform === "win32")("the file of a SQLite store", () => {
  const openAgain = async () => {
    const warned: unknown[] = [];
    const log = { info: () => {}, warn: (facts: object) => void warned.push(facts), error: () => {} };
    await (await openDatabase(store.url, { clock, log })).close();
    return warned;
  };

  it.each([0o644, 0o640, 0o606, 0o666])("leads to a warning at the start when other accounts may read or write it: %o", async (mode) => {
    await database.close();
    chmodSync(pathOf(store), mode);
    expect(await openAgain()).toContainEqual({ path: pathOf(store), mode: mode.toString(8) });
    database = await openDatabase(store.url, { clock });
  });

  it("leads to no warning when only the gateway's account may", async () => {
    await database.close();
    expect(await openAgain()).toEqual([]);
    database = await openDatabase(store.url, { clock });
  });

  it("is made for the gateway's account alone, like the files beside it", async () => {
    const folder = dirname(pathOf(store));
    const names = readdirSync(folder);
    expect(names).toEqual(expect.arrayContaining(["xkit.db", "xkit.db-wal"]));
    for (const name of names) expect([name, statSync(join(folder, name)).mode & 0o077]).toEqual([name, 0]);
  });
});

describe("a SQLite store without space", () => {
  it("says that it is full, and is written to again once there is space", async () => {
    await sql`pragma max_page_count = 1`.execute(database.query);
    const filling = database.query.transaction().execute(async (transaction) => {
      await transaction
        .insertInto("groups")
        .values({ id: "x".repeat(100_000), created_at: 0 })
        .execute();
    });
    await expect(filling).rejects.toMatchObject({ code: "TEMPORARILY_UNAVAILABLE", cause: { code: "SQLITE_FULL" } });
    await sql`pragma max_page_count = 1000000`.execute(database.query);
    await addGroup("small");
    expect(await readGroups()).toHaveLength(1);
  });
});

describe("a SQLite store that cannot be written to", () => {
  const isWritable = () =>
    database.checkWritable().then(
      () => true,
      () => false,
    );

  it.each([
    ["full", "pragma max_page_count = 1", "pragma max_page_count = 1000000"],
    ["read-only", "pragma query_only = on", "pragma query_only = off"],
  ])("because it is %s says so, logs one outage, and is written to again afterwards", async (_, before, after) => {
    await sql.raw(before).execute(database.query);
    for (let index = 0; index < 3; index += 1)
      await expect(nameUser(database, `ada-${index}`, "x".repeat(20_000))).rejects.toMatchObject({
        code: "TEMPORARILY_UNAVAILABLE",
        facts: { retryAfter: 1 },
      });
    expect([await isWritable(), logged.length]).toEqual([false, 1]);
    expect(await database.query.selectFrom("users").selectAll().execute()).toEqual([]);
    await sql.raw(after).execute(database.query);
    await vi.waitUntil(() => isWritable(), PATIENCE);
    await nameUser(database, "ada", "Ada");
    await vi.waitUntil(() => logged.length === 2, PATIENCE);
    expect(logged[1]).toBe("the store is available again");
    expect(readdirSync(dirname(pathOf(store))).filter((name) => name.includes("probe"))).toEqual([]);
  });
});

/** What operators do to a file that a gateway has open. */
const replacements: Record<string, (path: string) => void> = {
  "is removed": (path) => rmSync(path),
  "is moved away": (path) => renameSync(path, `${path}.old`),
  "is replaced by a copy": (path) => {
    cpSync(path, `${path}.copy`);
    renameSync(`${path}.copy`, path);
  },
  "loses its write-ahead log": (path) => rmSync(`${path}-wal`),
  "loses its shared memory": (path) => rmSync(`${path}-shm`),
  "loses everything": (path) => {
    for (const name of readdirSync(dirname(path))) rmSync(join(dirname(path), name));
  },
};

describe.skipIf(process.platform === "win32")("a SQLite store whose file", () => {
  it.each(Object.entries(replacements))("%s refuses all work, and logs once what to do", async (_name, replace) => {
    await addGroup("before");
    replace(pathOf(store));
    const refusal = { code: "TEMPORARILY_UNAVAILABLE", message: expect.stringContaining("restart the gateway") };
    await expect(addGroup("after")).rejects.toMatchObject(refusal);
    await expect(database.write([], async () => {})).rejects.toMatchObject(refusal);
    await expect(readGroups()).rejects.toMatchObject(refusal);
    await expect(database.checkWritable()).rejects.toMatchObject(refusal);
    expect(database.changes.isCacheable()).toBe(false);
    expect(logged).toEqual([expect.stringContaining("was removed or replaced while this gateway had it open")]);
  });

  it("is removed refuses reads within seconds", async () => {
    rmSync(pathOf(store));
    await vi.waitUntil(() => !database.changes.isCacheable(), PATIENCE);
    await expect(readGroups()).rejects.toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
  });

  it("is overwritten by a shorter one refuses all work", async () => {
    await addGroup("x".repeat(100_000));
    await sql`pragma wal_checkpoint(truncate)`.execute(database.query);
    await database.checkWritable();
    truncateSync(pathOf(store), 8_192);
    await expect(addGroup("after")).rejects.toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
    expect(logged).toEqual([expect.stringContaining("was damaged or overwritten while this gateway had it open")]);
  });

  it("is made shorter by VACUUM stays usable", async () => {
    await addGroup("x".repeat(100_000));
    await sql`pragma wal_checkpoint(truncate)`.execute(database.query);
    const lengthBefore = statSync(pathOf(store)).size;
    const operator = new Libsql(pathOf(store));
    for (const statement of ["delete from groups", "vacuum", "pragma wal_checkpoint(truncate)"]) operator.exec(statement);
    operator.close();
    expect(statSync(pathOf(store)).size).toBeLessThan(lengthBefore);
    await addGroup("after");
    expect(await readGroups()).toHaveLength(1);
  });

  it("is damaged refuses all work once SQLite has read the damage", async () => {
    await addGroup("x".repeat(100_000));
    await sql`pragma wal_checkpoint(truncate)`.execute(database.query);
    await database.close();
    const { size } = statSync(pathOf(store));
    const file = openSync(pathOf(store), "r+");
    writeSync(file, Buffer.alloc(100_000, 255), 0, 100_000, size - 100_000);
    closeSync(file);
    database = await openDatabase(store.url, { clock });
    await expect(readGroups()).rejects.toMatchObject({ code: "SQLITE_CORRUPT" });
    await expect(readGroups()).rejects.toMatchObject({ code: "TEMPORARILY_UNAVAILABLE", message: expect.stringContaining("damaged") });
  });

  it("is replaced makes the gateway not ready, with a sentence that says what to do", async () => {
    const test = await startTestApp();
    const ready = () => test.app.fetch(new Request(`${PUBLIC_URL}/readyz`));
    expect((await ready()).status).toBe(200);
    renameSync(pathOf(test.database), `${pathOf(test.database)}.old`);
    const response = await ready();
    expect([response.status, await response.text()]).toEqual([503, expect.stringContaining("restart the gateway")]);
    await test.close();
  });
});
