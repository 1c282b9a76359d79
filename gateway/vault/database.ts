import type { Kysely, Transaction } from "kysely";
import type { Clock } from "../clock.ts";
import type { Changes, Topic } from "./changes.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";
import type { Tables } from "./tables.ts";

/** The store: one process's view of the tables that all processes share. */
export interface Database {
  kind: "sqlite" | "postgres";
  /** For reads, and for single statements that nobody caches. */
  query: Kysely<Tables>;
  /** One transaction; once it is committed, every process is told of `topics` before this resolves here. */
  write<Result>(topics: readonly Topic[], statements: (transaction: Transaction<Tables>) => Promise<Result>): Promise<Result>;
  changes: Changes;
  /** Throws when the store cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the store and brings it to the newest shape.
 * @param url `postgres://…`, or `file:` and a path for SQLite.
 * Throws when it cannot be reached, and `MigrationError` when it belongs to another version.
 */
export function openDatabase(url: string, clock: Clock): Promise<Database> {
  return /^postgres(ql)?:/.test(url) ? openPostgres(url, clock) : openSqlite(url.replace(/^file:/, ""), clock);
}
