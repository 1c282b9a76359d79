import { describe, expect, it, onTestFinished } from "vitest";
import type { ConnectionWhere, TokenRequest } from "../../../schema/upstream.ts";
import {
  createCarelessHarness,
  createFakeHarness,
  createOwnUsersHarness,
  type FakeXkitHarness,
} from "../../../test/support/fake-xkit-harness.ts";
import { anyToken, newConnection, STRANGER, type SuiteUser, TEST } from "../../upstream-suite/harness.ts";
import { fingerprintOf } from "../../vault/sealed-columns.ts";

const OF_ACME = { kind: "group", id: "acme" } as const;

async function connectTest({ connections, visit }: SuiteUser): Promise<string> {
  const started = await connections.start("test", newConnection);
  await visit(started.authorization?.authorizeUrl ?? null);
  return started.id;
}

async function groupTokenOf({ platform }: FakeXkitHarness): Promise<string> {
  const outcome = await platform.connectionsOf(OF_ACME).accessToken(TEST, anyToken);
  if (outcome.type !== "AccessToken") throw new TypeError(`Not a token: ${outcome.type}.`);
  return outcome.value;
}

/** What the upstream has answered while something was done. */
async function answersTo({ answers }: FakeXkitHarness, act: () => Promise<unknown>): Promise<string> {
  const before = answers.length;
  await act();
  return answers.slice(before).join("\n");
}

/** All that a member may ask of a connection without changing it. */
async function askAll({ connections }: SuiteUser, where: ConnectionWhere, requests: readonly TokenRequest[]): Promise<void> {
  expect(await connections.list(where.slug ?? null)).toMatchObject([{ enabled: true }]);
  const found = await connections.find(where);
  expect(found).toMatchObject({ enabled: true });
  for (const request of requests) expect(await connections.accessToken(where, request)).toMatchObject({ type: "TokenWithheld" });
  await connections.findAuthorization(found?.authorization?.id ?? "");
}

describe.each([
  ["a service of the contract", createFakeHarness],
  ["a service of the contract, with users of this gateway's own", createOwnUsersHarness],
  ["a plain service that gives members tokens", () => createCarelessHarness("relayed")],
  ["a plain service that gives members tokens, with users of this gateway's own", () => createCarelessHarness("ours")],
])("before %s", (_what, createHarness) => {
  it("no answer to what a member asks or does has a token of the group", async () => {
    const harness = await createHarness();
    onTestFinished(harness.close);
    // By the token of a user of no group it shows what it knows.
    const ada = await harness.signIn("ada");
    await connectTest(ada);
    expect(await ada.connections.accessToken(TEST, anyToken)).toMatchObject({ type: "AccessToken" });
    const [grace, hedy] = [await harness.signIn("grace", "acme"), await harness.signIn("hedy", "acme")];
    const id = await connectTest(grace);
    const token = await groupTokenOf(harness);
    const issued = [...harness.provider.liveAccessTokens()];
    expect(issued).toContain(token);
    const requests = [anyToken, { minimumTtl: 60, rejected: fingerprintOf(token), verify: true }];
    const moved = await harness.signIn("ada", "acme");

    const answers = await answersTo(harness, async () => {
      for (const member of [grace, hedy, moved]) for (const where of [TEST, { id }]) await askAll(member, where, requests);
      expect(await grace.connections.accessToken({ id: STRANGER }, anyToken)).toMatchObject({ type: "NotConnected" });
      await expect(grace.connections.accessToken({ slug: "nothing" }, anyToken)).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(grace.connections.submit(STRANGER, [])).rejects.toMatchObject({ code: "NOT_FOUND" });
      const watched = (await hedy.connections.watch(null))[Symbol.asyncIterator]();
      await connectTest(grace);
      expect((await watched.next()).value).toMatchObject({ id, enabled: true });
      await watched.return?.();
      await grace.connections.disconnect(TEST);
      expect(await hedy.connections.accessToken(TEST, anyToken)).toMatchObject({ type: "NotConnected" });
    });
    expect(answers).toContain(`"id":"${id}"`);
    expect(issued.filter((each) => answers.includes(each))).toEqual([]);
    // That of the server, before.
    expect(harness.answers.join("\n")).toContain(token);
  });
});
