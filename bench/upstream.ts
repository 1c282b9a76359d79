/**
 * A gateway before another gateway: the latency that it adds over asking the second directly, and `connectionToken` through it beside a
 * bare proxy of node:http and undici. Everything in a process of its own; rounds alternate, so that a noisy machine disturbs all alike.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import { Pool } from "undici";
import { z } from "zod";
import { startFront } from "./front.ts";
import { CONNECTOR, startBenchGateway } from "./gateway.ts";
import { measureThroughput } from "./load.ts";

const ROUNDS = 5;
const LATENCIES_PER_ROUND = 1_000;
const REQUESTS_PER_ROUND = 2_000;
const WARM_UP_REQUESTS = 4_000;
const CONCURRENCY = 16;

const QUERY = JSON.stringify({ query: `query Token { connectionToken(where: { slug: "${CONNECTOR}" }) }` });
const isToken = (answer: string) => /^\{"data":\{"connectionToken":"[^"]+"\}\}$/.test(answer);

/** What stands before the second gateway with the least work there is: it reads nothing and passes everything on. */
function runProxy(origin: string): void {
  const pool = new Pool(origin, { connections: 128 });
  const server = createServer((incoming, outgoing) => {
    const { host: _host, connection: _connection, ...headers } = incoming.headers;
    const options = { method: "POST", path: incoming.url ?? "/", headers, body: incoming } as const;
    void pool.stream(options, ({ statusCode, headers: answered }) => outgoing.writeHead(statusCode, answered));
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    process.send?.({ port: address && typeof address === "object" ? address.port : 0 });
  });
}

async function startProxy(port: number): Promise<{ port: number; child: ChildProcess }> {
  const child = fork(new URL(import.meta.url), ["proxy", `http://127.0.0.1:${port}`]);
  const [message] = await once(child, "message");
  return { ...z.object({ port: z.number() }).parse(message), child };
}

/** Milliseconds of one request after the other, on one connection. */
async function measureLatencies(port: number, headers: Record<string, string>, count: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const latencies: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const startedAt = performance.now();
    await post(agent, port, headers);
    latencies.push(performance.now() - startedAt);
  }
  agent.destroy();
  return latencies;
}

function post(agent: Agent, port: number, headers: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path: "/graphql", method: "POST", agent };
    const all = { "content-type": "application/json", "content-length": Buffer.byteLength(QUERY), ...headers };
    const outgoing = request({ ...options, headers: all }, (response) => response.resume().once("end", resolve));
    outgoing.on("error", reject).end(QUERY);
  });
}

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

async function measure(): Promise<void> {
  const second = await startBenchGateway();
  const front = await startFront({ upstreamUrl: `http://127.0.0.1:${second.port}` });
  const proxy = await startProxy(second.port);
  const headers = { authorization: `Bearer ${second.bearer}` };
  const targets = [
    { name: "the second, directly", port: second.port },
    { name: "through a bare proxy", port: proxy.port },
    { name: "through the gateway", port: front.port },
  ].map((target) => ({ ...target, latencies: [] as number[], rates: [] as number[] }));
  const load = (port: number, requests: number) =>
    measureThroughput({ port, body: QUERY, headers, requests, concurrency: CONCURRENCY }, isToken);

  for (const { port } of targets) await load(port, WARM_UP_REQUESTS);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { port, latencies } of targets) latencies.push(...(await measureLatencies(port, headers, LATENCIES_PER_ROUND)));
    for (const { port, rates } of targets) rates.push(await load(port, REQUESTS_PER_ROUND));
  }

  const [direct] = targets;
  console.log("connectionToken        median ms  added    p99 ms  added    req/s (median of rounds)");
  for (const { name, latencies, rates } of targets) {
    const [median, p99] = [percentile(latencies, 0.5), percentile(latencies, 0.99)];
    const added = [median - percentile(direct?.latencies ?? [], 0.5), p99 - percentile(direct?.latencies ?? [], 0.99)];
    const cells = [median, added[0] ?? 0, p99, added[1] ?? 0].map((value) => value.toFixed(2).padStart(7));
    console.log(`${name.padEnd(22)} ${cells.join("  ")}  ${percentile(rates, 0.5).toFixed(0).padStart(8)}`);
  }
  front.stop();
  proxy.child.kill();
  await second.stop();
}

const [role, origin = ""] = process.argv.slice(2);
if (role === "proxy") runProxy(origin);
else await measure();
