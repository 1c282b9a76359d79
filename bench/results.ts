import { readFileSync, writeFileSync } from "node:fs";
import { format } from "prettier";
import { z } from "zod";
import { machineSchema } from "./machine.ts";

/** What one round measured of one target. */
const roundSchema = z.strictObject({
  requestsPerSecond: z.number(),
  /** Of the measured process with its children, user and system. */
  cpuMicroseconds: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
});
export type Round = z.infer<typeof roundSchema>;

const measuredSchema = z.strictObject({
  name: z.string(),
  title: z.string(),
  kind: z.enum(["ours", "peer"]),
  rounds: z.array(roundSchema),
  /** After the last round. */
  residentMegabytes: z.number(),
});
export type Measured = z.infer<typeof measuredSchema>;

export const resultsSchema = z.strictObject({
  machine: machineSchema,
  secondsPerRound: z.number(),
  connections: z.number(),
  targets: z.array(measuredSchema),
});
export type Results = z.infer<typeof resultsSchema>;

const pointSchema = z.strictObject({ at: z.number(), cpuMicroseconds: z.number() });
export type Point = z.infer<typeof pointSchema>;

export const growthSchema = z.strictObject({
  plots: z.array(
    z.strictObject({
      machine: machineSchema,
      title: z.string(),
      unit: z.string(),
      lines: z.array(z.strictObject({ name: z.string(), points: z.array(pointSchema) })),
    }),
  ),
});
export type Growth = z.infer<typeof growthSchema>;

export const RESULTS_FILE = "bench/results.json";
export const GROWTH_FILE = "bench/growth.json";

/** What was measured last. Throws one sentence where nothing was. */
export function readResults(): Results {
  const text = readText(RESULTS_FILE);
  if (text === null) throw new Error(`${RESULTS_FILE} is not there: run npm run bench first.`);
  return resultsSchema.parse(JSON.parse(text));
}

/** Null where it was not measured. */
export function readGrowth(): Growth | null {
  const text = readText(GROWTH_FILE);
  return text === null ? null : growthSchema.parse(JSON.parse(text));
}

export const LINE_WIDTH = 140;

/** Written as the formatter wants it. */
export async function writeJson(path: string, value: object): Promise<void> {
  writeFileSync(path, await format(JSON.stringify(value), { parser: "json", printWidth: LINE_WIDTH }));
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
