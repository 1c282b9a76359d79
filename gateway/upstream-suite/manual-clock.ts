import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../runtime/clock.ts";

/** When a manual clock starts. */
export const START = Date.UTC(2026, 0, 1);

export interface ManualClock extends Clock {
  /** Moves time on. */
  advance(milliseconds: number): void;
}

/** A clock that stands still until it is moved. A sleep ends with the next turn of the event loop. */
export function createManualClock(startsAt = START): ManualClock {
  let now = startsAt;
  const waiting: { instant: number; wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: async () => {
      await nextTurn();
    },
    until: (instant) => new Promise((wake) => (instant <= now ? wake() : waiting.push({ instant, wake }))),
    advance(milliseconds) {
      now += milliseconds;
      for (const { instant, wake } of waiting) if (instant <= now) wake();
    },
  };
}
