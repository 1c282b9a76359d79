import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Kysely, SqliteDialect, type SqliteDatabase, sql } from "kysely";
import Libsql from "libsql";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { createChangeHub } from "./changes.ts";
import type { Database } from "./database.ts";
import { migrations } from "./migrations/index.ts";
import { migrate } from "./migrations/migrate.ts";
import type { Tables } from "./tables.ts";

/** How long a statement waits for another process's write. */
const BUSY_TIMEOUT_MS = 5_000;
/** How often a process with subscribers looks for other processes' changes. */
const POLL_INTERVAL_MS = 250;
const STATEMENT_CACHE_ENTRIES = 200;

const dataVersionSchema = z.object({ data_version: z.number() });
const synchronousSchema = z.object({ synchronous: z.literal(2) });

/** Opens (or makes) a SQLite file: WAL, `synchronous=FULL`, safe for several processes. */
export async function openSqlite(path: string, clock: Clock): Promise<Database> {
  mkdirSync(dirname(path), { recursive: true });
  const file = new Libsql(path);
  file.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
  file.exec("pragma journal_mode = wal");
  file.exec("pragma synchronous = full");
  file.exec("pragma foreign_keys = on");
  synchronousSchema.parse(file.prepare("pragma synchronous").get());

  const query = new Kysely<Tables>({ dialect: new SqliteDialect({ database: immediate(file) }) });
  await query.transaction().execute((transaction) => migrate(transaction, migrations, clock.now()));

  const hub = createChangeHub();
  const version = file.prepare("pragma data_version");
  const readVersion = () => dataVersionSchema.parse(version.get()).data_version;
  let seen = readVersion();
  let isHeardThisTurn = false;
  const hear = () => {
    if (isHeardThisTurn) return true;
    isHeardThisTurn = true;
    // One look for each turn of the event loop: all that one turn reads is as of one instant.
    setImmediate(() => (isHeardThisTurn = false));
    // Changes when another connection has committed (sqlite.org/pragma.html#pragma_data_version).
    const present = readVersion();
    if (present === seen) return true;
    seen = present;
    hub.tell("everything");
    return true;
  };
  const poll = setInterval(() => hub.isHeard && hear(), POLL_INTERVAL_MS).unref();

  return {
    kind: "sqlite",
    query,
    changes: Object.assign(hub, { hear }),
    async write(topics, statements) {
      const result = await query.transaction().execute(statements);
      for (const topic of topics) hub.tell(topic);
      return result;
    },
    async ping() {
      await sql`select 1`.execute(query);
    },
    async close() {
      clearInterval(poll);
      await query.destroy();
    },
  };
}

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
