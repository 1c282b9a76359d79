import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../runtime/clock.ts";

/** When a manual clock starts. */
export const START = Date.UTC(2026, 0, 1);

export interface ManualClock extends Clock {
  /** How many wait for an instant. */
  waits(): number;
  /** Moves time on. */
  advance(milliseconds: number): void;
}

/** A clock that stands still until it is moved. A sleep ends with the next turn of the event loop. */
export function createManualClock(startsAt = START): ManualClock {
  let now = startsAt;
  const waiting = new Set<{ instant: number; wake: () => void }>();
  return {
    now: () => now,
    sleep: async () => {
      await nextTurn();
    },
    until: (instant, cancelled) =>
      new Promise((wake) => {
        if (instant <= now || cancelled?.aborted) return wake();
        const end = () => {
          waiting.delete(waiter);
          cancelled?.removeEventListener("abort", end);
          wake();
        };
        const waiter = { instant, wake: end };
        waiting.add(waiter);
        cancelled?.addEventListener("abort", end);
      }),
    waits: () => waiting.size,
    advance(milliseconds) {
      now += milliseconds;
      for (const waiter of waiting) {
        if (waiter.instant > now) continue;
        waiting.delete(waiter);
        waiter.wake();
      }
    },
  };
}
