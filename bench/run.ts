/**
 * `npm run bench`: the gateway beside its peers, in interleaved rounds, each process on a core of its own. Writes `bench/results.json` and
 * `bench/RESULTS.md`.
 */
import { parseArgs } from "node:util";
import { type Loader, startLoader } from "./loader.ts";
import { describeMachine } from "./machine.ts";
import { prepare } from "./prepare.ts";
import { writeReport } from "./report.ts";
import { type Measured, RESULTS_FILE, type Round, writeJson } from "./results.ts";
import { CONNECTIONS, startTargets, type Target } from "./targets.ts";

/** V8 has compiled what matters after so many requests of a process. */
const WARM_UP_REQUESTS = 150_000;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "" },
  },
});
const only = values.only.split(",").filter((name) => name !== "");
const rounds = Number(values.rounds || (values.quick ? 2 : 7));
/** V8 drops the code of a process that rests while others are measured: before each round it is asked for so long. */
const AWAKE_SECONDS = 1;
/** Longest that a target is warmed up. */
const [warmUpSeconds, secondsPerRound] = values.quick ? [2, 1] : [20, 3];

prepare();
const machine = describeMachine();
const loader = await startLoader();
const { targets, stop } = await startTargets(only);
const measured = targets.map(({ name, title, kind }): Measured => ({ name, title, kind, rounds: [], residentMegabytes: 0 }));
for (const { name, load, processes = 1 } of targets) {
  console.log(`warming up ${name}`);
  await loader.warmUp(load, { answers: WARM_UP_REQUESTS * processes, seconds: warmUpSeconds });
}
for (let round = 1; round <= rounds; round += 1)
  for (const [index, target] of targets.entries()) {
    const result = await measureRound(loader, target);
    const of = measured[index];
    of?.rounds.push(result);
    if (of) of.residentMegabytes = target.process.residentMegabytes();
    console.log(describe(round, target.name, result));
  }
await stop();
await loader.stop();
await writeJson(RESULTS_FILE, { machine, secondsPerRound, connections: CONNECTIONS, targets: measured });
await writeReport();

async function measureRound(loads: Loader, { process, load }: Target): Promise<Round> {
  await loads.run({ ...load, seconds: AWAKE_SECONDS });
  const before = process.cpuMicroseconds();
  const { answers, seconds, p50Ms, p99Ms } = await loads.run({ ...load, seconds: secondsPerRound });
  return { requestsPerSecond: answers / seconds, cpuMicroseconds: (process.cpuMicroseconds() - before) / answers, p50Ms, p99Ms };
}

function describe(round: number, name: string, { requestsPerSecond, cpuMicroseconds, p50Ms, p99Ms }: Round): string {
  const figures = [
    `${requestsPerSecond.toFixed(0)}/s`,
    `${cpuMicroseconds.toFixed(1)} µs`,
    `p50 ${p50Ms.toFixed(2)} ms`,
    `p99 ${p99Ms.toFixed(2)} ms`,
  ];
  return [String(round), name.padEnd(14), ...figures].join("  ");
}
