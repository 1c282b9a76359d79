/** Holds what was measured last against `bench/goals.ts`. Exits 1 when a goal is missed by more than the spread, or was not measured. */
import { describeVerdict } from "./report.ts";
import { readResults } from "./results.ts";
import { judge } from "./verdicts.ts";

const verdicts = judge(readResults());
for (const verdict of verdicts) console.log(describeVerdict(verdict).join("  "));
if (verdicts.some(({ isMissed, value }) => isMissed || value === null)) process.exitCode = 1;
