import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createTestDatabase, databaseKinds, type TestDatabase } from "../../test/support/databases.ts";
import type { Database } from "./database.ts";
import { createNotes } from "./notes.ts";
import { openDatabase } from "./open.ts";
import { createSingleFlight, type Lease } from "./single-flight.ts";

describe.each(databaseKinds)("on %s", (kind) => {
  const clock = createManualClock();
  const opened: Database[] = [];
  let store: TestDatabase;
  beforeEach(async () => void (store = await createTestDatabase(kind)));
  afterEach(async () => {
    for (const database of opened.splice(0)) await database.close();
    await store.drop();
  });

  async function startProcess() {
    const database = await openDatabase(store.url, { clock });
    opened.push(database);
    return { database, ...createSingleFlight(database), notes: createNotes(database) };
  }

  /** Work that goes on until it is ended. */
  function createWork() {
    let [start, end] = [(_lease: Lease) => {}, () => {}];
    const started = new Promise<Lease>((resolve) => (start = resolve));
    const ended = new Promise<void>((resolve) => (end = resolve));
    const work = (lease: Lease) => {
      start(lease);
      return ended;
    };
    return { started, work, end };
  }

  describe("single flight", () => {
    it("does a piece of work once for all who ask while it goes on in a process", async () => {
      const { singleFlight } = await startProcess();
      let count = 0;
      await Promise.all(Array.from({ length: 50 }, () => singleFlight("key", async () => void (count += 1))));
      expect(count).toBe(1);
    });

    it("does a second process's work after the first's", async () => {
      const [one, two] = [await startProcess(), await startProcess()];
      const first = createWork();
      const events: string[] = [];
      const flight = one.singleFlight("key", async (lease) => {
        await first.work(lease);
        events.push("first");
      });
      await first.started;
      const waiting = two.singleFlight("key", async () => void events.push("second"));
      first.end();
      await Promise.all([flight, waiting]);
      expect(events).toEqual(["first", "second"]);
      expect(await one.database.query.selectFrom("leases").selectAll().execute()).toEqual([]);
    });

    it("does work with different keys side by side", async () => {
      const { singleFlight } = await startProcess();
      const held = createWork();
      const flight = singleFlight("held", held.work);
      await held.started;
      let isDone = false;
      await singleFlight("other", async () => void (isDone = true));
      expect(isDone).toBe(true);
      held.end();
      await flight;
    });

    it("rejects as the work does, for all who joined, and is free again", async () => {
      const { singleFlight } = await startProcess();
      const failing = () => Promise.reject(new Error("broken"));
      const results = await Promise.allSettled([singleFlight("key", failing), singleFlight("key", failing)]);
      expect(results).toEqual(results.map(() => expect.objectContaining({ status: "rejected" })));
      await singleFlight("key", async () => {});
    });

    it("takes over a lease that has lapsed, whose holder learns it before it sends", async () => {
      const [one, two] = [await startProcess(), await startProcess()];
      const first = createWork();
      const suspended = one.singleFlight("key", first.work);
      const lease = await first.started;
      expect(await lease.renew()).toBe(true);
      clock.advance(60_000);
      const taken = createWork();
      const flight = two.singleFlight("key", taken.work);
      expect(await (await taken.started).renew()).toBe(true);
      expect(await lease.renew()).toBe(false);
      first.end();
      await suspended;
      expect(await (await taken.started).renew()).toBe(true);
      taken.end();
      await flight;
    });

    it("is idle once no work goes on", async () => {
      const { singleFlight, idle } = await startProcess();
      const held = createWork();
      let isIdle = false;
      void singleFlight("key", held.work);
      await held.started;
      const waiting = idle().then(() => (isIdle = true));
      expect(isIdle).toBe(false);
      held.end();
      await waiting;
    });
  });

  describe("notes", () => {
    it("are read by key in each process, the last text alone, until they are removed", async () => {
      const [{ notes }, other] = [await startProcess(), await startProcess()];
      await notes.write("a", "first");
      await notes.write("a", "second");
      await notes.write("b", "third");
      const read = await other.notes.read(["a", "b", "c"]);
      expect(Object.fromEntries(read)).toEqual({ a: "second", b: "third" });
      await notes.write("a", null);
      expect([...(await other.notes.read(["a"]))]).toEqual([]);
      expect([...(await other.notes.read([]))]).toEqual([]);
    });
  });
});
