import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startExpired } from "../../test/support/expired.ts";
import type { Misbehaviour } from "../../test/support/misbehaviour.ts";
import type { TestApp, TestAppOptions, TestUser } from "../../test/support/test-app.ts";
import { askToken, onlyAuthorization, refreshRequests, refreshTimes } from "../../test/support/vault.ts";
import { LOST_ANSWER_RETRIES_MS } from "./refresh-verdict.ts";

let test: TestApp;
afterEach(() => test?.close());

async function expired(options: TestAppOptions): Promise<TestUser> {
  const started = await startExpired(options);
  ({ test } = started);
  return started.ada;
}

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
    expect(refreshTimes(test)).toEqual([0, 1_000]);
    expect(await onlyAuthorization(test)).toMatchObject({ status: "active", perhaps_rotated_at: null, failures: 0 });
  });

  it("is asked for within a grace window of 5 s despite a second fault with Retry-After", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 5 } });
    test.provider.controls.next("lose", { status: 503, headers: { "retry-after": "120" } });
    const { value } = await askToken(ada);
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(refreshTimes(test)).toEqual([0, 1_000, 3_000]);
  });

  it("is asked for within a grace window of 10 s despite two further faults", async () => {
    const ada = await expired({ database, provider: { graceSeconds: 10 } });
    test.provider.controls.next("lose", "cut", { status: 503 });
    const { value } = await askToken(ada);
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(refreshTimes(test)).toEqual([0, 1_000, 3_000, 7_000]);
  });

  it("marks the grant as perhaps rotated, and is asked for a few times only", async () => {
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

  it.each([429, 503])("is not assumed after a %i with Retry-After, which is waited for", async (status) => {
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
