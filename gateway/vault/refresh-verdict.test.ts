import { describe, expect, it } from "vitest";
import { createFailure } from "../oauth/failure.ts";
import type { Delivery, TokenFailureKind } from "../oauth/result.ts";
import {
  CONFIRM_REVOKED_MS,
  createVerdict,
  LOST_ANSWER_RETRIES_MS,
  type RefreshCause,
  SILENT_ANSWER_MS,
  silentAnswerMs,
} from "./refresh-verdict.ts";

const failed = (kind: TokenFailureKind, delivery: Delivery) =>
  createFailure({ operation: "refresh", kind, delivery, code: "test", secrets: [] });
const refused = failed("revoked", "answered");
const lost = failed("temporary", "lost");
const busy = failed("temporary", "answered");

const verdictOf = (cause: RefreshCause, perhapsRotatedAt: number | null = null) =>
  createVerdict({ connector: { oauth: null }, authorization: { perhaps_rotated_at: perhapsRotatedAt } }, cause);

describe("the verdict on a refresh", () => {
  it("asks once more after invalid_grant, and accepts the second", () => {
    const verdict = verdictOf("due");
    expect(verdict.pauseAfter(refused, 0)).toBe(CONFIRM_REVOKED_MS);
    expect(verdict.pauseAfter(refused, 0)).toBeNull();
  });

  it("accepts the first invalid_grant where a check has found the access token dead", () => {
    expect(verdictOf("dead").pauseAfter(refused, 0)).toBeNull();
    expect(verdictOf("rejected").pauseAfter(refused, 0)).toBe(CONFIRM_REVOKED_MS);
  });

  it("does not ask again after a temporary refusal, unless an answer was lost just before", () => {
    expect(verdictOf("due").pauseAfter(busy, 0)).toBeNull();
    const verdict = verdictOf("due");
    expect([lost, busy, busy, busy].map((result) => verdict.pauseAfter(result, 0))).toEqual([...LOST_ANSWER_RETRIES_MS, null]);
  });

  it("does not ask again long after an answer was lost", () => {
    expect(verdictOf("due", 1).pauseAfter(lost, 10_000)).toBeNull();
  });

  it("waits for an answer as long with a long declared grace window as without one", () => {
    expect(silentAnswerMs({ revokesOnReuse: true, reuseGraceSeconds: 3_600 })).toBe(SILENT_ANSWER_MS);
  });

  it("sends nothing again after a request that was not sent", () => {
    expect(verdictOf("due").pauseAfter(failed("temporary", "unsent"), 0)).toBeNull();
    expect(verdictOf("due").pauseAfter(failed("withdrawn", "unsent"), 0)).toBeNull();
  });
});
