import { expect, it, onTestFinished } from "vitest";
import { createSubscriptionLimit, MAXIMUM_SUBSCRIPTIONS_PER_USER } from "./subscription-limit.ts";
import { PUBLIC_URL, startTestApp } from "../../test/support/test-app.ts";

async function* count(): AsyncGenerator<number, void, void> {
  yield 1;
  yield 2;
}

async function* fail(): AsyncGenerator<number, void, void> {
  yield await Promise.reject<number>(new Error("broken"));
}

it.each([
  ["of the process", createSubscriptionLimit(1, 9), "bob"],
  ["of one user", createSubscriptionLimit(9, 1), "ada"],
])(
  "one stream too many %s is refused with RATE_LIMITED, and one is accepted for each that ended, failed or was abandoned",
  async (_whose, limit, next) => {
    const openOne = (userId: string) => limit(userId, async () => count());
    const first = await openOne("ada");
    await expect(openOne(next)).rejects.toMatchObject({ code: "RATE_LIMITED", facts: { retryAfter: 30 } });
    await first.return?.();
    await first.return?.();
    await expect(limit("ada", () => Promise.reject(new Error("not opened")))).rejects.toThrow("not opened");
    const failing = await limit("ada", async () => fail());
    await expect(failing.next()).rejects.toThrow("broken");
    const second = await openOne("ada");
    for (const expected of [1, 2, undefined]) expect((await second.next()).value).toBe(expected);
    await openOne("ada");
    await expect(openOne(next)).rejects.toMatchObject({ code: "RATE_LIMITED" });
  },
);

it("one user's subscriptions are counted apart from another's", async () => {
  const test = await startTestApp();
  onTestFinished(test.close);
  const subscribe = async (id: string) => {
    const { token } = await test.app.provisionUser({ id });
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", accept: "text/event-stream" };
    const body = JSON.stringify({ query: "subscription { connectionChanged { id } }" });
    return test.app.fetch(new Request(`${PUBLIC_URL}/graphql`, { method: "POST", headers, body }));
  };
  const open = [];
  for (let index = 0; index < MAXIMUM_SUBSCRIPTIONS_PER_USER; index += 1) open.push((await subscribe("ada")).text());
  expect(await (await subscribe("ada")).text()).toContain("RATE_LIMITED");
  const others = (await subscribe("bob")).text();
  test.app.endSubscriptions();
  expect((await Promise.all([...open, others])).join()).not.toContain("RATE_LIMITED");
});
