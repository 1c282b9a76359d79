import { existsSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import type { Misbehaviour } from "../../test/support/misbehaviour.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import {
  type Asked,
  askToken,
  HOUR_MS,
  onlyAuthorization,
  refreshRequests,
  takeStoreAway,
  type TokenAnswer,
  turns,
} from "../../test/support/vault.ts";
import { LOST_ANSWER_RETRIES_MS, SILENT_ANSWER_MS } from "./refresh-verdict.ts";
import { PATIENCE } from "../../test/support/patience.ts";

let test: TestApp;
afterEach(() => test?.close());

/** A connection whose token has expired, on a clock that goes on while the gateway sleeps: grace windows are judged by it. */
async function expired(options: TestAppOptions): Promise<TestUser> {
  test = await startTestApp(options);
  const ada = await test.signIn("ada");
  await ada.connect();
  test.clock.advance(HOUR_MS);
  vi.spyOn(test.clock, "sleep").mockImplementation(async (milliseconds) => {
    test.clock.advance(milliseconds);
    await turns(1);
  });
  return ada;
}

/** Requests of the provider, in milliseconds after the first. */
const requestTimes = () => refreshRequests(test).map(({ atMs }, _index, [first]) => atMs - (first?.atMs ?? 0));

const LOST: readonly (readonly [string, Misbehaviour])[] = [
  ["dropped", "lose"],
  ["a 502", { status: 502, isProcessed: true }],
  ["a 504", { status: 504, isProcessed: true }],
  ["a 500", { status: 500, isProcessed: true }],
  ["no JSON", { status: 200, body: "<html>Maintenance</html>", isProcessed: true }],
  ["empty", { status: 200, body: "", isProcessed: true }],
];

describe.each(databaseKinds)("Rule 5: an answer that was lost, on %s", (database) => {
  it.each(LOST)("(%s) is asked for once more after a second, within the same request", async (_name, misbehaviour) => {
    const ada = await expired({ database, provider: { graceSeconds: 5 } });
    test.provider.controls.next(misbehaviour);
    const { value } = await askToken(ada);
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(requestTimes()).toEqual([0, 1_000]);
    expect(await onlyAuthorization(test)).toMatchObject({ status: "active", perhaps_rotated_at: null, failures: 0 });
  });

  it("is asked for within a declared grace window of 5 s although a second fault follows, whatever that says about waiting", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 5 } });
    test.provider.controls.next("lose", { status: 503, headers: { "retry-after": "120" } });
    const { value } = await askToken(ada);
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(requestTimes()).toEqual([0, 1_000, 3_000]);
  });

  it("is asked for within a grace window of 10 s although three faults follow", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 10 } });
    test.provider.controls.next("lose", "cut", { status: 503 });
    const { value } = await askToken(ada);
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(requestTimes()).toEqual([0, 1_000, 3_000, 7_000]);
  });

  it("marks the grant as perhaps rotated, and leaves the provider alone after a few tries", async () => {
    const ada = await expired({ database });
    test.provider.controls.always("cut");
    expect((await askToken(ada)).__typename).toBe("TemporarilyUnavailable");
    expect(refreshRequests(test)).toHaveLength(1 + LOST_ANSWER_RETRIES_MS.length);
    const authorization = await onlyAuthorization(test);
    expect(authorization).toMatchObject({ status: "active", failures: 1, lease_id: null });
    expect(authorization.perhaps_rotated_at).not.toBeNull();
    test.clock.advance(20_000);
    expect((await askToken(ada)).__typename).toBe("TemporarilyUnavailable");
    expect(refreshRequests(test)).toHaveLength(2 + LOST_ANSWER_RETRIES_MS.length);
  });

  it.each([429, 503])("is not what a %i with Retry-After is: the provider is left alone", async (status) => {
    const ada = await expired({ database });
    test.provider.controls.next({ status, headers: { "retry-after": "120" } });
    expect(await askToken(ada)).toMatchObject({ __typename: "TemporarilyUnavailable", retryAfter: 120 });
    expect(refreshRequests(test)).toHaveLength(1);
    expect((await onlyAuthorization(test)).perhaps_rotated_at).toBeNull();
  });

  it("ends the connection only after the old refresh token was refused twice", async () => {
    const ada = await expired({ database });
    test.provider.controls.next("lose");
    expect(await askToken(ada)).toMatchObject({ __typename: "ReconnectRequired", reason: "REVOKED" });
    expect(refreshRequests(test)).toHaveLength(3);
  });

  it("is not asked for a third time where the provider revokes on reuse", async () => {
    const ada = await expired({ database });
    const twin = await test.startTwin({ provider: { ...test.provider.providerFacts, revokes_on_reuse: true } });
    test.provider.controls.next("lose");
    expect(await askToken(ada, { via: twin })).toMatchObject({ __typename: "ReconnectRequired", reason: "REVOKED" });
    expect(refreshRequests(test)).toHaveLength(2);
  });
});

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

  it("is asked for once more within a grace window of 10 s that is not declared, while the first call goes on", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 10 } });
    test.provider.controls.next("swallow");
    const { value } = await askInSilence(ada, SILENT_ANSWER_MS);
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(requestTimes()).toEqual([0, SILENT_ANSWER_MS + 1_000]);
    expect(await onlyAuthorization(test)).toMatchObject({ status: "active", perhaps_rotated_at: null, failures: 0 });
  });

  it("is asked for within a grace window of 5 s although a second fault follows", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 5 } });
    const via = await test.startTwin({ provider: { ...test.provider.providerFacts, reuse_grace_seconds: 5 } });
    test.provider.controls.next("swallow", "cut");
    const { value } = await askInSilence(ada, 1_250, { via });
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(requestTimes()).toEqual([0, 2_250, 4_250]);
  });

  it("is asked for at a quarter of a declared grace window, also where reuse after it revokes", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 2 } });
    const declared = { revokes_on_reuse: true, reuse_grace_seconds: 2 };
    const via = await test.startTwin({ provider: { ...test.provider.providerFacts, ...declared } });
    test.provider.controls.next("swallow");
    const { value } = await askInSilence(ada, 500, { via });
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(requestTimes()).toEqual([0, 1_500]);
  });

  it("is asked for within a declared grace window of 1 s", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 1 } });
    const declared = { revokes_on_reuse: true, reuse_grace_seconds: 1 };
    const via = await test.startTwin({ provider: { ...test.provider.providerFacts, ...declared } });
    test.provider.controls.next("swallow");
    const { value } = await askInSilence(ada, 250, { via });
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(requestTimes()).toEqual([0, 750]);
  });

  it("is not asked for after a declared grace window, whose provider would revoke what a late answer brings", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 2 }, env: { XKIT_PROVIDER_TIMEOUT_MS: "1500" } });
    const declared = { revokes_on_reuse: true, reuse_grace_seconds: 2 };
    const via = await test.startTwin({ provider: { ...test.provider.providerFacts, ...declared } });
    test.provider.controls.next("swallow", "cut");
    expect((await askInSilence(ada, 500, { via })).__typename).toBe("TemporarilyUnavailable");
    expect(requestTimes()).toEqual([0, 1_500]);
    expect((await onlyAuthorization(test)).status).toBe("active");
  });

  it("is not asked for where the provider revokes on reuse: it is waited for, and the provider is left alone until it has come", async () => {
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

  it("is adopted when it comes while the second call waits for its own, and the newer tokens of that replace it", async () => {
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

  it("is adopted when it comes before the refresh token is sent again, which then is not", async () => {
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

  it("is waited for when the second call is refused, which the first may have caused", async () => {
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

  it("is asked for at most once beside a call that goes on", async () => {
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

  it("is stored though the store was away when the second call was to be made", async () => {
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
