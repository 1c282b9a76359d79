import { existsSync, linkSync, mkdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import Libsql from "libsql";
import type { Clock } from "../runtime/clock.ts";
import { BackupError } from "./backup-error.ts";
import { copyStore, discard, draftBeside, settle } from "./backup.ts";
import { openDatabase } from "./open.ts";
import { noteRestoredBackup } from "./restored-backups.ts";
import { isDamage } from "./sqlite-file.ts";
import { isBusy } from "./write-queue.ts";

/** What became of a restore. */
export interface Restored {
  takenAt: Date;
  /** Where the file that was replaced is now; null when there was none, and for Postgres. */
  previous: string | null;
}

const SAY_WHEN = "say when the backup was started, for example --taken-at 2026-11-25T12:00:00Z";

/**
 * Puts a backup in the place of a SQLite store, or notes in a Postgres store that `pg_restore` has filled what it is.
 * @param backup the backup's file; null for Postgres.
 * @param takenAt when the backup was started; null where it has noted that itself.
 * Throws `BackupError`, and changes nothing, when something is missing or a gateway has the store open.
 */
export async function restore(databaseUrl: string, backup: string | null, takenAt: Date | null, clock: Clock): Promise<Restored> {
  if (takenAt && takenAt.getTime() > clock.now()) throw new BackupError("--taken-at is in the future.");
  if (databaseUrl.startsWith("file:")) return restoreSqlite(databaseUrl.slice("file:".length), backup, takenAt, clock);
  if (backup !== null) throw new BackupError(`This store is Postgres: fill it with pg_restore, then run restore without a file.`);
  if (!takenAt) throw new BackupError(`A backup of Postgres does not record its time: ${SAY_WHEN}.`);
  await notePostgres(databaseUrl, takenAt, clock);
  return { takenAt, previous: null };
}

async function restoreSqlite(path: string, backup: string | null, takenAt: Date | null, clock: Clock): Promise<Restored> {
  if (backup === null) throw new BackupError("Name the file of the backup.");
  mkdirSync(dirname(path), { recursive: true });
  const draft = draftBeside(path);
  try {
    copyStore(backup, draft);
    const noted = await settle(draft, takenAt?.getTime() ?? null, clock);
    if (noted === null) throw new BackupError(`${backup} was not made by xkit-gateway backup: ${SAY_WHEN}.`);
    return { takenAt: new Date(noted), previous: replace(path, draft, clock) };
  } finally {
    discard(draft);
  }
}

/** Puts `draft` in the place of the store at `path`. Answers where the previous store is now. */
function replace(path: string, draft: string, clock: Clock): string | null {
  const aside = `${path}.${new Date(clock.now()).toISOString().replaceAll(":", "")}`;
  const lock = existsSync(path) ? lockStore(path) : null;
  try {
    // What belongs to the previous file would be taken for the new one's.
    for (const suffix of ["-wal", "-shm"]) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
    const previous = existsSync(path) ? aside : null;
    // The path names a store at each moment: a gateway that finds none would make one.
    if (previous) linkSync(path, previous);
    renameSync(draft, path);
    return previous;
  } finally {
    lock?.close();
  }
}

/**
 * Takes a store that no other process has open, with all that it holds in one file. Null when it is too damaged to be opened.
 * Throws `BackupError` when another process has it open.
 */
function lockStore(path: string): Libsql.Database | null {
  const file = new Libsql(path);
  try {
    // Leaving WAL mode takes the only connection (sqlite.org/wal.html); the lock keeps it so.
    file.exec("pragma journal_mode = delete");
    file.exec("begin exclusive");
    return file;
  } catch (error) {
    file.close();
    if (isBusy(error)) throw new BackupError(`A gateway is using ${path}: stop it first.`);
    if (isDamage(error)) return null;
    throw error;
  }
}

async function notePostgres(url: string, takenAt: Date, clock: Clock): Promise<void> {
  await assertFilled(url);
  const database = await openDatabase(url, { clock });
  try {
    await noteRestoredBackup(database.query, takenAt.getTime());
  } finally {
    await database.close();
  }
}

/** Opening an empty database would make a store of it. */
async function assertFilled(url: string): Promise<void> {
  const client = new (await import("pg")).default.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query("select 1 from information_schema.tables where table_name = 'migrations'");
    if (rows.length === 0) throw new BackupError("The database in DATABASE_URL has no store: run pg_restore first.");
  } finally {
    await client.end();
  }
}
