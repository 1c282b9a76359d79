/** Rule 11: a process whose line to the store is slow knows the store's time only by so much. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startStoreProxy, type StoreProxy } from "../../test/torture/store-proxy.ts";
import type { TestApp, TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, onlyAuthorization, startConnected } from "../../test/support/vault.ts";
import { type App, createApp } from "../app.ts";
import { systemClock } from "../runtime/clock.ts";
import { createLog } from "../runtime/log.ts";
import { createStoreClock } from "../store/store-clock.ts";
import { assessFreshness } from "./freshness.ts";

/** One way to the store, in milliseconds. */
const DELAY_MS = 50;
const ASKED_SECONDS = 2;

describe("a gateway far from its store", () => {
  let test: TestApp;
  let ada: TestUser;
  let proxy: StoreProxy;
  let far: App;
  beforeEach(async () => {
    ({ test, ada } = await startConnected({ database: "postgres", facts: { refresh: {} } }));
    const url = new URL(test.database.url);
    proxy = await startStoreProxy(Number(url.port));
    proxy.setDelay(DELAY_MS);
    url.port = String(proxy.port);
    far = await createApp({ ...test.config, databaseUrl: url.href }, { clock: test.clock, log: createLog("silent") });
  });
  afterEach(async () => {
    await far?.close();
    await proxy?.close();
    await test?.close();
  });

  it("gives no token that may have less life than was asked for", async () => {
    const { value } = await askToken(ada);
    test.clock.advance(HOUR_MS - ASKED_SECONDS * 1000 - DELAY_MS / 2);
    expect((await askToken(ada, { via: far, minimumTtl: ASKED_SECONDS })).value).not.toBe(value);
  });

  it("counts a new token's life from before it can have begun", async () => {
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada, { via: far })).__typename).toBe("AccessToken");
    expect((await onlyAuthorization(test)).expires_at).toBeLessThanOrEqual(test.clock.now() + HOUR_MS - DELAY_MS);
  });
});

/** The machine's clock is wrong by so much. */
const LEAD_MS = 180_000;
const storeNow = () => Date.now() + LEAD_MS;

/** The line to the store is slower in one direction than in the other. */
async function measured(thereMs: number, backMs: number) {
  const clock = createStoreClock(systemClock, async () => {
    vi.advanceTimersByTime(thereMs);
    const time = storeNow();
    vi.advanceTimersByTime(backMs);
    return time;
  });
  await clock.measure();
  clock.stop();
  return clock;
}

describe("a token that one process stores and another one judges, of which each knows the store's time by a slow line", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance", "setInterval", "clearInterval"] }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    [40, 0, 0, 40],
    [0, 40, 40, 0],
    [40, 0, 40, 0],
    [0, 40, 0, 40],
  ])("has the life that was asked for, with %i and %i ms there and back for the one, %i and %i for the other", async (...delays) => {
    const [there, back, otherThere, otherBack] = delays;
    const lifeMs = 10_000;
    let given = 0;
    for (let leftMs = 1_900; leftMs <= 2_200; leftMs += 5) {
      const issuedAt = (await measured(there, back)).earliest();
      const endsAt = storeNow() + lifeMs;
      const judge = await measured(otherThere, otherBack);
      vi.advanceTimersByTime(endsAt - leftMs - storeNow());
      const life = { issuedAt, expiresAt: issuedAt + lifeMs };
      if (!assessFreshness(life, ASKED_SECONDS, judge.latest()).isUsable) continue;
      given += 1;
      expect(leftMs).toBeGreaterThanOrEqual(ASKED_SECONDS * 1000);
    }
    expect(given).toBeGreaterThan(0);
  });
});
