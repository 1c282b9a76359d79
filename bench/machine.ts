import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { z } from "zod";

/** The measured process has a core of its own. Everything else is on the other: the load, providers, upstreams, Postgres. */
export const SERVER_CORE = 0;
export const OTHER_CORE = 1;

const GIBIBYTE = 1024 ** 3;

/** Where and of what something was measured. */
export const machineSchema = z.strictObject({
  cpu: z.string(),
  cores: z.number(),
  memoryGigabytes: z.number(),
  system: z.string(),
  node: z.string(),
  commit: z.string(),
  /** Whether the checkout had changes that are in no commit. */
  isChanged: z.boolean(),
  date: z.string(),
});
export type Machine = z.infer<typeof machineSchema>;

/** Throws one sentence where the benchmarks cannot run. */
export function assertMachine(): void {
  if (process.platform !== "linux") throw new Error("The benchmarks need Linux: they read CPU time from /proc.");
  if (cpus().length < 2 || availableParallelism() < 2)
    throw new Error("The benchmarks need two cores: one for the measured process, one for all else.");
  try {
    execFileSync("taskset", ["-c", `${SERVER_CORE},${OTHER_CORE}`, "true"]);
  } catch {
    throw new Error(`The benchmarks need taskset (package util-linux), and the cores ${SERVER_CORE} and ${OTHER_CORE}.`);
  }
}

export function describeMachine(): Machine {
  const git = (...words: string[]): string => execFileSync("git", words, { encoding: "utf8" }).trim();
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / GIBIBYTE),
    system: `Linux ${release()}`,
    node: process.version,
    commit: git("rev-parse", "--short=12", "HEAD"),
    isChanged: git("status", "--porcelain", "--", "gateway", "schema", "package.json") !== "",
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
  };
}
