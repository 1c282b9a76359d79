import { setImmediate as nextTurn } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase, databaseKinds, type TestDatabase } from "../../test/support/databases.ts";
import { plansOf } from "../../test/support/plans.ts";
import type { Database } from "../store/database.ts";
import { openDatabase } from "../store/open.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { findNextDue, findOldestAt, LOOKED_AT_ONCE, MAXIMUM_ATTEMPTS, PARKED_MS, readBacklog, settle, takeDue } from "./outbox.ts";
import { replay, REPLAYED_AT_ONCE } from "./replay.ts";

/** Enough for Postgres to find an index worth it. */
const PENDING = 20_000;
/** Those of one connection, whose first waits. */
const OF_ONE = 1_000;
const NOW = 1_000_000;
const LATER = NOW + 10_000;

describe.each(databaseKinds)("The outbox on %s", (kind) => {
  let store: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    store = await createTestDatabase(kind);
    database = await openDatabase(store.url, { clock: createManualClock() });
    const { query } = database;
    const numbers = sql`with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < ${sql.lit(PENDING)})`;
    await sql`insert into events (number, id, type, connector_slug, body, at) ${numbers}
      select i, 'evt_' || i, 'connection.enabled', 'test', '{}', ${sql.lit(NOW)} + i from numbers`.execute(query);
    await sql`insert into deliveries (endpoint, number, ordered_by, attempts, next_at) ${numbers}
      select 'backend', i, case when i <= ${sql.lit(OF_ONE)} then 'one' else 'c' || i end, 0,
        case when i = 1 then ${sql.lit(LATER)} else ${sql.lit(NOW)} end from numbers`.execute(query);
    // Before all of them: what another webhook has not taken, and what was given up.
    await sql`insert into deliveries (endpoint, number, ordered_by, attempts, next_at) ${numbers}
      select 'other', i, 'c' || i, 0, 0 from numbers`.execute(query);
    await sql`insert into events (number, id, type, connector_slug, body, at) ${numbers}
      select -i, 'evt_-' || i, 'connection.enabled', 'test', '{}', 0 from numbers`.execute(query);
    await sql`insert into deliveries (endpoint, number, ordered_by, attempts, next_at, dead_at) ${numbers}
      select 'backend', -i, 'c' || i, 10, 0, 0 from numbers`.execute(query);
    await sql`analyze`.execute(query);
  });
  afterAll(async () => {
    await database.close();
    await store.drop();
  });

  const always = async () => true;
  const take = (now: number) => takeDue(database.query, "backend", now, always);
  const parked = () =>
    database.query
      .selectFrom("deliveries")
      .select("number")
      .where("next_at", "=", NOW + PARKED_MS)
      .orderBy("number")
      .execute();
  type Due = Awaited<ReturnType<typeof take>>;
  const end = (due: Due, isTaken: boolean, now: number) =>
    database.write([], (transaction) =>
      settle(
        transaction,
        "backend",
        due.map((delivery) => ({ delivery, isTaken, outcome: "x", retryAfterSeconds: null })),
        now,
      ),
    );

  it("reads a bounded number of rows in a look, from an index in the order in which they are due", async () => {
    const plans = await plansOf(kind, database.query, async (query) => {
      await findNextDue(query, "backend");
      await findOldestAt(query, "backend");
      await takeDue(query, "backend", NOW, always);
      expect(await readBacklog(query, "backend", 100)).toEqual({ pending: 100, dead: 100, oldestAt: NOW + 1 });
    });
    expect(plans.join("\n")).toMatch(/deliveries_by_time[\s\S]*deliveries_by_age[\s\S]*deliveries_by_time/);
    for (const plan of plans) expect(plan).not.toMatch(/SCAN (deliveries|events|earlier)$|Seq Scan/m);
  });

  it("puts off what waits for an earlier event of its connection, and sends others meanwhile", async () => {
    const due = await take(NOW);
    expect(due.map(({ number }) => number)).toEqual(Array.from({ length: LOOKED_AT_ONCE }, (_, index) => OF_ONE + index + 1));
    expect(await parked()).toHaveLength(OF_ONE - 1);
    expect(await findNextDue(database.query, "backend")).toBe(NOW);
    expect(await findOldestAt(database.query, "backend")).toBe(NOW + 1);
    await end(due, true, NOW);
  });

  describe("where many rounds only put off", () => {
    const ROUNDS = 3;
    beforeEach(async () => {
      await database.query.deleteFrom("deliveries").where("endpoint", "=", "held").execute();
      // The first one backs off, and all others wait for it.
      const numbers = Array.from({ length: ROUNDS * LOOKED_AT_ONCE + 1 }, (_, index) => index + 1);
      const rows = numbers.map((number) => ({
        endpoint: "held",
        number,
        ordered_by: "one",
        attempts: 0,
        next_at: number === 1 ? LATER : NOW,
      }));
      await database.query.insertInto("deliveries").values(rows).execute();
    });
    const heldBack = async () =>
      (await database.query.selectFrom("deliveries").select("number").where("endpoint", "=", "held").where("next_at", ">", LATER).execute())
        .length;

    it("gives other work a turn in each round", async () => {
      let turns = 0;
      const over = new AbortController();
      const count = async () => {
        for (; !over.signal.aborted; turns += 1) await nextTurn();
      };
      const counting = count();
      expect(await takeDue(database.query, "held", NOW, always)).toEqual([]);
      over.abort();
      expect(turns).toBeGreaterThanOrEqual(ROUNDS);
      await counting;
      expect(await heldBack()).toBe(ROUNDS * LOOKED_AT_ONCE);
    });

    it("takes nothing more once it may not go on", async () => {
      expect(await takeDue(database.query, "held", NOW, async () => false)).toEqual([]);
      expect(await heldBack()).toBe(LOOKED_AT_ONCE);
    });
  });

  it("sends the next one of a connection once the one before is taken or given up, and in their order", async () => {
    await database.query.updateTable("deliveries").set({ next_at: 9e12 }).where("number", ">", OF_ONE).execute();
    const lastAttempt = { attempts: MAXIMUM_ATTEMPTS - 1 };
    await database.query.updateTable("deliveries").set(lastAttempt).where("number", "in", [1, 2, 3]).execute();
    expect(await take(NOW)).toEqual([]);
    for (let number = 1; number <= 3; number += 1) {
      const due = await take(LATER);
      expect(due.map((one) => one.number)).toEqual([number]);
      await end(due, number !== 2, LATER);
    }
    expect((await take(LATER)).map((one) => one.number)).toEqual([4]);
  });

  it("does not put off what nothing is before any more, and looks again after five minutes at what was put off", async () => {
    await database.query.deleteFrom("deliveries").where("number", "in", [4, 5, 6, 7, 8, 9]).execute();
    expect(await take(LATER)).toEqual([]);
    expect(await findNextDue(database.query, "backend")).toBe(NOW + 300_000);
    expect((await take(NOW + 300_000)).map((one) => one.number)).toEqual([10]);
  });

  it.each([
    { attempts: 0, isTaken: false, replayedAt: LATER },
    { attempts: 0, isTaken: true, replayedAt: LATER },
    { attempts: 3, isTaken: false, replayedAt: LATER },
    { attempts: 3, isTaken: true, replayedAt: LATER },
    { attempts: 0, isTaken: false, replayedAt: 0 },
    { attempts: 0, isTaken: true, replayedAt: 0 },
  ])(
    "leaves an event due that was replayed while it was sent: $attempts attempts, taken $isTaken, replayed at $replayedAt",
    async ({ attempts, isTaken, replayedAt }) => {
      const id = `evt_${PENDING}`;
      const delivery = () =>
        database.query
          .selectFrom("deliveries")
          .selectAll()
          .where("endpoint", "=", "backend")
          .where("number", "=", PENDING)
          .executeTakeFirst();
      await database.query.updateTable("deliveries").set({ next_at: 0, attempts }).where("number", "=", PENDING).execute();
      const due = (await take(NOW)).filter((one) => one.id === id);
      expect(due).toMatchObject([{ attempts }]);
      await replay(database, { name: "backend", events: ["connection.enabled"] }, { id }, replayedAt);
      await end(due, isTaken, replayedAt);
      expect(await delivery()).toMatchObject({ attempts: 0, next_at: replayedAt || -1, dead_at: null });
    },
  );

  it("replays what was given up in transactions of a bounded size, each event once", async () => {
    const sizes: number[] = [];
    const counting: Database["write"] = (topics, work) =>
      database.write(topics, async (transaction) => {
        const before = await countDead(transaction);
        const result = await work(transaction);
        sizes.push(before - (await countDead(transaction)));
        return result;
      });
    const dead = await countDead(database.query);
    const backend = { name: "backend", events: ["connection.enabled"] };
    expect(await replay({ query: database.query, write: counting }, backend, { dead: true }, LATER)).toBe(dead);
    expect(Math.max(...sizes)).toBe(REPLAYED_AT_ONCE);
    expect(await countDead(database.query)).toBe(0);
    const one = database.query.selectFrom("deliveries").selectAll().where("endpoint", "=", "backend").where("number", "=", -1);
    expect(await one.execute()).toMatchObject([{ attempts: 0, dead_at: null, outcome: null, next_at: LATER }]);
    expect(await replay(database, backend, { id: "evt_-2" }, LATER + 1)).toBe(1);
    expect(await replay(database, backend, { since: NOW + PENDING }, LATER + 1)).toBe(1);
  });
});

async function countDead(query: Database["query"]): Promise<number> {
  const dead = query.selectFrom("deliveries").select(({ fn }) => fn.countAll<number>().as("count"));
  return (await dead.where("dead_at", "is not", null).executeTakeFirstOrThrow()).count;
}
