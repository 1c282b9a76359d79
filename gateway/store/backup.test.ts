import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createEmptyDatabase } from "../../test/support/databases.ts";
import { startProcess } from "../../test/support/process.ts";
import { backUp } from "./backup.ts";
import type { Database } from "./database.ts";
import { openDatabase } from "./open.ts";
import { restore } from "./restore.ts";

// Every command is a process of its own, and a busy machine takes seconds to start one.
vi.setConfig({ testTimeout: 60_000 });

const clock = createManualClock();
const TAKEN_AT = new Date(clock.now() - 1_000);
let directory: string;
let opened: Database[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "xkit-backup-"));
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((database) => database.close()));
  rmSync(directory, { recursive: true, force: true });
});

const at = (name: string) => join(directory, name);
const urlOf = (name: string) => `file:${at(name)}`;

async function open(url: string): Promise<Database> {
  const database = await openDatabase(url, { clock });
  opened.push(database);
  return database;
}

/** Runs a command with the store's address alone in its environment. */
async function run(...args: string[]) {
  const started = startProcess(args, { DATABASE_URL: urlOf("xkit.db"), NODE_ENV: "production" }, directory);
  return { code: await started.ended, stdout: started.stdout(), stderr: started.stderr() };
}

const groupsOf = async ({ query }: Database) => (await query.selectFrom("groups").select("id").execute()).map(({ id }) => id);
const addGroup = ({ query }: Database, id: string) => query.insertInto("groups").values({ id, created_at: 0 }).execute();
const tablesOf = async ({ query }: Database) => (await query.introspection.getTables()).map(({ name }) => name).toSorted();
const restoredAt = async ({ query }: Database) => query.selectFrom("restored_backups").selectAll().execute();

describe("xkit-gateway backup", () => {
  it("copies a store completely while it is written to", async () => {
    const database = await open(urlOf("xkit.db"));
    let written = 0;
    const over = new AbortController();
    const writing = (async () => {
      for (; !over.signal.aborted; await nextTurn()) await addGroup(database, String((written += 1)));
    })();
    const { code, stdout, stderr } = await run("backup", at("copy.db"));
    over.abort();
    await writing;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`${at("copy.db")} holds the store as of 2`);
    const copy = await open(urlOf("copy.db"));
    expect(await tablesOf(copy)).toEqual(await tablesOf(database));
    const groups = await groupsOf(copy);
    expect(groups.length).toBeGreaterThan(0);
    expect(groups.map(Number).toSorted((one, other) => one - other)).toEqual(groups.map((_id, index) => index + 1));
    expect((await sql`pragma integrity_check`.execute(copy.query)).rows).toEqual([{ integrity_check: "ok" }]);
    expect(await restoredAt(copy)).toHaveLength(1);
    expect(await restoredAt(database)).toEqual([]);
    expect(readdirSync(directory).filter((name) => name.includes(".part"))).toEqual([]);
  });

  it.skipIf(process.platform === "win32")("makes a file that only its own account may read", async () => {
    await open(urlOf("xkit.db"));
    await backUp(urlOf("xkit.db"), at("copy.db"), clock);
    expect(statSync(at("copy.db")).mode & 0o777).toBe(0o600);
  });

  it("overwrites no file", async () => {
    await open(urlOf("xkit.db"));
    writeFileSync(at("copy.db"), "precious");
    await expect(backUp(urlOf("xkit.db"), at("copy.db"), clock)).rejects.toThrow("copy.db already exists: name a new file");
    expect(statSync(at("copy.db")).size).toBe("precious".length);
  });

  it("makes no store where there is none, and refuses a file that is no store", async () => {
    expect(await run("backup", at("copy.db"))).toMatchObject({ code: 1, stdout: "", stderr: `There is no store at ${at("xkit.db")}.\n` });
    writeFileSync(at("xkit.db"), "");
    await expect(backUp(urlOf("xkit.db"), at("copy.db"), clock)).rejects.toThrow("is not a store of this gateway");
    expect(readdirSync(directory)).toEqual(["xkit.db"]);
  });

  it("names pg_dump where the store is Postgres", async () => {
    await expect(backUp("postgres://localhost/xkit", at("copy.db"), clock)).rejects.toThrow(
      'pg_dump --format=custom --file=xkit.dump "$DATABASE_URL"',
    );
  });
});

describe("xkit-gateway restore", () => {
  it("replaces the store of a killed gateway by a backup, and keeps the old one", async () => {
    await addGroup(await open(urlOf("source.db")), "ada");
    await backUp(urlOf("source.db"), at("copy.db"), clock);
    writeFileSync(at("xkit.config.json"), JSON.stringify({ platform: { name: "Acme" } }));
    const killed = startProcess(["start"], { DATABASE_URL: urlOf("xkit.db"), PORT: "0" }, directory);
    const page = await killed.printed(/http:\S+\/sign-in/);
    await fetch(page, {
      method: "POST",
      headers: { origin: new URL(page).origin },
      body: new URLSearchParams({ user: "ada" }),
      redirect: "manual",
    });
    killed.child.kill("SIGKILL");
    await killed.ended;
    expect(existsSync(at("xkit.db-wal"))).toBe(true);
    const { code, stdout, stderr } = await run("restore", at("copy.db"));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [, previous = ""] = /The previous store is kept as (\S+)\.\n/.exec(stdout) ?? [];
    expect(await groupsOf(await open(urlOf("xkit.db")))).toEqual(["ada"]);
    const users = await (await open(`file:${previous}`)).query.selectFrom("users").select("id").execute();
    expect(users).toEqual([{ id: "ada" }]);
  });

  it("makes a store from a backup where there is none", async () => {
    await addGroup(await open(urlOf("xkit.db")), "acme");
    await backUp(urlOf("xkit.db"), at("copy.db"), clock);
    const restored = await restore(urlOf("new/xkit.db"), at("copy.db"), null, clock);
    expect(restored).toEqual({ takenAt: new Date(clock.now()), previous: null });
    const database = await open(urlOf("new/xkit.db"));
    expect(await groupsOf(database)).toEqual(["acme"]);
    expect(await restoredAt(database)).toEqual([{ taken_at: clock.now() }]);
    expect(existsSync(at("copy.db"))).toBe(true);
  });

  it("refuses while a gateway has the store open, and changes nothing", async () => {
    const database = await open(urlOf("xkit.db"));
    await backUp(urlOf("xkit.db"), at("copy.db"), clock);
    await addGroup(database, "since");
    const { code, stderr } = await run("restore", at("copy.db"));
    expect({ code, stderr }).toEqual({ code: 1, stderr: `A gateway is using ${at("xkit.db")}: stop it first.\n` });
    expect(await groupsOf(database)).toEqual(["since"]);
    await addGroup(database, "later");
    expect(readdirSync(directory).toSorted()).toEqual(["copy.db", "xkit.db", "xkit.db-shm", "xkit.db-wal"]);
  });

  it("asks when a copy was taken that does not state it", async () => {
    await open(urlOf("xkit.db"));
    await expect(restore(urlOf("new.db"), at("xkit.db"), null, clock)).rejects.toThrow(
      "say when the backup was started, for example --taken-at 2",
    );
    await restore(urlOf("new.db"), at("xkit.db"), TAKEN_AT, clock);
    expect(await restoredAt(await open(urlOf("new.db")))).toEqual([{ taken_at: TAKEN_AT.getTime() }]);
  });

  it.each([
    ["a file that is not there", "nothing.db", "There is no store at"],
    ["a file that is no database", "notes.txt", "file is not a database"],
  ])("refuses %s, and does not change the store", async (_what, name, words) => {
    writeFileSync(at("notes.txt"), "This is no database. ".repeat(500));
    await addGroup(await open(urlOf("xkit.db")), "acme");
    await expect(restore(urlOf("xkit.db"), at(name), null, clock)).rejects.toThrow(words);
    expect(readdirSync(directory).filter((each) => each.includes(".part"))).toEqual([]);
  });

  it("records in a Postgres store what it was restored from, and makes no store where there is none", async () => {
    const store = await createEmptyDatabase("postgres");
    const restoring = (takenAt: Date | null, backup: string | null = null) => restore(store.url, backup, takenAt, clock);
    await expect(restoring(TAKEN_AT)).rejects.toThrow("run pg_restore first");
    const database = await open(store.url);
    await expect(restoring(null)).rejects.toThrow("--taken-at");
    await expect(restoring(new Date(clock.now() + 1))).rejects.toThrow("in the future");
    await expect(restoring(TAKEN_AT, at("copy.db"))).rejects.toThrow("fill it with pg_restore");
    await restoring(TAKEN_AT);
    expect(await restoredAt(database)).toEqual([{ taken_at: TAKEN_AT.getTime() }]);
    await database.close();
    opened = [];
    await store.drop();
  });
});
