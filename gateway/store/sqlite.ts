import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type DatabaseConnection, type Driver, Kysely, SqliteDialect, type SqliteDatabase, sql } from "kysely";
import Libsql from "libsql";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { createChangeHub } from "./changes.ts";
import type { Database, StoreOptions } from "./database.ts";
import { migrations } from "./migrations/index.ts";
import { migrate } from "./migrations/migrate.ts";
import { createStoreClock } from "./store-clock.ts";
import type { Tables } from "./tables.ts";

/** How long a statement waits for another process's write, and how often it tries again meanwhile. */
const BUSY_TIMEOUT_MS = 10_000;
const BUSY_RETRY_MS = 5;
/** How often a process looks for other processes' changes unasked, for its subscribers. */
const POLL_INTERVAL_MS = 250;
/** File mode: read and written by the account that the gateway runs under, by nobody else. */
const OWNER_ONLY = 0o600;
const STATEMENT_CACHE_ENTRIES = 200;

/** Commits of this process, over all stores that it has open. */
let commits = 0;

const dataVersionSchema = z.object({ data_version: z.number() });
const synchronousSchema = z.object({ synchronous: z.literal(2) });

/** Opens (or makes) a SQLite file: WAL, `synchronous=FULL`, safe for several processes. */
export async function openSqlite(path: string, { clock: machine, log }: StoreOptions): Promise<Database> {
  mkdirSync(dirname(path), { recursive: true });
  // Made for this account alone; SQLite gives its journals the same mode.
  closeSync(openSync(path, "a", OWNER_ONLY));
  const file = new Libsql(path);
  const query = new Kysely<Tables>({ dialect: createDialect(immediate(file)) });
  try {
    // Opening may wait as SQLite does, with the whole process: nothing is being served yet.
    file.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
    file.exec("pragma journal_mode = wal");
    file.exec("pragma synchronous = full");
    file.exec("pragma foreign_keys = on");
    synchronousSchema.parse(file.prepare("pragma synchronous").get());
    file.exec("pragma busy_timeout = 0");
    await query.transaction().execute((transaction) => migrate(transaction, migrations, machine.now()));
  } catch (error) {
    await query.destroy();
    if (file.open) file.close();
    throw error;
  }

  const changes = createChangeHub(
    log,
    createPoll(file, () => changes.tell("everything")),
  );
  changes.isCacheable();
  const timer = setInterval(changes.isCacheable, POLL_INTERVAL_MS).unref();
  // Every process that opens the file runs on this machine.
  const clock = createStoreClock(machine, () => Promise.resolve(Date.now()));

  return {
    kind: "sqlite",
    query,
    changes,
    async write(topics, statements) {
      const result = await query.transaction().execute(statements);
      commits += 1;
      for (const topic of topics) changes.tell(topic);
      return result;
    },
    clock,
    async ping() {
      await sql`select 1`.execute(query);
    },
    async close() {
      clearInterval(timer);
      clock.stop();
      await query.destroy();
    },
  };
}

/**
 * Creates a look at whether another connection has committed: then `data_version` differs (sqlite.org/pragma.html#pragma_data_version).
 * The look answers false when it is not possible, as while the file is locked.
 */
function createPoll(file: Libsql.Database, onChange: () => void): () => boolean {
  const version = file.prepare("pragma data_version");
  let seen: number | null = null;
  let polledAt: number | null = null;
  const read = () => {
    try {
      return dataVersionSchema.parse(version.get()).data_version;
    } catch {
      return null;
    }
  };
  return function pollForChanges() {
    if (polledAt === commits) return true;
    const before = seen;
    seen = read();
    if (seen === null) return false;
    // One look for each turn of the event loop: all that one turn reads is as of one instant.
    if (polledAt === null) setImmediate(() => (polledAt = null));
    polledAt = commits;
    if (seen !== before) onChange();
    return true;
  };
}

/** SQLite's own way of waiting stops the whole process; this one lets it go on with everything else. */
function createDialect(database: SqliteDatabase): SqliteDialect {
  const dialect = new SqliteDialect({ database });
  const createDriver = dialect.createDriver.bind(dialect);
  return Object.assign(dialect, {
    createDriver(): Driver {
      const driver = createDriver();
      const acquire = driver.acquireConnection.bind(driver);
      return Object.assign(driver, { acquireConnection: async () => patient(await acquire()) });
    },
  });
}

const patient = (connection: DatabaseConnection): DatabaseConnection => ({
  streamQuery: connection.streamQuery.bind(connection),
  async executeQuery(query) {
    const giveUpAt = performance.now() + BUSY_TIMEOUT_MS;
    for (;;) {
      try {
        return await connection.executeQuery(query);
      } catch (error) {
        if (!isBusy(error) || performance.now() >= giveUpAt) throw error;
        await delay(BUSY_RETRY_MS);
      }
    }
  },
});

const isBusy = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "SQLITE_BUSY";

/**
 * Prepares each statement once, and begins transactions as writers: a reader that turns writer while another process
 * writes would fail at once instead of waiting its turn (sqlite.org/lang_transaction.html).
 */
function immediate(file: Libsql.Database): SqliteDatabase {
  const statements = new LRUCache<string, ReturnType<SqliteDatabase["prepare"]>>({ max: STATEMENT_CACHE_ENTRIES });
  return {
    close: () => void file.close(),
    prepare(text) {
      const known = statements.get(text);
      if (known) return known;
      const statement = file.prepare(text === "begin" ? "begin immediate" : text);
      statements.set(text, statement);
      return statement;
    },
  };
}
