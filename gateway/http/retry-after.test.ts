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
  ["99999999999999999999999", 86_400],
  ["Wed, 21 Oct 2126 07:28:30 GMT", 86_400],
])("Retry-After %j is read", (value, seconds) => {
  expect(retryAfterSeconds(new Headers({ "retry-after": value }), nowMs)).toBe(seconds);
});

it.each([
  ["an hour slow", "Wed, 21 Oct 2026 06:28:00 GMT", "Wed, 21 Oct 2026 06:28:30 GMT"],
  ["an hour fast", "Wed, 21 Oct 2026 08:28:00 GMT", "Wed, 21 Oct 2026 08:28:30 GMT"],
])("a date counts from the answer's own, of a clock that is %s", (_clock, date, value) => {
  expect(retryAfterSeconds(new Headers({ date, "retry-after": value }), nowMs)).toBe(30);
});

it("a date counts from now when the answer's own cannot be read", () => {
  const headers = new Headers({ date: "today", "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT" });
  expect(retryAfterSeconds(headers, nowMs)).toBe(30);
});

it("no header is null", () => {
  expect(retryAfterSeconds(new Headers())).toBeNull();
});
