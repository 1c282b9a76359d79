import { describe, expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";

const longest = (failures: number, retryAfter: number | null = null) => backoffMs(failures, retryAfter, () => 0);
const shortest = (failures: number, retryAfter: number | null = null) => backoffMs(failures, retryAfter, () => 1);

describe("the pause after failed refreshes", () => {
  it("triples from 10 s to at most a quarter of an hour", () => {
    expect([1, 2, 3, 4, 5, 6, 1_000_000].map((failures) => longest(failures))).toEqual(
      [10, 30, 90, 270, 810, 900, 900].map((seconds) => seconds * 1_000),
    );
  });

  it("is at random up to a fifth shorter", () => {
    expect([shortest(1), shortest(6)]).toEqual([8_000, 720_000]);
    expect(new Set(Array.from({ length: 20 }, () => backoffMs(6, null))).size).toBeGreaterThan(1);
  });

  it("is never shorter than the provider's Retry-After, which counts up to an hour", () => {
    expect([shortest(1, 120), longest(1, 0), shortest(1, 86_400)]).toEqual([120_000, 10_000, 3_600_000]);
  });

  it("is that of the first failure for invalid counts", () => {
    expect(longest(0)).toBe(10_000);
  });
});
