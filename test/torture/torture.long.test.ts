import { describe, expect, inject, it } from "vitest";
import { cliOf } from "../support/build.ts";
import { databaseKinds } from "../support/databases.ts";
import { createPlan, faultKinds } from "./plan.ts";
import { torture } from "./run.ts";

/** The long form of `npm run torture`. Another seed is another plan. */
const SEED = process.env["TORTURE_SEED"] ?? "long";
const SECONDS = 90;

describe("Under every kind of fault for long,", () => {
  it.for(databaseKinds)(
    "gateways over %s lose no connection, and answer every request with a stated outcome",
    { timeout: 900_000 },
    async (store) => {
      const plan = createPlan({ seed: SEED, store, kinds: faultKinds(store), processes: 3, connections: 24, seconds: SECONDS });
      const report = await torture(plan, { cli: cliOf(inject("gatewayBuild")) });
      console.log(report.text);
      expect(report.missed, report.text).toEqual([]);
    },
  );
});
