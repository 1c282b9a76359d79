/** Providers whose refresh ends the access token before, or may do so. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { DEFAULT_REQUEST_DEADLINE_MS } from "../config/environment.ts";
import type { TestApp, TestAppOptions, TestUser } from "../../test/support/test-app.ts";
import { openDatabase } from "../store/open.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { askToken, HOUR_MS, refreshRequests, startConnected, takeStoreAway, turns } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

async function connected(
  refresh: Record<string, unknown>,
  options: TestAppOptions = {},
): Promise<{ ada: TestUser; first: string | undefined }> {
  const started = await startConnected({ provider: { refreshKillsAccessTokens: true }, facts: { refresh }, ...options });
  ({ test } = started);
  return { ada: started.ada, first: (await askToken(started.ada)).value };
}

/** One caller needs more life than the token has left, so that it is refreshed while it would do for others. */
async function refreshEarly(ada: TestUser) {
  test.clock.advance(HOUR_MS / 2);
  const hold = test.provider.controls.hold();
  const longer = askToken(ada, { minimumTtl: 3_000 });
  await hold.arrived(1);
  return { hold, longer };
}

describe("a token that a refresh ends, which counts as known where it is not declared", () => {
  it.each([{}, { kills_old_token: true }])("is not refreshed before it is needed: %j", async (refresh) => {
    const { ada, first } = await connected(refresh);
    test.clock.advance(HOUR_MS - 60_000);
    expect((await askToken(ada)).value).toBe(first);
    expect(refreshRequests(test)).toHaveLength(0);
    test.clock.advance(1);
    expect((await askToken(ada)).value).not.toBe(first);
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("is given to no caller while a refresh of it goes on", async () => {
    const { ada, first } = await connected({});
    const { hold, longer } = await refreshEarly(ada);
    const other = askToken(ada);
    await turns(100);
    hold.release();
    const [{ value }, { value: otherValue }] = await Promise.all([longer, other]);
    expect(value).not.toBe(first);
    expect(otherValue).toBe(value);
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it.each(databaseKinds)("is given to no caller of another process while a refresh of it goes on, on %s", async (database) => {
    const { ada, first } = await connected({}, { database });
    const twin = await test.startTwin();
    expect((await askToken(ada, { via: twin })).value).toBe(first);
    const elsewhere = await openDatabase(test.database.url, { clock: test.clock });
    const news: string[] = [];
    elsewhere.changes.listen((change) => news.push(change));
    const { hold, longer } = await refreshEarly(ada);
    await expect.poll(() => elsewhere.changes.isCacheable() && news.splice(0)).not.toEqual([]);
    await elsewhere.close();
    const other = askToken(ada, { via: twin });
    await turns(100);
    hold.release();
    const { value } = await longer;
    expect(value).not.toBe(first);
    expect((await other).value).toBe(value);
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("leaves no failure unhandled where a caller waits for another process while the store goes away", async () => {
    const { ada } = await connected({});
    const twin = await test.startTwin();
    await askToken(ada, { via: twin });
    const { hold, longer } = await refreshEarly(ada);
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const other = askToken(ada, { via: twin, verify: false }).catch(() => "failed");
    await turns(100);
    const store = await takeStoreAway(test);
    expect(await other).toBe("failed");
    await store.comeBack();
    hold.release();
    await longer;
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  it("is not given at the end of a caller's time either", async () => {
    const { ada } = await connected({});
    const { hold, longer } = await refreshEarly(ada);
    const asking = Promise.all([longer, askToken(ada, { verify: false })]);
    // The other one's time begins when its request has come that far.
    while ((await Promise.race([asking, turns().then(() => null)])) === null) test.clock.advance(DEFAULT_REQUEST_DEADLINE_MS);
    expect(await asking).toMatchObject([
      { __typename: "TemporarilyUnavailable", retryAfter: 1 },
      { __typename: "TemporarilyUnavailable", retryAfter: 1 },
    ]);
    hold.release();
  });

  it("is given again once a refresh has failed, for as long as it lives", async () => {
    const { ada, first } = await connected({});
    test.provider.controls.next({ status: 503 });
    test.clock.advance(HOUR_MS / 2);
    expect((await askToken(ada, { minimumTtl: 3_000 })).__typename).toBe("TemporarilyUnavailable");
    expect((await askToken(ada)).value).toBe(first);
  });
});

describe("a token that a refresh leaves alone, as is declared", () => {
  it("is refreshed ahead of its time, and is given while that goes on", async () => {
    const { ada, first } = await connected({ kills_old_token: false });
    const { hold, longer } = await refreshEarly(ada);
    expect((await askToken(ada)).value).toBe(first);
    hold.release();
    expect((await longer).value).not.toBe(first);
    test.clock.advance(HOUR_MS - 299_000);
    await askToken(ada);
    await vi.waitUntil(() => refreshRequests(test).length === 2, PATIENCE);
  });
});

describe("a provider that wants refreshes ahead of time", () => {
  it.each([
    ["by so many seconds", 1_200, 1_200],
    ["by half of the token's life at most", 36_000, 1_800],
  ])("has them %s", async (_name, ahead_seconds, seconds) => {
    const { ada, first } = await connected({ ahead_seconds });
    test.clock.advance(HOUR_MS - seconds * 1000);
    expect((await askToken(ada)).value).toBe(first);
    test.clock.advance(1);
    expect((await askToken(ada)).value).not.toBe(first);
  });
});
