import { describe, expect, it } from "vitest";
import { databaseKinds } from "../support/databases.ts";
import { areNewsInTime, describeReport, run } from "./run.ts";

/** Another seed is another order of changes. */
const SEED = process.env["FRESHNESS_SEED"] ?? "long";

describe("While many processes change for long what is cached,", () => {
  it.for(databaseKinds)("no answer over %s is stale when it is sent", { timeout: 900_000 }, async (kind) => {
    const report = await run({ seed: SEED, kind, processes: 4, users: 12, readers: 12, seconds: 60 });
    const words = describeReport(report);
    console.log(words);
    expect([report.stale, report.faults], words).toEqual([[], []]);
    expect(areNewsInTime(report), words).toBe(true);
  });
});
