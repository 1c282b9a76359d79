/**
 * `npm run bench:growth`: CPU per request as the store, the configuration, the query and an owner grow. Writes `bench/growth.json` and
 * `bench/growth.svg`, and shows both in `bench/RESULTS.md`. `-- --only owner`, `fields`, `connectors` or `store` measures one plot, and keeps
 * the others.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type BenchGateway, CONNECTOR, type GatewayOptions, LONG_LIFE_SECONDS, startGateway } from "./gateway.ts";
import type { Load } from "./load/load.ts";
import { type Loader, startLoader } from "./loader.ts";
import { describeMachine } from "./machine.ts";
import { drawPlots, PLOT_FILE } from "./plot.ts";
import { prepare } from "./prepare.ts";
import { writeReport } from "./report.ts";
import { type Growth, GROWTH_FILE, type Point, readGrowth, writeJson } from "./results.ts";
import { median } from "./statistics.ts";
import { basicOf, KEY_QUERY, loadOf } from "./targets.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false }, only: { type: "string", default: "" } } });
const WARM_UP = values.quick ? { answers: 1_000, seconds: 2 } : { answers: 15_000, seconds: 24 };
const [roundSeconds, rounds] = values.quick ? [1, 1] : [2, 3];
const MOST_CONNECTIONS = values.quick ? 10_000 : 1_000_000;
const MOST_CONNECTORS = values.quick ? 100 : 10_000;

/** What is asked of a gateway, and what the line is called. */
interface Line {
  name: string;
  load(gateway: BenchGateway, size: number): Load;
}

const token: Line = { name: "a token", load: (gateway) => loadOf(gateway.port, `Bearer ${gateway.bearer}`) };

/** Sizes from one to another, ten times as large each. */
const tenfold = (least: number, most: number): number[] => (least > most ? [] : [least, ...tenfold(least * 10, most)]);

/** A gateway of its own for each size. */
async function measurePlot(
  loader: Loader,
  plot: { title: string; unit: string },
  sizes: readonly number[],
  lines: readonly Line[],
  optionsOf: (size: number) => GatewayOptions,
): Promise<Growth["plots"][number]> {
  const points = new Map<Line, Point[]>(lines.map((line) => [line, []]));
  for (const size of sizes) {
    const gateway = await startGateway(optionsOf(size));
    for (const [line, measured] of points) {
      const cpuMicroseconds = await measurePoint(loader, gateway, line.load(gateway, size));
      measured.push({ at: size, cpuMicroseconds });
      console.log(`${plot.title}, ${line.name}, ${size} ${plot.unit}: ${cpuMicroseconds.toFixed(1)} µs`);
    }
    await gateway.stop();
  }
  return { ...plot, machine, lines: [...points].map(([{ name }, measured]) => ({ name, points: measured })) };
}

async function measurePoint(loader: Loader, gateway: BenchGateway, load: Load): Promise<number> {
  await loader.warmUp(load, WARM_UP);
  const measured: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = gateway.cpuMicroseconds();
    const { answers } = await loader.run({ ...load, seconds: roundSeconds });
    measured.push((gateway.cpuMicroseconds() - before) / answers);
  }
  return median(measured);
}

const fresh = (users: number, connectionsPerUser = 1): GatewayOptions => ({
  fill: { users, connectionsPerUser, lifetimeSeconds: LONG_LIFE_SECONDS },
});

const measureStore = (loader: Loader) =>
  measurePlot(
    loader,
    { title: "A larger store", unit: "connections in the store" },
    tenfold(10, MOST_CONNECTIONS),
    [
      { ...token, name: "one user asks" },
      {
        name: "users at random, by API key",
        load: (gateway, subjects) => loadOf(gateway.port, basicOf(gateway), { body: KEY_QUERY, subjects, order: "at random" }),
      },
    ],
    (size) => fresh(size),
  );

const measureConnectors = (loader: Loader) =>
  measurePlot(loader, { title: "More connectors", unit: "connectors" }, tenfold(1, MOST_CONNECTORS), [token], (connectors) => ({
    ...fresh(1),
    connectors,
  }));

/** Leaf fields of a connection, by where they are. */
const leaves: readonly (readonly [parent: string, names: readonly string[]])[] = [
  ["", ["id", "enabled", "connectorUrl", "createdAt", "updatedAt"]],
  ["connector", ["slug", "name", "shortDescription", "description", "connectorUrl"]],
  ["authorization", ["id", "status", "displayLabel", "errorCode", "scopes", "expiresAt"]],
];
const LEAVES = leaves.flatMap(([parent, names]) => names.map((name) => ({ parent, name })));

/** A query of so many leaf fields: as many of a connection as there are, then again under another alias. */
function queryOf(fields: number): string {
  const parts: string[] = [];
  for (let left = fields; left > 0; left -= LEAVES.length) {
    const some = LEAVES.slice(0, left);
    const selections = leaves.map(([parent]) => {
      const names = some.filter((leaf) => leaf.parent === parent).map(({ name }) => name);
      return parent === "" || names.length === 0 ? names.join(" ") : `${parent} { ${names.join(" ")} }`;
    });
    parts.push(`part${parts.length}: connection(where: { slug: $slug }) { ${selections.join(" ")} }`);
  }
  return JSON.stringify({ query: `query Fields($slug: ID!) { ${parts.join(" ")} }`, variables: { slug: CONNECTOR } });
}

const measureFields = (loader: Loader) =>
  measurePlot(
    loader,
    { title: "Larger queries", unit: "fields" },
    [1, 2, 4, 8, 16, 32, 64],
    [
      {
        name: "fields of a connection",
        load: (gateway, size) => loadOf(gateway.port, `Bearer ${gateway.bearer}`, { body: queryOf(size), expects: '"part0":{' }),
      },
    ],
    () => fresh(1),
  );

const measureOwner = (loader: Loader) =>
  measurePlot(
    loader,
    { title: "More connections of one owner", unit: "connections of the owner" },
    tenfold(1, 1_000),
    [
      token,
      {
        name: "all of them",
        load: (gateway) =>
          loadOf(gateway.port, `Bearer ${gateway.bearer}`, { body: '{"query":"{ connections { id } }"}', expects: '"connections":[{' }),
      },
    ],
    (size) => fresh(1, size),
  );

const parts = { store: measureStore, connectors: measureConnectors, fields: measureFields, owner: measureOwner };

prepare();
const machine = describeMachine();
const loader = await startLoader();
const plots = values.only === "" ? [] : [...(readGrowth()?.plots ?? [])];
for (const [part, measure] of Object.entries(parts)) {
  if (values.only !== "" && values.only !== part) continue;
  const measured = await measure(loader);
  const known = plots.findIndex(({ title }) => title === measured.title);
  plots.splice(known < 0 ? plots.length : known, 1, measured);
}
await loader.stop();
await writeJson(GROWTH_FILE, { plots });
writeFileSync(`bench/${PLOT_FILE}`, drawPlots(plots));
await writeReport();
