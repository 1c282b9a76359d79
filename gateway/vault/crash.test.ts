import { afterEach, describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestAppOptions } from "../../test/support/test-app.ts";
import { type ChildGateway, startChild } from "../../test/support/child-gateway.ts";
import { askToken, HOUR_MS, onlyAuthorization } from "../../test/support/vault.ts";
import { PATIENCE } from "../../test/support/patience.ts";

/** Longer than a lease (15 s), by more than what the child's clock, which runs, can be ahead of the one of the test. */
const PAST_LEASE_MS = 120_000;

let test: TestApp;
let child: ChildGateway | undefined;
afterEach(async () => {
  await child?.kill("SIGKILL");
  child = undefined;
  await test?.close();
});

describe.each(databaseKinds)("a process killed during a refresh, on %s", { timeout: 60_000 }, (database) => {
  async function refreshingChild(options: TestAppOptions = {}) {
    test = await startTestApp({ database, ...options });
    const ada = await test.signIn("ada");
    await ada.connect();
    test.clock.advance(HOUR_MS);
    const hold = test.provider.controls.hold();
    const killed = await startChild(test, "ada");
    child = killed;
    const asking = killed.ask(1).catch((error: unknown) => String(error));
    await hold.arrived(1);
    expect((await onlyAuthorization(test)).lease_id).not.toBeNull();
    return { ada, hold, killed, asking };
  }

  it("before the provider acted, leaves a connection that works after the restart", async () => {
    const { ada, hold, killed, asking } = await refreshingChild();
    await killed.kill("SIGKILL");
    expect(await asking).toContain("The child ended");
    // Answered only after the provider noticed that the dead one's connection is closed.
    await fetch(test.provider.url);
    hold.release();
    test.clock.advance(PAST_LEASE_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect(test.provider.refreshCount()).toBe(1);
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("after the provider rotated the token, leaves a connection that works where the provider has a grace window", async () => {
    const { ada, hold, killed } = await refreshingChild({ provider: { graceSeconds: 300 } });
    // Stopped, so that the answer reaches its socket and never itself.
    await killed.kill("SIGSTOP");
    hold.release();
    await vi.waitUntil(() => test.provider.refreshCount() === 1, PATIENCE);
    await killed.kill("SIGKILL");
    test.clock.advance(PAST_LEASE_MS);
    const { value, __typename } = await askToken(ada);
    expect(__typename).toBe("AccessToken");
    expect(test.provider.liveAccessTokens()).toContain(value);
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("is taken over by another real process", async () => {
    const { hold, killed } = await refreshingChild();
    await killed.kill("SIGKILL");
    await fetch(test.provider.url);
    hold.release();
    const next = await startChild(test, "ada", { aheadMs: PAST_LEASE_MS, skipsSleeps: true });
    child = next;
    expect((await next.ask(5)).map(({ __typename }) => __typename)).toEqual(Array.from({ length: 5 }, () => "AccessToken"));
    expect(test.provider.refreshCount()).toBe(1);
  });
});
