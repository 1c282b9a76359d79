import type { Clock } from "../runtime/clock.ts";

/** How often the store's time is read, in milliseconds. */
export const MEASURE_INTERVAL_MS = 30_000;
/** A reading that took longer, in milliseconds, says too little: another one is taken, and the quickest counts. */
const LONGEST_READING_MS = 1_000;
const MOST_READINGS = 3;
/** From how far the machine's clock has left its monotonic one, in milliseconds: it was set, or the machine was suspended. */
const JUMP_MS = 1_000;

/** The time of the store, by which all its processes write and judge instants. */
export interface StoreClock extends Clock {
  /** Reads the store's time. Throws when the store cannot be reached; the last measurement then still counts. */
  measure(): Promise<void>;
  /** Ends the measurements that are taken by themselves. */
  stop(): void;
}

interface Reading {
  /** How far the store's clock is ahead of the machine's, in milliseconds. */
  leadMs: number;
  /** How uncertain that is. */
  tookMs: number;
}

/**
 * Makes a machine's clock tell the store's time, once `measure` has resolved; it is measured again every `MEASURE_INTERVAL_MS`.
 *
 * Where the machine's clock is set while the process runs, the later of two times counts until the next measurement: that of the machine's
 * clock, which goes on while the machine is suspended, and that of its monotonic clock, which is never set.
 * @param readTime answers the store's time, in milliseconds since the epoch.
 */
export function createStoreClock(machine: Clock, readTime: () => Promise<number>): StoreClock {
  let leadMs = 0;
  let measuredAt = { wall: Date.now(), monotonic: performance.now() };
  let measuring: Promise<void> | null = null;

  async function measure(): Promise<void> {
    ({ leadMs } = await takeReading(readTime));
    measuredAt = { wall: Date.now(), monotonic: performance.now() };
  }
  const measureUnasked = () => {
    measuring ??= measure()
      .catch(() => {})
      .finally(() => (measuring = null));
  };
  const timer = setInterval(measureUnasked, MEASURE_INTERVAL_MS).unref();

  function now(): number {
    const setBackMs = Math.round(performance.now() - measuredAt.monotonic - (Date.now() - measuredAt.wall));
    if (Math.abs(setBackMs) > JUMP_MS) measureUnasked();
    return machine.now() + leadMs + (setBackMs > JUMP_MS ? setBackMs : 0);
  }

  return {
    now,
    measure,
    sleep: (milliseconds, cancelled) => machine.sleep(milliseconds, cancelled),
    until: (instant, cancelled) => machine.until(machine.now() + instant - now(), cancelled),
    stop: () => clearInterval(timer),
  };
}

/** A process may be paused during a reading, which then is a false one: its length tells. */
async function takeReading(readTime: () => Promise<number>): Promise<Reading> {
  let best = await readOnce(readTime);
  for (let count = 1; count < MOST_READINGS && best.tookMs > LONGEST_READING_MS; count += 1) {
    const next = await readOnce(readTime);
    if (next.tookMs < best.tookMs) best = next;
  }
  return best;
}

/**
 * The reading is taken to be of the middle of its time: the way there takes about as long as the way back. A lead that the reading's length
 * alone explains is 0, as on one machine.
 */
async function readOnce(readTime: () => Promise<number>): Promise<Reading> {
  const before = Date.now();
  const time = await readTime();
  const tookMs = Math.abs(Date.now() - before);
  const leadMs = Math.round(time - before - tookMs / 2);
  return { leadMs: Math.abs(leadMs) <= Math.ceil(tookMs / 2) ? 0 : leadMs, tookMs };
}
