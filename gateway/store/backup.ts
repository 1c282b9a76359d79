import { randomUUID } from "node:crypto";
import { existsSync, linkSync, rmSync } from "node:fs";
import { Kysely, SqliteDialect } from "kysely";
import Libsql from "libsql";
import { z } from "zod";
import type { Clock } from "../runtime/clock.ts";
import { BackupError } from "./backup-error.ts";
import { migrations } from "./migrations/index.ts";
import { migrate } from "./migrations/migrate.ts";
import { lastRestoredBackup, noteRestoredBackup } from "./restored-backups.ts";
import { createFile, FILE_SUFFIXES } from "./sqlite-file.ts";
import type { Tables } from "./tables.ts";
import { STATEMENT_TIMEOUT_MS } from "./write-queue.ts";

const USE_PG_DUMP = `This store is Postgres, which has its own backup: pg_dump --format=custom --file=xkit.dump "$DATABASE_URL". Note when the dump starts: after pg_restore, pass that time to xkit-gateway restore --taken-at.`;

/**
 * Copies a SQLite store into the new file `target`, consistently, also while gateways write to it. The copy is one file, for this account
 * alone, and notes when it was taken. Answers that instant.
 * Throws `BackupError` when `target` exists, when there is no store, and for Postgres.
 */
export async function backUp(databaseUrl: string, target: string, clock: Clock): Promise<Date> {
  if (!databaseUrl.startsWith("file:")) throw new BackupError(USE_PG_DUMP);
  const source = databaseUrl.slice("file:".length);
  const draft = draftBeside(target);
  try {
    if (existsSync(target)) throw occupied(target);
    copyStore(source, draft);
    // Read after the copy: no grant in it is newer.
    const takenAt = clock.now();
    await settle(draft, takenAt, clock);
    publish(draft, target);
    return new Date(takenAt);
  } finally {
    discard(draft);
  }
}

const occupied = (target: string) => new BackupError(`${target} already exists: name a new file.`);

/** A name for what is not complete yet. */
export const draftBeside = (path: string): string => `${path}.${randomUUID()}.part`;

/** Removes what is left of a draft. */
export function discard(draft: string): void {
  for (const suffix of [...FILE_SUFFIXES, "-journal"]) rmSync(draft + suffix, { force: true });
}

/** Under its name only when it is complete, and never over another file. */
function publish(draft: string, target: string): void {
  try {
    linkSync(draft, target);
  } catch (error) {
    throw error instanceof Error && "code" in error && error.code === "EEXIST" ? occupied(target) : error;
  }
}

/** Copies a store as of one instant into the new file `target`. Throws `BackupError` when `source` is no store. */
export function copyStore(source: string, target: string): void {
  // Opening it would make one.
  if (!existsSync(source)) throw new BackupError(`There is no store at ${source}.`);
  const file = new Libsql(source);
  try {
    file.exec(`pragma busy_timeout = ${STATEMENT_TIMEOUT_MS}`);
    const ledger = file.prepare("select 1 from sqlite_master where type = 'table' and name = 'migrations'").all();
    if (ledger.length === 0) throw new BackupError(`${source} is not a store of this gateway.`);
    createFile(target);
    // SQLite writes into an empty file, which keeps its mode (sqlite.org/lang_vacuum.html).
    file.prepare("vacuum into ?").run(target);
  } finally {
    file.close();
  }
}

const checkSchema = z.array(z.object({ quick_check: z.literal("ok") })).length(1);

/**
 * Checks a copy, brings it to the newest shape, and notes in it when it was taken.
 * @param takenAt null where the copy has noted it itself. Answers the instant.
 */
export async function settle(path: string, takenAt: number | null, clock: Clock): Promise<number | null> {
  const file = new Libsql(path);
  const query = new Kysely<Tables>({ dialect: new SqliteDialect({ database: file }) });
  try {
    if (!checkSchema.safeParse(file.prepare("pragma quick_check").all()).success)
      throw new BackupError("The copy is damaged (SQLite's quick_check failed): use another copy.");
    return await query.transaction().execute(async (transaction) => {
      await migrate(transaction, migrations, clock.now());
      if (takenAt !== null) await noteRestoredBackup(transaction, takenAt);
      return lastRestoredBackup(transaction);
    });
  } finally {
    await query.destroy();
    if (file.open) file.close();
  }
}
