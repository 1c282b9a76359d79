import { expect, it } from "vitest";
import { createSubscriptionLimit } from "./subscription-limit.ts";

async function* count(): AsyncGenerator<number, void, void> {
  yield 1;
  yield 2;
}

async function* fail(): AsyncGenerator<number, void, void> {
  yield await Promise.reject<number>(new Error("broken"));
}

it("refuses one stream too many with RATE_LIMITED, and takes one for each that ended, failed or was left", async () => {
  const limit = createSubscriptionLimit(1);
  const first = limit(count());
  expect(await first.next()).toEqual({ done: false, value: 1 });
  await expect(limit(count()).next()).rejects.toMatchObject({ code: "RATE_LIMITED", facts: { retryAfter: 30 } });
  await first.return?.();
  await first.return?.();
  await expect(limit(fail()).next()).rejects.toThrow("broken");
  const second = limit(count());
  for (const expected of [1, 2, undefined]) expect((await second.next()).value).toBe(expected);
  const third = limit(count());
  expect((await third.next()).value).toBe(1);
  await expect(limit(count()).next()).rejects.toMatchObject({ code: "RATE_LIMITED" });
});

it("does not count a stream that nobody reads", async () => {
  const limit = createSubscriptionLimit(1);
  await limit(count()).return?.();
  limit(count());
  expect((await limit(count()).next()).value).toBe(1);
});
