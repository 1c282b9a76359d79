import { closeSync, openSync, statSync } from "node:fs";
import { GatewayError } from "../../schema/errors.ts";
import type { Log } from "../runtime/log.ts";

/** File mode: read and written by the account that the gateway runs under, by no other. */
export const OWNER_ONLY = 0o600;
/** How often reading alone looks whether the file is still there, in milliseconds. Every write looks. */
const LOOK_INTERVAL_MS = 1_000;
/** The database and what SQLite keeps beside it while it is open (sqlite.org/walformat.html). */
export const FILE_SUFFIXES: readonly string[] = ["", "-wal", "-shm"];

/** Whether the error of a statement says that the file is no sound database. */
export const isDamage = (error: unknown): boolean =>
  error instanceof Error && "code" in error && /^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT_READ)/.test(String(error.code));

/** Makes the file, unless there is one. SQLite gives what it keeps beside it the same mode. */
export function createFile(path: string): void {
  try {
    // Never opens one that exists: closing it would end the locks that this process has on it (sqlite.org/howtocorrupt.html, section 2.2).
    closeSync(openSync(path, "ax", OWNER_ONLY));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

/** Tells of the store's files that other accounts of this machine may read or write. Windows has no such modes. */
export function warnOfReaders(path: string, log: Pick<Log, "warn">): void {
  if (process.platform === "win32") return;
  for (const file of FILE_SUFFIXES.map((suffix) => path + suffix)) {
    const mode = (statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o777;
    if ((mode & ~OWNER_ONLY & 0o077) !== 0)
      log.warn(
        { path: file, mode: mode.toString(8) },
        "Other accounts on this machine can read or write the store: run chmod 600 on its file.",
      );
  }
}

/** Device and inode of a file, which no other file has while this one is open; null when there is none. */
export function identityOf(path: string): string | null {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  return status ? `${status.dev}:${status.ino}` : null;
}

/** Knows whether the files that this process has open are still the ones that their path names. */
export interface FileWatch {
  /** Looks, and throws TEMPORARILY_UNAVAILABLE once they are not, until the process ends. */
  assertCurrent(): void;
  /** The same without looking. */
  assertIntact(): void;
  /** Looks at most once a second. `now`: as `performance.now()` has it. */
  isCurrent(now: number): boolean;
  /** Gives the file up when a statement's error says that it is damaged. */
  judge(error: unknown): void;
}

/**
 * Starts to watch a file that this process has just opened. Logs once when it is gone, replaced or damaged.
 * @param countBytes how long the database is, by SQLite.
 */
export function watchFile(path: string, countBytes: () => number, log: Pick<Log, "error">): FileWatch {
  const identities = () => FILE_SUFFIXES.map((suffix) => identityOf(path + suffix)).join();
  const opened = identities();
  let bytes = statSync(path).size;
  let lookedAt = performance.now();
  let failure: string | null = null;

  function giveUp(what: string): void {
    if (failure) return;
    failure = `The store's file was ${what} while this gateway had it open: restore the right file, then restart the gateway.`;
    log.error({ path }, failure);
  }

  function look(): void {
    lookedAt = performance.now();
    try {
      if (identities() !== opened) return giveUp("removed or replaced");
      const { size } = statSync(path);
      // SQLite shortens it to the database's length at the least (VACUUM); a shorter file was copied over it.
      if (size < bytes && size < countBytes()) giveUp("damaged or overwritten");
      bytes = size;
    } catch (error) {
      // Else the folder cannot be read at the moment, which says nothing of the file.
      judge(error);
    }
  }

  function judge(error: unknown): void {
    if (isDamage(error)) giveUp("damaged or overwritten");
  }

  function assertIntact(): void {
    if (failure) throw new GatewayError("TEMPORARILY_UNAVAILABLE", failure);
  }

  return {
    assertIntact,
    assertCurrent() {
      look();
      assertIntact();
    },
    isCurrent(now) {
      if (now - lookedAt >= LOOK_INTERVAL_MS) look();
      return failure === null;
    },
    judge,
  };
}
