import { afterEach, expect, it, vi } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/databases.ts";
import { systemClock } from "../runtime/clock.ts";
import type { Database } from "./database.ts";
import { CANNOT_HEAR, HEARTBEAT_MS, PROOF_INTERVAL_MS } from "./listener.ts";
import { openDatabase } from "./open.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { startSilentProxy } from "../../test/support/silent-proxy.ts";

const HOUR_MS = 3_600_000;

let store: TestDatabase;
let database: Database | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await database?.close();
  await store.drop();
});

it("a listener allows no caching after a suspension of the machine until it is proved to hear again", async () => {
  store = await createTestDatabase("postgres");
  database = await openDatabase(store.url, { clock: systemClock });
  const { changes } = database;
  expect(changes.isCacheable()).toBe(true);
  // The monotonic clock, and timers with it, stand still during a suspend.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + HOUR_MS });
  expect(changes.isCacheable()).toBe(false);
  await vi.waitUntil(() => changes.isCacheable(), PATIENCE);
});

it("a listener is degraded while only its own connection is lost, and subscribers then read by themselves", async () => {
  store = await createTestDatabase("postgres");
  const proxy = await startSilentProxy(store.url);
  const logged: string[] = [];
  const log = { info: () => {}, warn: () => {}, error: (_facts: object, message = "") => void logged.push(message) };
  database = await openDatabase(store.url, { clock: systemClock, listenUrl: proxy.url, log });
  const { changes } = database;
  expect([database.degradation(), changes.isCacheable()]).toEqual([null, true]);
  proxy.cut();
  await vi.waitUntil(() => database?.degradation(), PATIENCE);
  expect([changes.isCacheable(), logged]).toEqual([false, [CANNOT_HEAR]]);
  const told = vi.fn<(change: string) => void>();
  changes.listen(told);
  await vi.waitUntil(() => told.mock.calls.length > 0, PATIENCE);
  expect(told).toHaveBeenCalledWith("everything");
  proxy.restore();
  await vi.waitUntil(() => changes.isCacheable() && database?.degradation() === null, PATIENCE);
  proxy.cut();
});

it("a listener allows no caching a heartbeat after its connection stops to deliver anything, without a close", async () => {
  store = await createTestDatabase("postgres");
  const proxy = await startSilentProxy(store.url);
  database = await openDatabase(store.url, { clock: systemClock, listenUrl: proxy.url });
  const { changes } = database;
  const told = vi.fn<(change: string) => void>();
  changes.listen(told);
  expect(changes.isCacheable()).toBe(true);
  proxy.swallow();
  const swallowedAt = performance.now();
  const other = await openDatabase(store.url, { clock: systemClock });
  await other.write(["user:ada"], () => Promise.resolve());
  let cacheableAt = swallowedAt;
  await vi.waitUntil(() => {
    const [isCacheable, now] = [changes.isCacheable(), performance.now()];
    if (isCacheable) cacheableAt = now;
    return !isCacheable;
  }, PATIENCE);
  expect(cacheableAt - swallowedAt).toBeLessThanOrEqual(HEARTBEAT_MS);
  expect(told).not.toHaveBeenCalled();
  proxy.forward();
  await vi.waitUntil(() => changes.isCacheable(), PATIENCE);
  expect(told).toHaveBeenCalledWith("everything");
  await other.close();
  proxy.cut();
});

it("a listener allows caching for longer than a heartbeat without another proof, as its connection answers", async () => {
  store = await createTestDatabase("postgres");
  const openedAt = performance.now();
  database = await openDatabase(store.url, { clock: systemClock });
  const { changes } = database;
  const isInTime = () => performance.now() - openedAt < PROOF_INTERVAL_MS;
  await vi.waitUntil(() => performance.now() - openedAt > 1.5 * HEARTBEAT_MS && (changes.isCacheable() || !isInTime()), PATIENCE);
  expect(isInTime()).toBe(true);
});
