import { expect, it, onTestFinished } from "vitest";
import { createSubscriptionLimit, MAXIMUM_SUBSCRIPTIONS_PER_USER } from "./subscription-limit.ts";
import { PUBLIC_URL, startTestApp } from "../../test/support/test-app.ts";

const ada = async () => "ada";
const bob = async () => "bob";

async function* count(): AsyncGenerator<number, void, void> {
  yield 1;
  yield 2;
}

async function* fail(): AsyncGenerator<number, void, void> {
  yield await Promise.reject<number>(new Error("broken"));
}

it.each([
  ["of the process", createSubscriptionLimit(1, 9), bob],
  ["of one user", createSubscriptionLimit(9, 1), ada],
])(
  "refuses one stream too many %s with RATE_LIMITED, and takes one for each that ended, failed or was left",
  async (_whose, limit, next) => {
    const first = limit(count(), ada);
    expect(await first.next()).toEqual({ done: false, value: 1 });
    await expect(limit(count(), next).next()).rejects.toMatchObject({ code: "RATE_LIMITED", facts: { retryAfter: 30 } });
    await first.return?.();
    await first.return?.();
    await expect(limit(fail(), ada).next()).rejects.toThrow("broken");
    const second = limit(count(), ada);
    for (const expected of [1, 2, undefined]) expect((await second.next()).value).toBe(expected);
    const third = limit(count(), ada);
    expect((await third.next()).value).toBe(1);
    const refused = limit(count(), next);
    await expect(refused.next()).rejects.toMatchObject({ code: "RATE_LIMITED" });
    await refused.return?.();
    await expect(limit(count(), next).next()).rejects.toMatchObject({ code: "RATE_LIMITED" });
  },
);

it("does not count a stream that nobody reads", async () => {
  const limit = createSubscriptionLimit(1, 1);
  await limit(count(), ada).return?.();
  limit(count(), ada);
  expect((await limit(count(), ada).next()).value).toBe(1);
});

it("gives back the place of a stream that is left while it is found out whose it is", async () => {
  const limit = createSubscriptionLimit(1, 1);
  let tell = (_id: string) => {};
  const found = new Promise<string>((resolve) => (tell = resolve));
  const left = limit(count(), () => found);
  const reading = left.next();
  const leaving = left.return?.();
  tell("ada");
  await Promise.all([reading, leaving]);
  expect((await limit(count(), ada).next()).value).toBe(1);
});

it("takes no place of one user's subscriptions from another's", async () => {
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
