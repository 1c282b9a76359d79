import { describe, expect, it } from "vitest";
import { assessFreshness, isJudgedStill } from "./freshness.ts";

const seconds = (count: number) => count * 1_000;
/** A token of this life, with so much of it left. */
const held = (lifeSeconds: number, leftSeconds: number, minimumTtl: number | null = null) =>
  assessFreshness({ issuedAt: 0, expiresAt: seconds(lifeSeconds) }, minimumTtl, seconds(lifeSeconds - leftSeconds));

describe("the freshness of a token", () => {
  it.each([
    // life, left, minimumTtl, usable, due
    [3_600, 3_600, null, true, false],
    [3_600, 300, null, true, false],
    [3_600, 299, null, true, true],
    [3_600, 60, null, true, true],
    [3_600, 59.999, null, false, true],
    [3_600, 0, null, false, true],
    [3_600, -1, null, false, true],
    [30, 6, null, true, false],
    [30, 5.9, null, true, true],
    [30, 3, null, true, true],
    [30, 2.9, null, false, true],
    [3_600, 1, 0, true, true],
    [3_600, 0, 0, false, true],
    [3_600, 1_000, 1_000, true, false],
    [3_600, 999, 1_000, false, true],
    [0, 0, null, false, true],
    [0, 0, 0, false, true],
  ])("of a life of %d s with %d s left, asked for %s: usable %s, due %s", (life, left, minimumTtl, isUsable, isDue) => {
    expect(held(life, left, minimumTtl)).toMatchObject({ isUsable, isDue });
  });

  it("allows callers at most the life of a new token less the margin", () => {
    expect(held(3_600, 10).maximumTtl).toBe(3_540);
    expect(held(30, 10).maximumTtl).toBe(27);
    expect(held(0, 0).maximumTtl).toBe(0);
  });

  it("of unknown life promises no life, and ends an hour after the token was issued", () => {
    const at = (now: number, minimumTtl: number | null) => assessFreshness({ issuedAt: 0, expiresAt: null }, minimumTtl, now);
    expect(at(seconds(3_599), null)).toEqual({ isUsable: true, isDue: false, maximumTtl: 0 });
    expect(at(seconds(3_600), 0)).toEqual({ isUsable: true, isDue: true, maximumTtl: 0 });
    expect(at(0, 1).isUsable).toBe(false);
  });
});

describe("what was found of a token's life", () => {
  const endsIn = (leftSeconds: number) => ({ expiresAt: new Date(seconds(leftSeconds)) });
  const then = (agoMs: number) => ({ judgedAt: performance.now() - agoMs, now: 0 });

  it.each([
    // left, minimumTtl, judged so many ms ago, holds
    [1, null, 0, true],
    [60, null, 10_000, true],
    [59, null, 10_000, false],
    [119, 120, 10_000, false],
    [120, 120, 10_000, true],
  ])("with %i s left, asked for %s, %i ms ago: holds %s", (left, minimumTtl, agoMs, holds) => {
    expect(isJudgedStill(endsIn(left), minimumTtl, then(agoMs))).toBe(holds);
  });

  it("holds where its end is not known", () => {
    expect(isJudgedStill({ expiresAt: null }, null, then(10_000))).toBe(true);
  });
});
