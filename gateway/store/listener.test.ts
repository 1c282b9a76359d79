import { afterEach, expect, it, vi } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/databases.ts";
import { systemClock } from "../runtime/clock.ts";
import type { Database } from "./database.ts";
import { openDatabase } from "./open.ts";
import { PATIENCE } from "../../test/support/patience.ts";

const HOUR_MS = 3_600_000;

let store: TestDatabase;
let database: Database | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await database?.close();
  await store.drop();
});

it("lets nothing be cached once the machine was suspended, until hearing is proved again", async () => {
  store = await createTestDatabase("postgres");
  database = await openDatabase(store.url, { clock: systemClock });
  const { changes } = database;
  expect(changes.isCacheable()).toBe(true);
  // The monotonic clock, and timers with it, stand still during a suspend.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + HOUR_MS });
  expect(changes.isCacheable()).toBe(false);
  await vi.waitUntil(() => changes.isCacheable(), PATIENCE);
});
