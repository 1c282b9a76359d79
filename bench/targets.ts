import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { type BenchGateway, CONNECTOR, type GatewayOptions, startFront, startGateway } from "./gateway.ts";
import type { Load } from "./load/load.ts";
import { OTHER_CORE } from "./machine.ts";
import { JWT_SECRET, type Peer, startPeer, startProvider, TOKEN } from "./peer.ts";
import { startPostgres } from "./postgres.ts";
import type { PinnedProcess } from "./process.ts";
import type { Measured } from "./results.ts";

/** Something to be measured: a process under a load. */
export interface Target extends Pick<Measured, "name" | "title" | "kind"> {
  process: PinnedProcess;
  load: Load;
  /** How many processes serve. Default 1. */
  processes?: number;
}

export interface Targets {
  targets: Target[];
  stop(): Promise<void>;
}

export const CONNECTIONS = 32;
const PROVIDER_MS = 50;
const WORKERS = 4;
const COLD_RATE = 50;
/** Each is asked once in four seconds, and its token lives for two. */
const COLD_USERS = 200;

/** By user token, of a user who is signed in. */
export const QUERY = JSON.stringify({
  query: "query Token($slug: ID!) { connectionToken(where: { slug: $slug }) }",
  variables: { slug: CONNECTOR },
});
/** By API key, of any user. */
export const KEY_QUERY = JSON.stringify({
  query: "query Token($id: ID!, $slug: ID!) { user(id: $id) { connectionToken(where: { slug: $slug }) } }",
  variables: { id: "user-{n}", slug: CONNECTOR },
});
/** What an answer of the gateway with a token holds. */
export const EXPECTED = '"connectionToken":"access-';

export const basicOf = ({ key }: Pick<BenchGateway, "key">): string => `Basic ${btoa(`${key.publishable}:${key.secret}`)}`;

/** A POST of JSON to `/graphql`; everything may be stated otherwise. */
export function loadOf(port: number, authorization: string, given: Partial<Load> = {}): Load {
  const headers = { "content-type": "application/json", authorization, ...given.headers };
  const what = { port, method: "POST", path: "/graphql", body: QUERY, expects: EXPECTED } as const;
  const how = { subjects: 1, firstSubject: 0, order: "in turn", connections: CONNECTIONS, seconds: 1, ratePerSecond: null } as const;
  return { ...what, ...how, ...given, headers };
}

type Started = readonly Target[];
type Starter = (keep: <Kept extends { stop(): Promise<unknown> }>(started: Kept) => Kept) => Promise<Started>;

/** Starts those that are wanted; all where `only` is empty. */
export async function startTargets(only: readonly string[]): Promise<Targets> {
  const running: { stop(): Promise<unknown> }[] = [];
  const keep: Parameters<Starter>[0] = (started) => {
    running.push(started);
    return started;
  };
  const isWanted = (name: string): boolean => only.length === 0 || only.includes(name);
  const targets: Target[] = [];
  for (const { names, start } of starters) {
    if (!names.some(isWanted)) continue;
    targets.push(...(await start(keep)).filter(({ name }) => isWanted(name)));
  }
  return {
    targets,
    async stop() {
      for (const started of running.toReversed()) await started.stop();
    },
  };
}

const starters: readonly { names: readonly string[]; start: Starter }[] = [
  { names: ["ours"], start: (keep) => startOurs(keep, "ours", "ours: GraphQL by user token, SQLite, log at info", {}) },
  { names: ["ours-silent"], start: (keep) => startOurs(keep, "ours-silent", "ours: the same, log off", { log: "silent" }) },
  { names: ["ours-key", "ours-rest"], start: startKeyAndRest },
  { names: ["ours-postgres"], start: startOnPostgres },
  { names: ["ours-workers"], start: startWorkers },
  { names: ["raw"], start: (keep) => startOne(keep, "raw", "node:http by hand") },
  { names: ["mercurius"], start: (keep) => startOne(keep, "mercurius", "mercurius with graphql-jit, over a Map") },
  { names: ["apollo"], start: (keep) => startOne(keep, "apollo", "Apollo Server, over a Map") },
  { names: ["yoga"], start: (keep) => startOne(keep, "yoga", "graphql-yoga, over a Map") },
  { names: ["better-auth"], start: startBetterAuth },
  { names: ["ours-proxied", "proxy", "hive"], start: startProxied },
  { names: ["ours-cold", "provider"], start: startCold },
];

async function startOurs(keep: Parameters<Starter>[0], name: string, title: string, options: GatewayOptions): Promise<Started> {
  const gateway = keep(await startGateway(options));
  return [{ name, title, kind: "ours", process: gateway, load: loadOf(gateway.port, `Bearer ${gateway.bearer}`) }];
}

async function startWorkers(keep: Parameters<Starter>[0]): Promise<Started> {
  const words = ["--workers", String(WORKERS)];
  const targets = await startOurs(keep, "ours-workers", `ours: \`--workers ${WORKERS}\`, all on one core`, { words });
  return targets.map((target) => ({ ...target, processes: WORKERS }));
}

async function startKeyAndRest(keep: Parameters<Starter>[0]): Promise<Started> {
  const gateway = keep(await startGateway());
  const rest = {
    method: "GET",
    path: `/api/platform_user/connections/${CONNECTOR}`,
    body: null,
    expects: '"access_token":"access-',
  } as const;
  return [
    {
      name: "ours-key",
      title: "ours: GraphQL by API key",
      kind: "ours",
      process: gateway,
      load: loadOf(gateway.port, basicOf(gateway), { body: KEY_QUERY }),
    },
    {
      name: "ours-rest",
      title: "ours: REST by user token",
      kind: "ours",
      process: gateway,
      load: loadOf(gateway.port, `Bearer ${gateway.bearer}`, rest),
    },
  ];
}

async function startOnPostgres(keep: Parameters<Starter>[0]): Promise<Started> {
  const postgres = keep(await startPostgres());
  return startOurs(keep, "ours-postgres", "ours: GraphQL by user token, Postgres", { databaseUrl: postgres.url });
}

const bearerOfPeers = (): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("ada")
    .setExpirationTime("12h")
    .sign(new TextEncoder().encode(JWT_SECRET));

async function startOne(keep: Parameters<Starter>[0], name: string, title: string): Promise<Started> {
  const peer = keep(await startPeer(name));
  return [{ name, title, kind: "peer", process: peer, load: loadOf(peer.port, `Bearer ${await bearerOfPeers()}`, { expects: TOKEN }) }];
}

async function startBetterAuth(keep: Parameters<Starter>[0]): Promise<Started> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-bench-"));
  keep({ stop: async () => rmSync(directory, { recursive: true, force: true }) });
  const peer = keep(await startPeer("better-auth", { BENCH_DATABASE: join(directory, "auth.db") }));
  const load = loadOf(peer.port, "", { path: "/api/auth/get-access-token", body: peer.body, headers: peer.headers, expects: TOKEN });
  return [{ name: "better-auth", title: "better-auth, SQLite: its access token endpoint", kind: "peer", process: peer, load }];
}

/** What stands before one and the same second gateway, which is beside the load. */
async function startProxied(keep: Parameters<Starter>[0]): Promise<Started> {
  const upstream = keep(await startGateway({ core: OTHER_CORE, log: "silent" }));
  const url = `http://127.0.0.1:${upstream.port}`;
  const front = keep(await startFront(url));
  const proxy = keep(await startPeer("proxy", { BENCH_UPSTREAM: url }));
  const hive = keep(await startPeer("hive", { BENCH_UPSTREAM: url }));
  const before = (server: BenchGateway | Peer) => ({ process: server, load: loadOf(server.port, `Bearer ${upstream.bearer}`) });
  return [
    { name: "ours-proxied", title: "ours: before a second gateway", kind: "ours", ...before(front) },
    { name: "proxy", title: "node:http and undici before the same", kind: "peer", ...before(proxy) },
    { name: "hive", title: "Hive Gateway before the same", kind: "peer", ...before(hive) },
  ];
}

/** Every read waits for a refresh. Beside it, what the provider takes by itself. */
async function startCold(keep: Parameters<Starter>[0]): Promise<Started> {
  const provider = keep(await startProvider({ latencyMs: PROVIDER_MS, lifetimeSeconds: 2 }));
  const fill = { users: COLD_USERS, lifetimeSeconds: -60 };
  const gateway = keep(await startGateway({ providerUrl: `http://127.0.0.1:${provider.port}`, fill }));
  const cold = { body: KEY_QUERY, subjects: COLD_USERS, ratePerSecond: COLD_RATE };
  const direct = { path: "/token", body: "grant_type=refresh_token", expects: "access-", ratePerSecond: COLD_RATE };
  return [
    {
      name: "ours-cold",
      title: `ours: each read waits for a refresh, ${COLD_RATE}/s`,
      kind: "ours",
      process: gateway,
      load: loadOf(gateway.port, basicOf(gateway), cold),
    },
    {
      name: "provider",
      title: `the provider of ${PROVIDER_MS} ms by itself`,
      kind: "peer",
      process: provider,
      load: loadOf(provider.port, "", direct),
    },
  ];
}
