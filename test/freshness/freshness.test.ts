import { describe, expect, it } from "vitest";
import { areNewsInTime, describeReport, run } from "./run.ts";

/** Another seed is another order of changes. */
const SEED = process.env["FRESHNESS_SEED"] ?? "short";

describe("While several processes change what is cached,", () => {
  // The long form does it over Postgres too.
  it.for(["sqlite"] as const)("no answer over %s is stale when it is sent", { timeout: 300_000 }, async (kind) => {
    const report = await run({ seed: SEED, kind, processes: 2, users: 4, readers: 6, seconds: 6 });
    const words = describeReport(report);
    expect([report.stale, report.faults], words).toEqual([[], []]);
    expect(Object.keys(report.changes).toSorted(), words).toEqual(["credential", "keys", "token", "user"]);
    expect(areNewsInTime(report), words).toBe(true);
  });
});
