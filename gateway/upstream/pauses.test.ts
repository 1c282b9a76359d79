import { describe, expect, it } from "vitest";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { systemClock } from "../runtime/clock.ts";
import { createPauses } from "./pauses.ts";

/** Pauses of 3 s on a clock that is moved. */
function start() {
  const clock = createManualClock();
  let begun = 0;
  const pauses = createPauses(async () => {
    begun += 1;
    await clock.until(clock.now() + 3_000);
  });
  const woken: string[] = [];
  return { clock, woken, begun: () => begun, wait: (key: string, name: string) => pauses.wait(key, () => void woken.push(name)) };
}

const settle = () => new Promise(setImmediate);

describe("a pause", () => {
  it("ends at the same moment for all who wait, and who comes then begins another one", async () => {
    const { clock, woken, begun, wait } = start();
    wait("ada", "first");
    clock.advance(2_000);
    wait("ada", "second");
    clock.advance(1_000);
    await settle();
    expect([woken, begun()]).toEqual([["first", "second"], 1]);
    wait("ada", "third");
    expect(begun()).toBe(2);
  });

  it("is another one for each key", async () => {
    const { clock, woken, wait } = start();
    wait("ada", "of ada");
    clock.advance(2_000);
    wait("ben", "of ben");
    clock.advance(1_000);
    await settle();
    expect(woken).toEqual(["of ada"]);
  });

  it("goes on for the others when one stops waiting", async () => {
    const { clock, woken, wait } = start();
    const stop = wait("ada", "first");
    wait("ada", "second");
    stop();
    clock.advance(3_000);
    await settle();
    expect(woken).toEqual(["second"]);
  });

  it("leaves no timer when the last stops waiting, and does not wake those who wait later", async () => {
    // Not those of the process: timers of other tests may end meanwhile.
    let timers = 0;
    const pauses = createPauses(async (cancelled) => {
      timers += 1;
      await systemClock.sleep(60_000, cancelled);
      timers -= 1;
    });
    const woken: string[] = [];
    const stops = ["first", "second"].map((name) => pauses.wait("ada", () => void woken.push(name)));
    expect(timers).toBe(1);
    for (const stop of stops) stop();
    const stopLater = pauses.wait("ada", () => void woken.push("later"));
    await settle();
    expect([timers, woken]).toEqual([1, []]);
    stopLater();
    await settle();
    expect(timers).toBe(0);
  });
});
