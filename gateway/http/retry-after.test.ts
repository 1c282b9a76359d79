import { expect, it } from "vitest";
import { retryAfterSeconds } from "./retry-after.ts";

const nowMs = Date.parse("Wed, 21 Oct 2026 07:28:00 GMT");

it.each([
  ["120", 120],
  [" 0 ", 0],
  ["Wed, 21 Oct 2026 07:28:30 GMT", 30],
  ["Wed, 21 Oct 2026 07:00:00 GMT", 0],
  ["soon", null],
  ["-5", null],
  ["1.5", null],
  ["", null],
])("reads Retry-After %j", (value, seconds) => {
  expect(retryAfterSeconds(new Headers({ "retry-after": value }), nowMs)).toBe(seconds);
});

it("is null without the header", () => {
  expect(retryAfterSeconds(new Headers())).toBeNull();
});
