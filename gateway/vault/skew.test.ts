import { afterEach, describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { type ChildGateway, startChild } from "../../test/support/child-gateway.ts";

const MINUTE_MS = 60_000;
const STEP_MS = 20_000;
const STEPS = 105;
const STEPS_OF_ONE = 21;
const TOKEN_SECONDS = 300;
/** A token of five minutes is refreshed one minute before its end. */
const REFRESH_EVERY_MS = 240_000;

let test: TestApp;
let children: ChildGateway[] = [];
afterEach(async () => {
  await Promise.all(children.map((child) => child.kill("SIGKILL")));
  children = [];
  await test?.close();
});

/** The provider knows the truth: which tokens live, and how many refreshes there were. */
describe("two machines over one Postgres, of which one has a slow clock and the other one a fast clock", () => {
  it.each([
    ["a minute", MINUTE_MS],
    ["an hour", 60 * MINUTE_MS],
  ])("by %s, give no expired token, and refresh once for each expiry", { timeout: 120_000 }, async (_by, skewMs) => {
    test = await startTestApp({ database: "postgres", provider: { accessTokenSeconds: TOKEN_SECONDS } });
    const ada = await test.signIn("ada");
    await ada.connect();
    children = await Promise.all([-skewMs, skewMs].map((clockLeadMs) => startChild(test, "ada", { clockLeadMs })));
    const outcomes = { expired: 0, others: 0 };
    // One is asked for a while, then the other: what one has stored is judged by the other.
    for (let step = 1; step <= STEPS; step += 1) {
      test.clock.advance(STEP_MS);
      await Promise.all(children.map((child) => child.advance(STEP_MS)));
      const [answer] = (await children[Math.floor(step / STEPS_OF_ONE) % 2]?.ask(1)) ?? [];
      if (answer?.value === undefined) outcomes.others += 1;
      else if (!test.provider.liveAccessTokens().includes(answer.value)) outcomes.expired += 1;
    }
    expect(outcomes).toEqual({ expired: 0, others: 0 });
    // The children's clocks run as well: one more, on a slow machine.
    expect(test.provider.refreshCount()).toBeLessThanOrEqual(Math.floor((STEPS * STEP_MS) / REFRESH_EVERY_MS) + 1);
  });
});
