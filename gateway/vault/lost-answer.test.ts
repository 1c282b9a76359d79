import { afterEach, describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import type { Misbehaviour } from "../../test/support/misbehaviour.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, onlyAuthorization, refreshRequests } from "../../test/support/vault.ts";
import { LOST_ANSWER_RETRIES_MS } from "./refresh-verdict.ts";
import { PATIENCE } from "../../test/support/patience.ts";

let test: TestApp;
afterEach(() => test?.close());

/** A connection whose token has expired, on a clock that goes on while the gateway sleeps: grace windows are judged by it. */
async function expired(options: TestAppOptions): Promise<TestUser> {
  test = await startTestApp(options);
  const ada = await test.signIn("ada");
  await ada.connect();
  test.clock.advance(HOUR_MS);
  vi.spyOn(test.clock, "sleep").mockImplementation(async (milliseconds) => test.clock.advance(milliseconds));
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

  it("is asked for within a grace window of 5 s although a second fault follows, whatever that says about waiting", async () => {
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

describe.each(databaseKinds)("Rule 5: an answer that comes after the provider's timeout, on %s", (database) => {
  const late = (): [Promise<void>, () => void] => {
    let arrive = () => {};
    return [new Promise<void>((resolve) => (arrive = resolve)), () => arrive()];
  };

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
