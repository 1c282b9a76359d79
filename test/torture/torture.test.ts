import { describe, expect, inject, it } from "vitest";
import { cliOf } from "../support/build.ts";
import { createPlan, faultKinds } from "./plan.ts";
import { torture } from "./run.ts";

/** The short form of `npm run torture`. Another seed is another plan. */
const SEED = process.env["TORTURE_SEED"] ?? "short";
const SECONDS = 5;

describe("Under faults of provider, processes and store at once,", () => {
  // The long form does it over Postgres too.
  it.for(["sqlite"] as const)(
    "gateways over %s lose no connection, and answer every request with a stated outcome",
    { timeout: 300_000 },
    async (store) => {
      const report = await torture(
        createPlan({ seed: SEED, store, kinds: faultKinds(store), processes: 2, connections: 10, seconds: SECONDS }),
        {
          cli: cliOf(inject("gatewayBuild")),
        },
      );
      expect(report.missed, report.text).toEqual([]);
    },
  );
});
