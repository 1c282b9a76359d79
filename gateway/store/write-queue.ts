import { setTimeout as delay } from "node:timers/promises";

/** Longest that a statement waits for its turn and for another process's write together, in milliseconds, from when it is queued. */
export const STATEMENT_TIMEOUT_MS = 10_000;
/** How often a statement tries again while another process writes, in milliseconds. */
const BUSY_RETRY_MS = 5;

/** The store's file was locked for longer than a statement waits. `code` is the driver's. */
export class StoreBusyError extends Error {
  override readonly name = "StoreBusyError";
  readonly code = "SQLITE_BUSY";
}

/** Lets the writers of one process in, one after the other. */
export interface WriteQueue {
  /**
   * Waits for its turn, then runs `attempt`, again while the file is locked. The turn lasts until `leave` is called.
   * Throws `StoreBusyError` when this takes longer than the timeout; all that are queued then fail with it. Throws what `attempt` throws.
   */
  enter<Result>(attempt: () => Promise<Result>): Promise<{ result: Result; leave: () => void }>;
}

interface Waiter {
  start: () => void;
  fail: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** @param timeoutMs see `STATEMENT_TIMEOUT_MS`. */
export function createWriteQueue(timeoutMs = STATEMENT_TIMEOUT_MS): WriteQueue {
  const waiters = new Set<Waiter>();
  let isTaken = false;

  function takeTurn(): Promise<void> {
    if (isTaken) return new Promise((start, fail) => waiters.add({ start, fail, timer: setTimeout(failAll, timeoutMs, busy()) }));
    isTaken = true;
    return Promise.resolve();
  }

  function leave(): void {
    const [next] = waiters;
    if (!next) isTaken = false;
    else settle(next).start();
  }

  /** Those that queued later do not each wait again: the lock that they would wait for is the same one. */
  function failAll(error: Error): void {
    for (const waiter of waiters) settle(waiter).fail(error);
  }

  function settle(waiter: Waiter): Waiter {
    waiters.delete(waiter);
    clearTimeout(waiter.timer);
    return waiter;
  }

  const busy = () => new StoreBusyError(`The store's file has been locked by other writes for ${timeoutMs / 1000} s.`);

  return {
    async enter(attempt) {
      const giveUpAt = performance.now() + timeoutMs;
      await takeTurn();
      try {
        return { result: await retryWhileBusy(attempt, giveUpAt), leave };
      } catch (error) {
        const failure = isBusy(error) ? busy() : error;
        if (failure instanceof StoreBusyError) failAll(failure);
        leave();
        throw failure;
      }
    },
  };
}

/** Runs `attempt` again while the file is locked, until `giveUpAt` by `performance.now()`. SQLite's own way of waiting stops the process. */
export async function retryWhileBusy<Result>(attempt: () => Promise<Result>, giveUpAt: number): Promise<Result> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= giveUpAt) throw error;
      await delay(BUSY_RETRY_MS);
    }
  }
}

/** Also its extended codes, as SQLITE_BUSY_RECOVERY (sqlite.org/rescode.html#busy). */
export const isBusy = (error: unknown): boolean =>
  error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
