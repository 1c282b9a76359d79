import { setTimeout as delay } from "node:timers/promises";

/** Time, as everything here reads it: injected, so that tests move it instead of waiting. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `milliseconds`. */
  sleep(milliseconds: number): Promise<void>;
  /** Resolves once `instant` (milliseconds since the epoch) has come. Keeps no process alive. */
  until(instant: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (milliseconds) => {
    await delay(milliseconds);
  },
  until: async (instant) => {
    await delay(Math.max(0, instant - Date.now()), undefined, { ref: false });
  },
};
