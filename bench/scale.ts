/**
 * `npm run bench:scale`: the figures of docs/scale.md, on SQLite and on Postgres: what a large store takes on the disk, and how many reads
 * and refreshes one process carries before it, with a provider of 50 ms. Prints them. `-- --only steady`, `large` or `news` measures a part.
 */
import { parseArgs } from "node:util";
import { measureCommits } from "./commits.ts";
import { type BenchGateway, LONG_LIFE_SECONDS, startGateway } from "./gateway.ts";
import type { Load, LoadResult } from "./load/load.ts";
import { type Loader, startLoader } from "./loader.ts";
import { describeMachine } from "./machine.ts";
import { type Peer, startProvider } from "./peer.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { prepare } from "./prepare.ts";
import { basicOf, KEY_QUERY, loadOf } from "./targets.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false }, only: { type: "string", default: "" } } });
const CONNECTIONS = values.quick ? 10_000 : 1_000_000;
/** Of them, those whose tokens have expired: each is refreshed once at most. */
const LATE = values.quick ? 2_000 : 30_000;
const SECONDS = values.quick ? 2 : 8;
const PROVIDER_MS = 50;
/** Requests under way at once while refreshes are counted. The first warms up. */
const WAITING = [64, 16, 64, 256];
/** Connections with tokens of ten seconds, and how often one of them is asked for. */
const STEADY = { users: 300, ratePerSecond: 250, lifetimeSeconds: 10, seconds: values.quick ? 5 : 30 };

const LATE_QUERY = KEY_QUERY.replace("user-{n}", "late-{n}");

interface Store {
  name: string;
  postgres: Postgres | null;
  gateway: BenchGateway;
  provider: Peer;
}

async function report(loader: Loader, { name, gateway, postgres }: Store, what: string, load: Load): Promise<void> {
  const before = [gateway.cpuMicroseconds(), postgres?.cpuMicroseconds() ?? 0] as const;
  const result = await loader.runLenient(load);
  const cpu = (gateway.cpuMicroseconds() - before[0]) / result.answers;
  const beside = postgres ? `, ${((postgres.cpuMicroseconds() - before[1]) / result.answers).toFixed(0)} µs of Postgres` : "";
  console.log(`${name}, ${what}: ${describe(result)}, ${cpu.toFixed(0)} µs of CPU each${beside}`);
}

const describe = ({ answers, failures, seconds, p50Ms, p90Ms, p99Ms, p999Ms }: LoadResult): string =>
  `${(answers / seconds).toFixed(0)}/s${failures > 0 ? ` (${failures} of ${answers} without a token)` : ""}, p50 ${p50Ms.toFixed(1)} p90 ${p90Ms.toFixed(1)} p99 ${p99Ms.toFixed(1)} p99.9 ${p999Ms.toFixed(1)} ms`;

/** What a million connections take, and what one process reads and refreshes of them. */
async function measureLarge(loader: Loader, name: string, postgres: Postgres | null): Promise<void> {
  const provider = await startProvider({ latencyMs: PROVIDER_MS, lifetimeSeconds: LONG_LIFE_SECONDS });
  const startedAt = performance.now();
  const gateway = await startGateway({
    providerUrl: `http://127.0.0.1:${provider.port}`,
    fill: { users: CONNECTIONS - LATE, lateUsers: LATE, lifetimeSeconds: LONG_LIFE_SECONDS },
    ...(postgres && { databaseUrl: postgres.url }),
  });
  const store: Store = { name, postgres, gateway, provider };
  const bytes = postgres ? await postgres.databaseBytes() : gateway.storeBytes();
  const filledIn = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(
    `${name}: ${CONNECTIONS} connections take ${(bytes / 1e6).toFixed(0)} MB, ${(bytes / CONNECTIONS).toFixed(0)} bytes each, filled in ${filledIn} s`,
  );
  const [bearer, key] = [`Bearer ${gateway.bearer}`, basicOf(gateway)];
  for (const what of ["reads of one user, first", "reads of one user"])
    await report(loader, store, what, loadOf(gateway.port, bearer, { seconds: SECONDS }));
  const random = { body: KEY_QUERY, subjects: CONNECTIONS - LATE, order: "at random", seconds: SECONDS } as const;
  await report(loader, store, "reads of users at random", loadOf(gateway.port, key, random));
  const share = Math.floor(LATE / WAITING.length);
  for (const [index, connections] of WAITING.entries()) {
    const refreshes = { body: LATE_QUERY, subjects: share, firstSubject: index * share, connections, seconds: SECONDS } as const;
    await report(loader, store, `refreshes, ${connections} at once`, loadOf(gateway.port, key, refreshes));
  }
  await gateway.stop();
  await provider.stop();
}

/** Few connections with short-lived tokens, asked for at a steady rate. */
async function measureSteady(loader: Loader, name: string, postgres: Postgres | null): Promise<void> {
  const { users, lifetimeSeconds, ratePerSecond, seconds } = STEADY;
  const provider = await startProvider({ latencyMs: PROVIDER_MS, lifetimeSeconds });
  const gateway = await startGateway({
    providerUrl: `http://127.0.0.1:${provider.port}`,
    fill: { users, lifetimeSeconds },
    ...(postgres && { databaseUrl: postgres.url }),
  });
  const load = { body: KEY_QUERY, subjects: users, order: "at random", ratePerSecond } as const;
  const steady = loadOf(gateway.port, basicOf(gateway), load);
  await loader.runLenient({ ...steady, seconds: seconds / 3 });
  await report(loader, { name, postgres, gateway, provider }, `${users} connections of ${lifetimeSeconds} s, ${ratePerSecond} reads/s`, {
    ...steady,
    seconds,
  });
  await gateway.stop();
  await provider.stop();
}

/** How many changes a second Postgres commits when each is told to every process. */
async function measureNews(_loader: Loader, name: string, postgres: Postgres | null): Promise<void> {
  if (postgres === null) return;
  const { plain, telling } = await measureCommits(postgres.url, SECONDS);
  console.log(`${name}, commits of one row: ${plain.toFixed(0)}/s, and ${telling.toFixed(0)}/s where each tells of its change`);
}

const parts = { steady: measureSteady, large: measureLarge, news: measureNews };

prepare();
console.log(JSON.stringify(describeMachine()));
const loader = await startLoader();
for (const [part, measure] of Object.entries(parts)) {
  if (values.only !== "" && values.only !== part) continue;
  await measure(loader, "SQLite", null);
  const postgres = await startPostgres();
  await measure(loader, "Postgres", postgres);
  await postgres.stop();
}
await loader.stop();
