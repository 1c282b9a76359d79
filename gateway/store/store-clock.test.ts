import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../runtime/clock.ts";
import { createStoreClock, MEASURE_INTERVAL_MS, type StoreClock } from "./store-clock.ts";

const STARTED_AT = Date.parse("2026-01-01T00:00:00Z");
const HOUR_MS = 3_600_000;

let clock: StoreClock;
/** The store's clock, which nothing sets. */
let storeTime: () => number;
beforeEach(() => {
  vi.useFakeTimers({ now: STARTED_AT, toFake: ["Date", "performance", "setInterval", "clearInterval"] });
  const startedAt = performance.now();
  storeTime = () => STARTED_AT + HOUR_MS + performance.now() - startedAt;
  clock = createStoreClock(systemClock, () => Promise.resolve(storeTime()));
});
afterEach(() => {
  clock.stop();
  vi.useRealTimers();
});

describe("the store's clock", () => {
  it("is the machine's, plus the lead of the store", async () => {
    await clock.measure();
    vi.advanceTimersByTime(1_000);
    expect(clock.now()).toBe(storeTime());
  });

  it("is measured again periodically", async () => {
    await clock.measure();
    const { now } = Date;
    const before = storeTime;
    storeTime = () => before() + 500;
    await vi.advanceTimersByTimeAsync(MEASURE_INTERVAL_MS);
    expect(clock.now() - now()).toBe(HOUR_MS + 500);
  });

  it("continues when the machine's clock is set back", async () => {
    await clock.measure();
    vi.advanceTimersByTime(1_000);
    vi.setSystemTime(Date.now() - 2 * HOUR_MS);
    expect(clock.now()).toBe(storeTime());
    await vi.advanceTimersByTimeAsync(1_000);
    expect(clock.now()).toBe(storeTime());
  });

  it("is ahead until it is measured when the machine's clock is set forward, which is at once", async () => {
    await clock.measure();
    vi.setSystemTime(Date.now() + 2 * HOUR_MS);
    expect(clock.now()).toBe(storeTime() + 2 * HOUR_MS);
    await vi.advanceTimersByTimeAsync(0);
    expect(clock.now()).toBe(storeTime());
  });

  it("includes at once the time of a suspension, during which the machine's monotonic clock stops", async () => {
    await clock.measure();
    const before = storeTime;
    storeTime = () => before() + HOUR_MS;
    vi.setSystemTime(Date.now() + HOUR_MS);
    expect(clock.now()).toBe(storeTime());
  });

  it("keeps its last measurement while the store is away", async () => {
    await clock.measure();
    storeTime = () => {
      throw new Error("The store is away.");
    };
    await expect(clock.measure()).rejects.toThrow("away");
    await vi.advanceTimersByTimeAsync(2 * MEASURE_INTERVAL_MS);
    expect(clock.now()).toBe(Date.now() + HOUR_MS);
  });

  it.each([HOUR_MS, -HOUR_MS])("is not misled by a store that answers slowly, with a clock %i ms ahead", async (leadMs) => {
    const slow = createStoreClock(systemClock, async () => {
      vi.advanceTimersByTime(150);
      const time = Date.now() + leadMs;
      vi.advanceTimersByTime(150);
      return time;
    });
    await slow.measure();
    expect(slow.now() - Date.now()).toBe(leadMs);
    slow.stop();
  });

  it("is not misled by a reading during which the process was paused", async () => {
    let isFirst = true;
    const paused = createStoreClock(systemClock, async () => {
      const time = storeTime();
      if (isFirst) vi.advanceTimersByTime(20_000);
      isFirst = false;
      return time;
    });
    await paused.measure();
    expect(paused.now()).toBe(storeTime());
    paused.stop();
  });

  it("is the machine's own where the store's cannot be distinguished from it", async () => {
    const same = createStoreClock(systemClock, async () => {
      const time = Date.now();
      vi.advanceTimersByTime(50);
      return time + 10;
    });
    await same.measure();
    expect(same.now()).toBe(Date.now());
    same.stop();
  });

  it("waits until an instant of the store's", async () => {
    const waited: number[] = [];
    const machine = { ...systemClock, until: async (instant: number) => void waited.push(instant) };
    const waiting = createStoreClock(machine, () => Promise.resolve(storeTime()));
    await waiting.measure();
    await waiting.until(storeTime() + 5_000);
    expect(waited).toEqual([Date.now() + 5_000]);
    waiting.stop();
  });
});

describe("the bounds of the store's clock", () => {
  /** A reading that takes so long there and back. */
  const slowly =
    (thereMs: number, backMs: number, leadMs = HOUR_MS) =>
    async () => {
      vi.advanceTimersByTime(thereMs);
      const time = Date.now() + leadMs;
      vi.advanceTimersByTime(backMs);
      return time;
    };
  const boundsOf = (read: StoreClock) => [read.earliest() - Date.now(), read.latest() - Date.now()];

  it.each([
    [300, 0],
    [0, 300],
    [100, 200],
  ])("have its time between them, which may be no middle: %i ms there, %i ms back", async (thereMs, backMs) => {
    const slow = createStoreClock(systemClock, slowly(thereMs, backMs));
    await slow.measure();
    expect(boundsOf(slow)).toEqual([HOUR_MS - backMs - 1, HOUR_MS + thereMs + 1]);
    expect(slow.now() - Date.now()).toBe(HOUR_MS + (thereMs - backMs) / 2);
    slow.stop();
  });

  it("are those of the quickest readings", async () => {
    let read = slowly(0, 0);
    const slow = createStoreClock(systemClock, () => read());
    await slow.measure();
    read = slowly(300, 400);
    await slow.measure();
    expect(boundsOf(slow)).toEqual([HOUR_MS - 2, HOUR_MS + 2]);
    slow.stop();
  });

  it("are not measured again for a slow reading where they are close already", async () => {
    let [read, readings] = [slowly(0, 0), 0];
    const slow = createStoreClock(systemClock, () => ((readings += 1), read()));
    await slow.measure();
    read = slowly(2_000, 2_000);
    await slow.measure();
    expect(readings).toBe(2);
    slow.stop();
  });

  it("widen while nothing is measured, as clocks drift", async () => {
    const drifting = createStoreClock(systemClock, slowly(0, 0));
    await drifting.measure();
    drifting.stop();
    vi.advanceTimersByTime(20_000);
    expect(boundsOf(drifting)).toEqual([HOUR_MS - 11, HOUR_MS + 11]);
  });

  it("are of the last reading alone where it contradicts those before: a clock was set", async () => {
    let read = slowly(0, 0);
    const set = createStoreClock(systemClock, () => read());
    await set.measure();
    read = slowly(10, 10, HOUR_MS - 400);
    await set.measure();
    expect(boundsOf(set)).toEqual([HOUR_MS - 400 - 11, HOUR_MS - 400 + 11]);
    set.stop();
  });

  it("are narrowed by a time that came with a statement", async () => {
    const noted = createStoreClock(systemClock, slowly(500, 500));
    await noted.measure();
    const sentAt = Date.now();
    vi.advanceTimersByTime(4);
    noted.note(sentAt, Date.now() + HOUR_MS);
    const [earliest = 0, latest = 0] = boundsOf(noted);
    expect([earliest, latest]).toEqual([HOUR_MS - 1, HOUR_MS + 5]);
    noted.stop();
  });

  it("are its time where the store is on this machine", () => {
    const own = createStoreClock(systemClock, null);
    expect([own.earliest(), own.now(), own.latest()]).toEqual([Date.now(), Date.now(), Date.now()]);
    own.stop();
  });
});
