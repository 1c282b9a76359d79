import { sql } from "kysely";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/databases.ts";
import { createRateLimiter, UNSHARED_PART } from "../runtime/rate-limiter.ts";
import type { Database } from "./database.ts";
import { openDatabase } from "./open.ts";
import { createSharedRates } from "./shared-rates.ts";

const LIMIT = { count: 100, seconds: 600 };
const COST_MS = 6_000;
const UNSHARED = LIMIT.count * UNSHARED_PART;

const clock = createManualClock();
const opened: Database[] = [];
let store: TestDatabase;
beforeEach(async () => void (store = await createTestDatabase("postgres")));
afterEach(async () => {
  for (const database of opened.splice(0)) await database.close();
  await store.drop();
});

/** A process's limiter. `consume` answers once everything is shared that is due. */
async function startProcess() {
  const database = await openDatabase(store.url, { clock });
  opened.push(database);
  const shareRates = createSharedRates(database);
  const warnings: string[] = [];
  const calls: Promise<unknown>[] = [];
  const limiter = createRateLimiter({
    clock: database.clock,
    log: { warn: (_facts: object, message: string) => void warnings.push(message) },
    share(counts) {
      const call = shareRates?.(counts) ?? Promise.reject(new TypeError("Postgres shares rates."));
      calls.push(call);
      return call;
    },
  });
  const consume = async (key: string) => {
    const retryAfter = limiter.consume(key, LIMIT);
    await Promise.allSettled(calls);
    return retryAfter;
  };
  return { consume, calls, warnings, query: database.query };
}

/** How many the processes let through, asked in turn for so often. */
async function letThrough(processes: Awaited<ReturnType<typeof startProcess>>[], key: string, times: number): Promise<number> {
  let count = 0;
  for (let asked = 0; asked < times; asked += 1) for (const { consume } of processes) if ((await consume(key)) === null) count += 1;
  return count;
}

it("several processes share one limit, at once and over time", async () => {
  const processes = [await startProcess(), await startProcess(), await startProcess()];
  const atOnce = await letThrough(processes, "ada", LIMIT.count);
  expect(atOnce).toBeGreaterThanOrEqual(LIMIT.count);
  expect(atOnce).toBeLessThanOrEqual(LIMIT.count + 2 * UNSHARED);
  let later = 0;
  for (let step = 0; step < 2 * LIMIT.count; step += 1) {
    clock.advance(COST_MS);
    later += await letThrough(processes, "ada", 1);
  }
  expect(later).toBeGreaterThanOrEqual(2 * LIMIT.count - 3 * UNSHARED);
  expect(later).toBeLessThanOrEqual(2 * LIMIT.count + 3 * UNSHARED);
});

it("a limit is reached by processes that each stay below it", async () => {
  const processes = [await startProcess(), await startProcess()];
  let count = 0;
  for (let step = 0; step < 4 * LIMIT.count; step += 1) {
    clock.advance(COST_MS);
    count += await letThrough(processes, "ada", 1);
  }
  expect(count).toBeLessThanOrEqual(5 * LIMIT.count + 2 * UNSHARED);
});

it("the store is asked once for a twentieth of a limit, and neither for less nor for what is refused", async () => {
  const { consume, calls, query } = await startProcess();
  for (let count = 1; count < UNSHARED; count += 1) await consume("honest");
  expect(calls).toHaveLength(0);
  for (let count = 0; count < 10 * LIMIT.count; count += 1) await consume("attacker");
  expect(calls).toHaveLength(1 / UNSHARED_PART);
  expect(await query.selectFrom("rates").select("key").execute()).toEqual([{ key: "attacker" }]);
});

it("rates that have drained are deleted", async () => {
  const { consume, query } = await startProcess();
  for (let count = 0; count < UNSHARED; count += 1) await consume("first");
  clock.advance(LIMIT.seconds * 1_000);
  for (let count = 0; count < UNSHARED; count += 1) await consume("second");
  expect(await query.selectFrom("rates").select("key").execute()).toEqual([{ key: "second" }]);
});

it("each process counts alone while the store is away, logs it once, and shares again afterwards", async () => {
  const [process, other] = [await startProcess(), await startProcess()];
  await sql`alter table rates rename to rates_away`.execute(process.query);
  expect(await letThrough([process], "ada", 2 * LIMIT.count)).toBe(LIMIT.count);
  expect(await letThrough([other], "ada", 2 * LIMIT.count)).toBe(LIMIT.count);
  expect(process.warnings).toHaveLength(1);
  await sql`alter table rates_away rename to rates`.execute(process.query);
  expect(await letThrough([process, other], "ben", LIMIT.count)).toBeLessThanOrEqual(LIMIT.count + UNSHARED);
});
