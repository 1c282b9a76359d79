import { afterEach, describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore, onlyAuthorization, refreshRequests } from "../../test/support/vault.ts";
import { TAKEOVER_WAIT_MS } from "../store/lapse-watch.ts";
import { PATIENCE } from "../../test/support/patience.ts";

let test: TestApp;
afterEach(() => test?.close());

/** A token with so much life left that another process was refreshing when it was killed. */
async function leftBehind(database: (typeof databaseKinds)[number], env: Record<string, string> = {}, leftMs = 0) {
  test = await startTestApp({ database, env });
  const ada = await test.signIn("ada");
  await ada.connect();
  test.clock.advance(HOUR_MS - leftMs);
  const lease = { lease_id: "of another process", lease_expires_at: test.clock.now() + 15_000 };
  await inStore(test, (query) => query.updateTable("authorizations").set(lease).execute());
  return { ada, sleeps: vi.spyOn(test.clock, "sleep") };
}

describe.each(databaseKinds)("a caller who waits for a refresh of a process that was killed, on %s", (database) => {
  it.each([
    ["ten seconds", 10_000, {}],
    ["what is configured", 4_000, { XKIT_REQUEST_DEADLINE_MS: "4000" }],
  ])("is answered with a retryAfter after %s, while the refresh goes on", async (_name, deadlineMs, env) => {
    const { ada, sleeps } = await leftBehind(database, env);
    const asking = askToken(ada);
    await vi.waitUntil(() => sleeps.mock.calls.length > 3, PATIENCE);
    test.clock.advance(deadlineMs);
    expect(await asking).toMatchObject({ __typename: "TemporarilyUnavailable", retryAfter: 1 });
    test.clock.advance(15_000);
    await vi.waitUntil(async () => (await onlyAuthorization(test)).lease_id === null, PATIENCE);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("is given the current token for as long as it has the life that was asked for, and not after that", async () => {
    // No other wait is as long.
    const deadlineMs = 9_876;
    const { ada } = await leftBehind(database, { XKIT_REQUEST_DEADLINE_MS: String(deadlineMs) }, 61_000);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    test.clock.advance(2_000);
    const waits = vi.spyOn(test.clock, "until");
    const asking = askToken(ada);
    await vi.waitUntil(() => waits.mock.calls.some(([instant]) => instant === test.clock.now() + deadlineMs), PATIENCE);
    test.clock.advance(deadlineMs);
    expect(await asking).toMatchObject({ __typename: "TemporarilyUnavailable" });
    // The refresh goes on until the lease ends, and stopping waits for it.
    test.clock.advance(15_000);
  });

  it("has the refresh taken over only after the other one had time to store what it may hold", async () => {
    const { ada, sleeps } = await leftBehind(database);
    test.clock.advance(15_000);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    const waitedMs = sleeps.mock.calls.reduce((sum, [milliseconds]) => sum + milliseconds, 0);
    expect(waitedMs).toBeGreaterThanOrEqual(TAKEOVER_WAIT_MS);
  });

  it("has the grant taken over as perhaps rotated", async () => {
    const { ada } = await leftBehind(database);
    test.clock.advance(15_000);
    test.provider.controls.always({ status: 503 });
    await askToken(ada);
    expect((await onlyAuthorization(test)).perhaps_rotated_at).not.toBeNull();
  });
});
