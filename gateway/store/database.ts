import type { Kysely, RawBuilder, Transaction } from "kysely";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Change, Changes, Topic } from "./changes.ts";
import type { StoreClock } from "./store-clock.ts";
import type { Tables } from "./tables.ts";

/**
 * The store: one process's view of the tables that all processes share.
 * Everything here throws TEMPORARILY_UNAVAILABLE when the store cannot do it now and may do it later.
 */
export interface Database {
  kind: "sqlite" | "postgres";
  /** For reads, and for single statements on what no cache holds. */
  query: Kysely<Tables>;
  /** One transaction; once it is committed, every process is told of `topics` before this resolves here. */
  write<Result>(topics: readonly Topic[], statements: (transaction: Transaction<Tables>) => Promise<Result>): Promise<Result>;
  /**
   * One statement that commits by itself, and answers at most one row: what it changed. It selects `mark` beside that row's columns. Where
   * it has answered one, every process is told of `topics` before this resolves here, and the clock is measured.
   */
  changeOne<Row extends { mark: unknown }>(
    topics: readonly Topic[],
    statement: (query: Kysely<Tables>, mark: Mark) => Promise<Row | undefined>,
    options?: ChangeOptions,
  ): Promise<Omit<Row, "mark"> | null>;
  changes: Changes;
  /** Drops what the caches of this process hold of a topic. Default: of all. */
  dropCaches(change?: Change): void;
  /** The store's time: every instant that more than one process judges is written and judged by it. */
  clock: StoreClock;
  /** Throws when the store cannot be written to. However many ask, it is tried once a second at most. */
  checkWritable(): Promise<void>;
  /** What does not work although requests are served, and what to do about it; null when all is well. */
  degradation(): string | null;
  close(): Promise<void>;
}

/** What a statement selects, so that the store tells of it and says its time. */
export type Mark = RawBuilder<unknown>;

export interface ChangeOptions {
  /** It means nothing once the processes of this machine have ended with it: SQLite need not wait for the disk. Default false. */
  isTransient?: boolean;
}

export interface StoreOptions {
  /** This machine's. */
  clock: Clock;
  /** Default: a log that keeps nothing. */
  log: Pick<Log, "info" | "warn" | "error">;
  /** Where Postgres is reached directly, for hearing of changes, when the store's URL leads through a pooler. Default: the store's URL. */
  listenUrl?: string;
}
