import type { Kysely, Transaction } from "kysely";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
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

export interface StoreOptions {
  clock: Clock;
  /** Default: a log that keeps nothing. */
  log: Pick<Log, "info" | "warn" | "error">;
}
