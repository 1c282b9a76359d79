/** `npm run torture`: see `--help`. */
import { parseArgs } from "node:util";
import { type DatabaseKind } from "../support/databases.ts";
import { buildGateway } from "../support/build.ts";
import { createPlan, type FaultKind, faultKinds } from "./plan.ts";
import { torture } from "./run.ts";

const USAGE = `npm run torture -- [options]

  --seed <text>          what goes wrong when; the same seed gives the same plan (default: of this moment)
  --store <store>        sqlite or postgres (default: both, one after the other)
  --seconds <number>     how long faults happen (default 60)
  --processes <number>   gateways over one store (default 3)
  --connections <number> users, each with a connection (default 24)
  --kinds <list>         faults, with commas (default: all)
  --checkout <path>      another checkout, to torture that one

Ends with 1 when an aim is missed. Faults: ${[...new Set([...faultKinds("sqlite"), ...faultKinds("postgres")])].join(", ")}`;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 100_000) },
    store: { type: "string" },
    seconds: { type: "string", default: "60" },
    processes: { type: "string", default: "3" },
    connections: { type: "string", default: "24" },
    kinds: { type: "string" },
    checkout: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const stores: readonly DatabaseKind[] = (["sqlite", "postgres"] as const).filter((kind) => !values.store || values.store === kind);

async function run(): Promise<void> {
  const { seed, checkout } = values;
  const { cli, remove } = await buildGateway(checkout === undefined ? {} : { checkout });
  for (const store of stores) {
    const kinds = kindsFor(store);
    const counts = { processes: Number(values.processes), connections: Number(values.connections), seconds: Number(values.seconds) };
    const report = await torture(createPlan({ seed, store, kinds, ...counts }), { cli, say: (step) => console.error(`${store}: ${step}`) });
    console.log(`\n${report.text}\n`);
    if (report.missed.length > 0) process.exitCode = 1;
  }
  remove();
}

function kindsFor(store: DatabaseKind): readonly FaultKind[] {
  const wanted = values.kinds?.split(",");
  return faultKinds(store).filter((kind) => !wanted || wanted.includes(kind));
}

if (values.help) console.log(USAGE);
else await run();
