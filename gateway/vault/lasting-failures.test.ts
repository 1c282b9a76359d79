import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import type { Misbehaviour } from "../../test/support/misbehaviour.ts";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, refreshRequests } from "../../test/support/vault.ts";
import { TEMPORARY_LONGEST_MS } from "./refresh-problem.ts";
import { REFUSED_ALONE_MS } from "./refused-alone.ts";

/** Longer than any back-off (rule 4). */
const BACKOFF_OVER_MS = 1_000_000;

let test: TestApp;
afterEach(() => test?.close());

describe.each(databaseKinds)("A refresh that fails repeatedly, on %s", (database) => {
  async function connect(): Promise<{ ada: TestUser; bob: TestUser }> {
    test = await startTestApp({ database });
    const [ada, bob] = [await test.signIn("ada"), await test.signIn("bob")];
    await ada.connect();
    await bob.connect();
    test.clock.advance(HOUR_MS);
    return { ada, bob };
  }

  /** Asks three times over so long, with `between` before each further time. */
  async function askOver(user: TestUser, misbehaviour: Misbehaviour, lastsMs: number, between: () => Promise<unknown>) {
    const types: string[] = [];
    for (let call = 0; call < 3; call += 1) {
      if (call > 0) {
        test.clock.advance(lastsMs / 2);
        test.provider.controls.always(null);
        await between();
      }
      test.provider.controls.always(misbehaviour);
      types.push((await askToken(user)).__typename);
    }
    return types;
  }

  it.each([
    ["interaction_required", 400],
    ["consent_required", 400],
    ["access_denied", 403],
    ["invalid_token", 401],
  ])("requires a reconnect at once where the provider answers %s", async (error, status) => {
    const { ada } = await connect();
    test.provider.controls.always({ status, body: { error } });
    expect(await askToken(ada)).toMatchObject({ __typename: "ReconnectRequired", reason: "REVOKED" });
  });

  it.each([
    ["in unknown words", { status: 400, body: { error: "user_deactivated" } }, "TemporarilyUnavailable"],
    ["with 401", { status: 401, body: { error: "who_are_you" } }, "ConnectorMisconfigured"],
    ["without words", { status: 403, body: "<html>" }, "TemporarilyUnavailable"],
  ])("requires a reconnect once it is refused %s for an hour while others are refreshed", async (_name, refusal, before) => {
    const { ada, bob } = await connect();
    const types = await askOver(ada, refusal, REFUSED_ALONE_MS, () => askToken(bob));
    expect(types).toEqual([before, before, "ReconnectRequired"]);
    expect(test.logged.join("\n")).toContain("the provider revoked a grant while it refreshed others");
  });

  it("keeps the connection where all of the connector's are refused", async () => {
    const { ada, bob } = await connect();
    const refusal = { status: 401, body: { error: "who_are_you" } };
    const bobIsRefused = async () => (test.provider.controls.always(refusal), askToken(bob));
    const types = await askOver(ada, refusal, 2 * REFUSED_ALONE_MS, bobIsRefused);
    expect(types).toEqual(Array(3).fill("ConnectorMisconfigured"));
  });

  it("keeps the connection where the provider breaks down while others are refreshed", async () => {
    const { ada, bob } = await connect();
    const types = await askOver(ada, { status: 503 }, 2 * REFUSED_ALONE_MS, () => askToken(bob));
    expect(types).toEqual(Array(3).fill("TemporarilyUnavailable"));
  });

  it.each([
    ["the provider breaks down", { status: 503 }],
    ["its new tokens are of no use", { answer: { expires_in: 0 } }],
  ])("is ConnectorMisconfigured after two days in which %s, and recovers by itself", async (_name, misbehaviour) => {
    const { ada } = await connect();
    const types = await askOver(ada, misbehaviour, TEMPORARY_LONGEST_MS, async () => {});
    expect(types).toEqual(["TemporarilyUnavailable", "TemporarilyUnavailable", "ConnectorMisconfigured"]);
    expect((await askToken(ada)).message).toContain("no usable answer since 2026-01-01T01:00:00.000Z");
    test.provider.controls.always(null);
    test.clock.advance(BACKOFF_OVER_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect(refreshRequests(test)).toHaveLength(4);
  });
});
