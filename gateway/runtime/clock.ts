import { setTimeout as delay } from "node:timers/promises";

/** Time, as everything here reads it: injected, so that tests move it instead of waiting. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `milliseconds`, or at once when `cancelled` aborts. */
  sleep(milliseconds: number, cancelled?: AbortSignal): Promise<void>;
  /** Resolves once `instant` (milliseconds since the epoch) has come, or at once when `cancelled` aborts. Keeps no process alive. */
  until(instant: number, cancelled?: AbortSignal): Promise<void>;
}

/** Resolves as `work` does, or to null where it has not by `instant`. The work goes on; the timer does not. */
export async function orNullAt<Result>(clock: Pick<Clock, "until">, instant: number, work: Promise<Result>): Promise<Result | null> {
  const timer = new AbortController();
  try {
    return await Promise.race([work, clock.until(instant, timer.signal).then(() => null)]);
  } finally {
    timer.abort();
  }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, cancelled) => wait(milliseconds, { signal: cancelled }),
  until: (instant, cancelled) => wait(Math.max(0, instant - Date.now()), { signal: cancelled, ref: false }),
};

async function wait(milliseconds: number, options: { signal: AbortSignal | undefined; ref?: boolean }): Promise<void> {
  try {
    await delay(milliseconds, undefined, options);
  } catch (error) {
    if (!options.signal?.aborted) throw error;
  }
}
