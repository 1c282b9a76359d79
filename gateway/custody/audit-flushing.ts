import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { AuditBatch } from "./audit-batch.ts";

/** How long an event waits in memory at most before it is written, in milliseconds: what a process that is killed may lose. */
export const FLUSH_INTERVAL_MS = 1_000;

interface Dependencies {
  /** The store's. */
  clock: Pick<Clock, "now" | "until">;
  log: Pick<Log, "warn">;
  batch: Pick<AuditBatch, "isEmpty" | "unwritten">;
  /** Writes all that waits in the batch. */
  write(this: void): Promise<void>;
}

/** When the batch is written: one time after the other, and a second after there is something to write. */
export interface Flushing {
  /** There is something to write. A timer runs only then. */
  arm(this: void): void;
  /** Resolves once all that was recorded before is written. Throws what the store throws; it is then tried again by itself. */
  flush(this: void): Promise<void>;
  /** Nothing is written by itself any more. */
  stop(this: void): void;
}

export function createFlushing({ clock, log, batch, write }: Dependencies): Flushing {
  const stopping = new AbortController();
  const { signal } = stopping;
  let isArmed = false;
  let isFailing = false;
  let writing: Promise<void> | null = null;

  function arm(): void {
    if (isArmed || signal.aborted) return;
    isArmed = true;
    void writeLater();
  }

  async function writeLater(): Promise<void> {
    await clock.until(clock.now() + FLUSH_INTERVAL_MS, signal);
    isArmed = false;
    if (signal.aborted) return;
    await writeOnce().then(() => (isFailing = false), noteFailure);
    if (!batch.isEmpty()) arm();
  }

  /** The log says it once. The lag says how long it lasts. */
  function noteFailure(err: unknown): void {
    if (!isFailing)
      log.warn(
        { err, waiting: batch.unwritten() },
        "the audit cannot be written: its events are kept in memory, and written again every second",
      );
    isFailing = true;
  }

  const writeOnce = () => (writing ??= write().finally(() => (writing = null)));

  return {
    arm,
    async flush() {
      if (writing) await writing.catch(() => {});
      await (batch.isEmpty() ? writing : writeOnce());
    },
    stop: () => stopping.abort(),
  };
}
