import type { Clock } from "../runtime/clock.ts";

/** How often the store's time is read, in milliseconds. */
export const MEASURE_INTERVAL_MS = 30_000;
/** While the bounds are further apart, in milliseconds, a reading says too little: another one is taken. */
const LONGEST_READING_MS = 1_000;
const MOST_READINGS = 3;
/** From how far the machine's clock has left its monotonic one, in milliseconds: it was set, or the machine was suspended. */
const JUMP_MS = 1_000;
/** The machine's clock tells whole milliseconds. */
const RESOLUTION_MS = 1;
/** How fast two clocks may part, as a share of the time: an operating system slews its clock by 500 ppm (adjtime). */
const DRIFT_SHARE = 0.0005;

/** A clock that is not exact, and knows by how much. */
export interface BoundedClock extends Clock {
  /** Milliseconds since the epoch: it is not earlier than that. From there a life is counted that begins now. */
  earliest(): number;
  /** Milliseconds since the epoch: it is not later than that. By this instant is judged what life is left. */
  latest(): number;
}

/** The time of the store, by which all its processes write and judge instants. */
export interface StoreClock extends BoundedClock {
  /** Reads the store's time. Throws when the store cannot be reached; the last measurement then still counts. */
  measure(): Promise<void>;
  /** Takes note of the store's time (milliseconds since the epoch) that came with the answer to a statement. `sentAt` is by `Date.now`. */
  note(sentAt: number, storeTime: number): void;
  /** Ends the measurements that are taken by themselves. */
  stop(): void;
}

/** How far the store's clock is ahead of the machine's, in milliseconds: between these two. */
interface Lead {
  leastMs: number;
  mostMs: number;
}

/**
 * Makes a machine's clock tell the store's time, once `measure` has resolved; it is measured again every `MEASURE_INTERVAL_MS`.
 *
 * The store told its time somewhere between sending a statement and its answer, which bounds the lead. Each reading narrows the bounds, and
 * between readings they widen, as clocks drift. A reading that fits them nowhere says that a clock was set: then it alone counts.
 *
 * Where the machine's clock is set while the process runs, the later of two times counts until the next measurement: that of the machine's
 * clock, which goes on while the machine is suspended, and that of its monotonic clock, which is never set.
 * @param readTime answers the store's time, in milliseconds since the epoch. Null: it is this machine's, exactly.
 */
export function createStoreClock(machine: Clock, readTime: (() => Promise<number>) | null): StoreClock {
  let lead: Lead | null = null;
  let measuredAt = { wall: Date.now(), monotonic: performance.now() };
  let measuring: Promise<void> | null = null;

  const setBackMs = () => Math.round(performance.now() - measuredAt.monotonic - (Date.now() - measuredAt.wall));
  const driftMs = () => (performance.now() - measuredAt.monotonic) * DRIFT_SHARE;

  function note(sentAt: number, storeTime: number): void {
    const answeredAt = Date.now();
    const read = readingOf(sentAt, storeTime, answeredAt);
    lead = readTime && (lead && Math.abs(setBackMs()) <= JUMP_MS ? narrow(widen(lead, driftMs()), read) : read);
    measuredAt = { wall: answeredAt, monotonic: performance.now() };
  }
  async function measure(): Promise<void> {
    for (let count = 1; count <= MOST_READINGS; count += 1) {
      const sentAt = Date.now();
      note(sentAt, readTime ? await readTime() : sentAt);
      if (!lead || lead.mostMs - lead.leastMs <= LONGEST_READING_MS) return;
    }
  }
  const measureUnasked = () => {
    measuring ??= measure()
      .catch(() => {})
      .finally(() => (measuring = null));
  };
  const timer = setInterval(measureUnasked, MEASURE_INTERVAL_MS).unref();

  function machineNow(): number {
    const setBack = setBackMs();
    if (Math.abs(setBack) > JUMP_MS) measureUnasked();
    return machine.now() + (setBack > JUMP_MS ? setBack : 0);
  }
  const now = () => machineNow() + (lead ? likelyLead(lead) : 0);

  return {
    now,
    earliest: () => (lead ? Math.floor(machineNow() + widen(lead, driftMs()).leastMs) : now()),
    latest: () => (lead ? Math.ceil(machineNow() + widen(lead, driftMs()).mostMs) : now()),
    measure,
    note,
    sleep: (milliseconds, cancelled) => machine.sleep(milliseconds, cancelled),
    until: (instant, cancelled) => machine.until(machine.now() + instant - now(), cancelled),
    stop: () => clearInterval(timer),
  };
}

/** The machine's clock may have been set back meanwhile. */
const readingOf = (sentAt: number, storeTime: number, answeredAt: number): Lead => ({
  leastMs: storeTime - Math.max(sentAt, answeredAt) - RESOLUTION_MS,
  mostMs: storeTime - Math.min(sentAt, answeredAt) + RESOLUTION_MS,
});

const widen = ({ leastMs, mostMs }: Lead, byMs: number): Lead => ({ leastMs: leastMs - byMs, mostMs: mostMs + byMs });

/** What both say; the reading alone where they contradict each other. */
function narrow(known: Lead, read: Lead): Lead {
  const both = { leastMs: Math.max(known.leastMs, read.leastMs), mostMs: Math.min(known.mostMs, read.mostMs) };
  return both.leastMs <= both.mostMs ? both : read;
}

/** The middle: the way to the store takes about as long as the way back. It is 0 where it may be, as on one machine. */
const likelyLead = ({ leastMs, mostMs }: Lead): number => (leastMs <= 0 && mostMs >= 0 ? 0 : Math.round((leastMs + mostMs) / 2));
