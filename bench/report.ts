import { writeFileSync } from "node:fs";
import { format } from "prettier";
import type { Machine } from "./machine.ts";
import { PLOT_FILE } from "./plot.ts";
import { type Growth, LINE_WIDTH, type Measured, readGrowth, readResults, type Results } from "./results.ts";
import { median, spread } from "./statistics.ts";
import { judge, ratiosOf, type Verdict } from "./verdicts.ts";

const REPORT_FILE = "bench/RESULTS.md";

/** Writes `bench/RESULTS.md` from what was measured last. */
export async function writeReport(): Promise<void> {
  const [results, growth] = [readResults(), readGrowth()];
  const text = [title(results), table(results), goalTable(results), growth ? growthPart(growth) : ""].join("\n\n");
  writeFileSync(REPORT_FILE, await format(text, { parser: "markdown", printWidth: LINE_WIDTH }));
}

/** A goal, what was measured, and the verdict. */
export function describeVerdict({ goal, value, spread: reach, isMissed }: Verdict): string[] {
  const bound = goal.atLeast === undefined ? `at most ${goal.atMost}` : `at least ${goal.atLeast}`;
  const measured = value === null ? "not measured" : `${digits(value)} ± ${digits(reach)}`;
  const verdict = value === null ? "not measured" : isMissed ? "missed" : meets(goal, value) ? "reached" : "within the spread";
  return [`${goal.measure} of ${goal.target} by ${goal.other}`, bound, measured, verdict];
}

const meets = ({ atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY }: Verdict["goal"], value: number): boolean =>
  value >= atLeast && value <= atMost;

const ofMachine = ({ cpu, cores, memoryGigabytes, system, node, commit, isChanged, date }: Machine): string =>
  `${date} UTC, commit \`${commit}\`${isChanged ? " with changes" : ""}, Node ${node}, ${system}, ${cores} × ${cpu}, ${memoryGigabytes} GB.`;

function title({ machine, secondsPerRound, connections, targets }: Results): string {
  const rounds = Math.max(...targets.map((target) => target.rounds.length));
  return `# Results

Written by \`npm run bench\`. How it measures, and what it compares: [README](README.md).

${ofMachine(machine)} ${rounds} interleaved rounds of ${secondsPerRound} s, ${connections} connections. Where the machine does other work meanwhile, CPU per request is the figure that counts: requests a second are then lower bounds, latencies upper ones.`;
}

const HEADER = `| | CPU per request | spread | of raw | requests/s | p50 | p99 | p99/p50 | memory |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |`;

function table({ targets }: Results): string {
  const raw = targets.find(({ name }) => name === "raw");
  const rows = targets.map((target) => rowOf(target, raw));
  return `${HEADER}\n${rows.join("\n")}`;
}

function rowOf(target: Measured, raw: Measured | undefined): string {
  const { title: name, kind, rounds, residentMegabytes } = target;
  const of = (pick: (round: Measured["rounds"][number]) => number): number => median(rounds.map(pick));
  const cpu = rounds.map(({ cpuMicroseconds }) => cpuMicroseconds);
  const cells = [
    kind === "ours" ? `**${name}**` : name,
    `${digits(median(cpu))} µs`,
    `± ${digits(spread(cpu))}`,
    raw ? digits(median(ratiosOf("speed", target, raw))) : "",
    of(({ requestsPerSecond }) => requestsPerSecond).toFixed(0),
    `${digits(of(({ p50Ms }) => p50Ms))} ms`,
    `${digits(of(({ p99Ms }) => p99Ms))} ms`,
    digits(of(({ p99Ms, p50Ms }) => p99Ms / p50Ms)),
    `${residentMegabytes.toFixed(0)} MB`,
  ];
  return `| ${cells.join(" | ")} |`;
}

function goalTable(results: Results): string {
  const rows = judge(results).map((verdict) => `| ${describeVerdict(verdict).join(" | ")} |`);
  return `## Goals

\`npm run bench:goals\` holds the ratios of these rounds against [\`goals.ts\`](goals.ts): medians, with the spread of the middle half of the rounds. A goal is missed when it is missed by more than that.

| ratio | goal | measured | |
| --- | --- | --- | --- |
${rows.join("\n")}`;
}

const growthPart = ({ plots }: Growth): string => `## Growth

Written by \`npm run bench:growth\`: CPU per request, over ${plots.map(({ unit }) => unit).join(", ")}.

![CPU per request as things grow](${PLOT_FILE})

${plots.map(growthTable).join("\n\n")}`;

function growthTable({ machine, unit, lines }: Growth["plots"][number]): string {
  const sizes = [...new Set(lines.flatMap(({ points }) => points.map(({ at }) => at)))].toSorted((a, b) => a - b);
  const header = `| ${unit} | ${sizes.map((size) => size.toLocaleString("en")).join(" | ")} |\n| --- |${" ---: |".repeat(sizes.length)}`;
  const rows = lines.map(({ name, points }) => {
    const cells = sizes
      .map((size) => points.find(({ at }) => at === size))
      .map((point) => (point ? `${digits(point.cpuMicroseconds)} µs` : ""));
    return `| ${name} | ${cells.join(" | ")} |`;
  });
  return `${ofMachine(machine)}\n\n${header}\n${rows.join("\n")}`;
}

/** Three significant digits. */
const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));
