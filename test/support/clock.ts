import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../gateway/runtime/clock.ts";

export interface ManualClock extends Clock {
  /** Moves time on. */
  advance(milliseconds: number): void;
}

/** A clock that stands still until it is moved. A sleep ends with the next turn of the event loop. */
export function createManualClock(startsAt = Date.parse("2026-01-01T00:00:00Z")): ManualClock {
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
