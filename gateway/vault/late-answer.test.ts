import { existsSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startExpired } from "../../test/support/expired.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import type { TestApp, TestAppOptions, TestUser } from "../../test/support/test-app.ts";
import {
  type Asked,
  askToken,
  HOUR_MS,
  onlyAuthorization,
  refreshRequests,
  refreshTimes,
  takeStoreAway,
  type TokenAnswer,
  turns,
} from "../../test/support/vault.ts";
import { SILENT_ANSWER_MS } from "./refresh-verdict.ts";

let test: TestApp;
afterEach(() => test?.close());

async function expired(options: TestAppOptions): Promise<TestUser> {
  const started = await startExpired(options);
  ({ test } = started);
  return started.ada;
}

const late = (): [Promise<void>, () => void] => {
  let arrive = () => {};
  return [new Promise<void>((resolve) => (arrive = resolve)), () => arrive()];
};

/** Asks, and lets time pass once the provider has the request and says nothing. */
async function askInSilence(user: TestUser, passMs: number, asked: Asked = {}): Promise<TokenAnswer> {
  const asking = askToken(user, asked);
  await vi.waitUntil(() => refreshRequests(test).length === 1, PATIENCE);
  await turns();
  test.clock.advance(passMs);
  return asking;
}

describe.each(databaseKinds)("Rule 5: an answer that does not come, on %s", (database) => {
  const REFUSAL = { status: 400, body: { error: "invalid_grant" } };

  it("is asked for once more after 7 s, while the first call goes on", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 10 } });
    test.provider.controls.next("swallow");
    const { value } = await askInSilence(ada, SILENT_ANSWER_MS);
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(refreshTimes(test)).toEqual([0, SILENT_ANSWER_MS + 1_000]);
    expect(await onlyAuthorization(test)).toMatchObject({ status: "active", perhaps_rotated_at: null, failures: 0 });
  });

  it("is asked for within a declared grace window of 5 s despite a second fault", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 5 } });
    const via = await test.startTwin({ provider: { ...test.provider.providerFacts, reuse_grace_seconds: 5 } });
    test.provider.controls.next("swallow", "cut");
    const { value } = await askInSilence(ada, 1_250, { via });
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(refreshTimes(test)).toEqual([0, 2_250, 4_250]);
  });

  it("is asked for after a quarter of a declared grace window, even if reuse after it revokes", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 2 } });
    const declared = { revokes_on_reuse: true, reuse_grace_seconds: 2 };
    const via = await test.startTwin({ provider: { ...test.provider.providerFacts, ...declared } });
    test.provider.controls.next("swallow");
    const { value } = await askInSilence(ada, 500, { via });
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(refreshTimes(test)).toEqual([0, 1_500]);
  });

  it("is asked for within a declared grace window of 1 s", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 1 } });
    const declared = { revokes_on_reuse: true, reuse_grace_seconds: 1 };
    const via = await test.startTwin({ provider: { ...test.provider.providerFacts, ...declared } });
    test.provider.controls.next("swallow");
    const { value } = await askInSilence(ada, 250, { via });
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(refreshTimes(test)).toEqual([0, 750]);
  });

  it("is not asked for after the end of a declared grace window", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 2 }, env: { XKIT_PROVIDER_TIMEOUT_MS: "1500" } });
    const declared = { revokes_on_reuse: true, reuse_grace_seconds: 2 };
    const via = await test.startTwin({ provider: { ...test.provider.providerFacts, ...declared } });
    test.provider.controls.next("swallow", "cut");
    expect((await askInSilence(ada, 500, { via })).__typename).toBe("TemporarilyUnavailable");
    expect(refreshTimes(test)).toEqual([0, 1_500]);
    expect((await onlyAuthorization(test)).status).toBe("active");
  });

  it("is waited for where the provider revokes on reuse, without another request until it has come", async () => {
    const ada = await expired({ database, env: { XKIT_PROVIDER_TIMEOUT_MS: "500" } });
    const via = await test.startTwin({ provider: { ...test.provider.providerFacts, revokes_on_reuse: true } });
    const [until, arrive] = late();
    test.provider.controls.next({ until });
    expect(await askInSilence(ada, SILENT_ANSWER_MS, { via })).toMatchObject({ __typename: "TemporarilyUnavailable", retryAfter: 60 });
    const { perhaps_rotated_at: perhapsRotatedAt, version } = await onlyAuthorization(test);
    expect(perhapsRotatedAt).not.toBeNull();
    arrive();
    await vi.waitUntil(async () => (await onlyAuthorization(test)).version > version, PATIENCE);
    expect((await askToken(ada, { via })).__typename).toBe("AccessToken");
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("is adopted when it comes first, and replaced by the tokens of the second call", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 5 } });
    const [first, second] = [late(), late()];
    test.provider.controls.next({ until: first[0] }, { until: second[0] });
    const asking = askInSilence(ada, SILENT_ANSWER_MS);
    await vi.waitUntil(() => refreshRequests(test).length === 2, PATIENCE);
    first[1]();
    const { value } = await asking;
    const { version } = await onlyAuthorization(test);
    second[1]();
    await vi.waitUntil(async () => (await onlyAuthorization(test)).version > version, PATIENCE);
    const newer = await askToken(ada);
    expect(newer.value).not.toBe(value);
    expect(test.provider.liveAccessTokens()).toEqual(expect.arrayContaining([value, newer.value]));
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("is adopted when it comes before the second call, which is then not made", async () => {
    const ada = await expired({ database });
    const [until, arrive] = late();
    test.provider.controls.next({ until });
    vi.spyOn(test.clock, "sleep").mockImplementation(async () => {
      arrive();
      await new Promise(() => {});
    });
    const { value } = await askInSilence(ada, SILENT_ANSWER_MS);
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("is waited for when the second call is refused", async () => {
    const ada = await expired({ database });
    const [until, arrive] = late();
    test.provider.controls.next({ until }, REFUSAL);
    const asking = askInSilence(ada, SILENT_ANSWER_MS);
    await vi.waitUntil(() => refreshRequests(test).length === 2, PATIENCE);
    await turns();
    arrive();
    const { value } = await asking;
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(refreshRequests(test)).toHaveLength(2);
  });

  it("is asked for once only while both calls go on", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 5 }, env: { XKIT_PROVIDER_TIMEOUT_MS: "1500" } });
    test.provider.controls.next("swallow", "swallow");
    const asking = askInSilence(ada, SILENT_ANSWER_MS);
    await vi.waitUntil(() => refreshRequests(test).length === 2, PATIENCE);
    await turns();
    test.clock.advance(SILENT_ANSWER_MS);
    await turns();
    expect(refreshRequests(test)).toHaveLength(2);
    await asking;
  });

  it("is stored even if the store was away when the second call was due", async () => {
    const ada = await expired({ database });
    const [until, arrive] = late();
    test.provider.controls.next({ until });
    const asking = askToken(ada);
    await vi.waitUntil(() => refreshRequests(test).length === 1, PATIENCE);
    const store = await takeStoreAway(test);
    await turns();
    test.clock.advance(SILENT_ANSWER_MS);
    expect((await asking).__typename).toBe("TemporarilyUnavailable");
    arrive();
    await vi.waitUntil(() => existsSync(test.config.spoolDirectory), PATIENCE);
    await store.comeBack();
    await vi.waitUntil(async () => (await onlyAuthorization(test)).lease_id === null, PATIENCE);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect(refreshRequests(test)).toHaveLength(1);
  });
});

describe.each(databaseKinds)("Rule 5: an answer that comes after the provider's timeout, on %s", (database) => {
  it.each([
    ["after further faults", { status: 503 }, "TemporarilyUnavailable"],
    ["after the old refresh token was refused", { status: 400, body: { error: "invalid_grant" } }, "ReconnectRequired"],
  ] as const)("is adopted %s", async (_when, fault, before) => {
    const ada = await expired({ database, env: { XKIT_PROVIDER_TIMEOUT_MS: "500" } });
    const [until, arrive] = late();
    test.provider.controls.next({ until }, fault, fault, fault);
    expect((await askToken(ada)).__typename).toBe(before);
    const requests = refreshRequests(test).length;
    const { version } = await onlyAuthorization(test);
    arrive();
    await vi.waitUntil(async () => (await onlyAuthorization(test)).version > version, PATIENCE);
    const { value } = await askToken(ada);
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(refreshRequests(test)).toHaveLength(requests);
  });
});
