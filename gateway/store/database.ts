import type { Kysely, Transaction } from "kysely";
import type { Clock } from "../runtime/clock.ts";
import type { Changes, Topic } from "./changes.ts";
import type { Tables } from "./tables.ts";

/** The store: one process's view of the tables that all processes share. */
export interface Database {
  kind: "sqlite" | "postgres";
  /** For reads, and for single statements that nobody caches. */
  query: Kysely<Tables>;
  /** One transaction; once it is committed, every process is told of `topics` before this resolves here. */
  write<Result>(topics: readonly Topic[], statements: (transaction: Transaction<Tables>) => Promise<Result>): Promise<Result>;
  changes: Changes;
  /** How far the store's clock is ahead of this machine's, in milliseconds: leases are counted by the store's, which all processes share. */
  leadMs(): Promise<number>;
  /** Throws when the store cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the store and brings it to the newest shape.
 * @param url `postgres://…`, or `file:` and a path for SQLite.
 * Throws when it cannot be reached, and `MigrationError` when it belongs to another version.
 */
export async function openDatabase(url: string, clock: Clock): Promise<Database> {
  // Each brings a driver of its own: only the one in use is loaded.
  if (/^postgres(ql)?:/.test(url)) return (await import("./postgres.ts")).openPostgres(url, clock);
  return (await import("./sqlite.ts")).openSqlite(url.replace(/^file:/, ""), clock);
}
