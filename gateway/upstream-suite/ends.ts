import { expect } from "vitest";

/** How much of the time an upstream may not know, in milliseconds: it tells an end so much too early at most. */
const UNKNOWN_TIME_MS = 2_000;

/** An end that is told: not after it, and not long before it. */
export function expectEnd(told: Date | null | undefined, end: number): void {
  expect(told?.getTime()).toBeLessThanOrEqual(end);
  expect(told?.getTime()).toBeGreaterThan(end - UNKNOWN_TIME_MS);
}
