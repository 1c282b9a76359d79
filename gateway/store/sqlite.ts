import { mkdirSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Kysely, sql } from "kysely";
import Libsql from "libsql";
import { z } from "zod";
import { createAvailability } from "./availability.ts";
import { createChangeHub } from "./changes.ts";
import type { Database, StoreOptions } from "./database.ts";
import { migrations } from "./migrations/index.ts";
import { migrate } from "./migrations/migrate.ts";
import { createSqliteDialects } from "./sqlite-driver.ts";
import { countChanges, createLook } from "./sqlite-changes.ts";
import { createFile, type FileWatch, identityOf, OWNER_ONLY, warnOfReaders, watchFile } from "./sqlite-file.ts";
import { createStoreClock } from "./store-clock.ts";
import type { Tables } from "./tables.ts";
import { isUnavailable, sortErrors, unavailable } from "./unavailable.ts";
import { STATEMENT_TIMEOUT_MS } from "./write-queue.ts";

/** How often a process looks for other processes' changes unasked, for its subscribers. */
const POLL_INTERVAL_MS = 250;
/** How long a look for other processes' changes counts at most, in milliseconds. */
export const LOOK_LASTS_MS = 10;
/** What is written, and taken back, to see whether writing is possible. */
const PROBE_BYTES = 16_384;

/** Commits of this process, over all stores that it has open. */
let commits = 0;

const sizeSchema = z.object({ bytes: z.number() });
const synchronousSchema = z.object({ synchronous: z.literal(2) });

/**
 * Opens (or makes) a SQLite file: WAL, `synchronous=FULL`, safe for several processes.
 * Once the file is gone or replaced, everything throws TEMPORARILY_UNAVAILABLE.
 */
export async function openSqlite(path: string, { clock: machine, log }: StoreOptions): Promise<Database> {
  const { identity, writer, reader } = openFile(path);
  // Every process that opens the file runs on this machine.
  const clock = createStoreClock(machine, null);
  let watch: FileWatch | null = null;
  let timer: NodeJS.Timeout | undefined;
  const availability = createAvailability(log, () => tryToWrite(query, path));
  const dialects = createSqliteDialects({
    writer,
    reader,
    beforeRead: () => watch?.assertIntact(),
    beforeWrite: () => watch?.assertCurrent(),
    onError: (error) => watch?.judge(error),
  });
  const query = new Kysely<Tables>({ dialect: sortErrors(dialects.durable, availability.report) });
  const transientQuery = new Kysely<Tables>({ dialect: sortErrors(dialects.transient, availability.report) });

  async function close() {
    availability.close();
    clearInterval(timer);
    clock.stop();
    await query.destroy();
    for (const connection of [writer, reader]) if (connection.open) connection.close();
  }
  try {
    setUp(writer, reader);
    await query.transaction().execute(async (transaction) => {
      await migrate(transaction, migrations, machine.now());
      await countChanges(transaction);
    });
    if (identityOf(path) !== identity) throw new Error(`${path} was replaced while the gateway opened it: start the gateway again.`);
  } catch (error) {
    await close();
    throw error;
  }
  warnOfReaders(path, log);
  const file = (watch = watchFile(path, () => countBytes(reader), log));

  const poll = createPoll(createLook(writer, reader), file, () => changes.tell("everything"));
  const changes = createChangeHub(log, poll);
  changes.isCacheable();
  timer = setInterval(changes.isCacheable, POLL_INTERVAL_MS).unref();

  return {
    kind: "sqlite",
    query,
    changes,
    dropCaches: (change = "everything") => changes.tell(change),
    async write(topics, statements) {
      const result = await query.transaction().execute(statements);
      commits += 1;
      for (const topic of topics) changes.tell(topic);
      return result;
    },
    async changeOne(topics, statement, { isTransient = false } = {}) {
      const changed = await statement(isTransient ? transientQuery : query, sql`null`);
      if (!changed) return null;
      const { mark: _mark, ...row } = changed;
      if (topics.length > 0) commits += 1;
      for (const topic of topics) changes.tell(topic);
      return row;
    },
    clock,
    async checkWritable() {
      file.assertCurrent();
      await availability.check();
    },
    degradation: () => null,
    close,
  };
}

/**
 * Tries all that a write needs: the lock, permission, pages of the file and space on its disk. Nothing is committed, because that would
 * empty the caches of other processes.
 */
async function tryToWrite(query: Kysely<Tables>, path: string): Promise<void> {
  const transaction = await query.startTransaction().execute();
  try {
    const row = { id: "x".repeat(PROBE_BYTES), created_at: 0 };
    await transaction.insertInto("groups").values(row).execute();
  } finally {
    await transaction.rollback().execute();
  }
  const probe = `${path}-probe-${process.pid}`;
  try {
    await writeFile(probe, Buffer.alloc(PROBE_BYTES), { mode: OWNER_ONLY, flush: true });
  } catch (error) {
    throw isUnavailable(error) ? unavailable(error) : error;
  } finally {
    await rm(probe, { force: true });
  }
}

/** Creates a look at what other processes changed. It answers false when that is not possible, as while the file is locked, and once it is gone. */
function createPoll(look: ReturnType<typeof createLook>, file: FileWatch, onChange: () => void): () => boolean {
  let polled: { commits: number; at: number } | null = null;
  return function pollForChanges() {
    const now = performance.now();
    if (!file.isCurrent(now)) return false;
    if (polled?.commits === commits && now - polled.at < LOOK_LASTS_MS) return true;
    const isChanged = look(commits);
    if (isChanged === null) return false;
    // One look for each turn of the event loop, unless that is a long one: all that one turn reads is as of one instant.
    if (polled === null) setImmediate(() => (polled = null));
    polled = { commits, at: now };
    if (isChanged) onChange();
    return true;
  };
}

/** Opens the file by two connections. Makes it where there is none. */
function openFile(path: string) {
  mkdirSync(dirname(path), { recursive: true });
  createFile(path);
  return { identity: identityOf(path), writer: new Libsql(path), reader: new Libsql(path) };
}

/** Opening may wait as SQLite does, with the whole process: nothing is being served yet. */
function setUp(writer: Libsql.Database, reader: Libsql.Database): void {
  for (const file of [writer, reader]) file.exec(`pragma busy_timeout = ${STATEMENT_TIMEOUT_MS}`);
  writer.exec("pragma journal_mode = wal");
  writer.exec("pragma synchronous = full");
  writer.exec("pragma foreign_keys = on");
  synchronousSchema.parse(writer.prepare("pragma synchronous").get());
  reader.exec("pragma query_only = on");
  for (const file of [writer, reader]) file.exec("pragma busy_timeout = 0");
}

const countBytes = (reader: Libsql.Database): number =>
  sizeSchema.parse(reader.prepare("select page_count * page_size as bytes from pragma_page_count, pragma_page_size").get()).bytes;
