import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createWriteQueue, StoreBusyError } from "./write-queue.ts";

const TIMEOUT_MS = 200;
const busy = () => Promise.reject(Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" }));
const once = async () => "done";

describe("the queue of writers", () => {
  it("runs one at a time, in order", async () => {
    const queue = createWriteQueue(TIMEOUT_MS);
    const events: string[] = [];
    const enter = async (name: string) => {
      const { leave } = await queue.enter(once);
      events.push(`${name} in`);
      await delay(1);
      events.push(`${name} out`);
      leave();
    };
    await Promise.all(["a", "b", "c"].map(enter));
    expect(events).toEqual(["a in", "a out", "b in", "b out", "c in", "c out"]);
  });

  it("fails all that are queued once the first has waited its timeout for a locked file", async () => {
    const queue = createWriteQueue(TIMEOUT_MS);
    const startedAt = performance.now();
    const first = queue.enter(busy);
    await delay(TIMEOUT_MS / 2);
    const results = await Promise.allSettled([first, ...Array.from({ length: 10 }, () => queue.enter(busy))]);
    expect(results).toEqual(results.map(() => ({ status: "rejected", reason: expect.any(StoreBusyError) })));
    // One after the other they would take eleven timeouts.
    expect(performance.now() - startedAt).toBeLessThan(10 * TIMEOUT_MS);
  });

  it("counts the time in the queue: behind a turn that does not end, all fail with the first that has waited", async () => {
    const queue = createWriteQueue(TIMEOUT_MS);
    const { leave } = await queue.enter(once);
    const waiting = [queue.enter(once), queue.enter(once)];
    await expect(Promise.all(waiting)).rejects.toMatchObject({ name: "StoreBusyError", code: "SQLITE_BUSY" });
    await expect(waiting[1]).rejects.toThrow("locked by other writes");
    leave();
    expect((await queue.enter(once)).result).toBe("done");
  });

  it("counts the time in the queue for a statement that then finds the file locked", async () => {
    const queue = createWriteQueue(TIMEOUT_MS);
    const { leave } = await queue.enter(once);
    const startedAt = performance.now();
    const second = queue.enter(busy);
    await delay(TIMEOUT_MS / 2);
    leave();
    await expect(second).rejects.toThrow(StoreBusyError);
    expect(performance.now() - startedAt).toBeLessThan(1.4 * TIMEOUT_MS);
  });

  it("fails those that queued later together with one that found the file locked for its timeout", async () => {
    const queue = createWriteQueue(TIMEOUT_MS);
    const first = queue.enter(busy);
    await delay(TIMEOUT_MS / 2);
    let isTried = false;
    const later = queue.enter(async () => (isTried = true));
    await expect(first).rejects.toThrow(StoreBusyError);
    await expect(later).rejects.toThrow(StoreBusyError);
    expect(isTried).toBe(false);
  });

  it("continues after a failure of any kind", async () => {
    const queue = createWriteQueue(TIMEOUT_MS);
    await expect(queue.enter(() => Promise.reject(new Error("disk full")))).rejects.toThrow("disk full");
    await expect(queue.enter(busy)).rejects.toThrow(StoreBusyError);
    expect((await queue.enter(once)).result).toBe("done");
  });
});
