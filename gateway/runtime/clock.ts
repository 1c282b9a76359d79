import { setTimeout as delay } from "node:timers/promises";

/** Time, as everything here reads it: injected, so that tests move it instead of waiting. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `milliseconds`, or at once when `cancelled` aborts. */
  sleep(milliseconds: number, cancelled?: AbortSignal): Promise<void>;
  /** Resolves once `instant` (milliseconds since the epoch) has come. Keeps no process alive. */
  until(instant: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (milliseconds, cancelled) => {
    try {
      await delay(milliseconds, undefined, { signal: cancelled });
    } catch (error) {
      if (!cancelled?.aborted) throw error;
    }
  },
  until: async (instant) => {
    await delay(Math.max(0, instant - Date.now()), undefined, { ref: false });
  },
};
