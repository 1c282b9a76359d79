/**
 * Two gateways over one store behind a real nginx, restarted in turn under load. This nginx asks for no `/readyz`: it sends until a
 * connection is refused. A connection that the system made right before the listener closed is reset. nginx asks another gateway then,
 * but never repeats a POST that it has sent.
 */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Agent, request } from "undici";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createTestDatabase, databaseKinds, type TestDatabase } from "./support/databases.ts";
import { findFreePort, hasNginx, type Nginx, startNginx } from "./support/nginx.ts";

vi.setConfig({ testTimeout: 600_000 });

const GATEWAY = fileURLToPath(new URL("support/restarting-gateway.ts", import.meta.url));
const RESTARTS = 8;
const DRAIN_MS = 1_000;
const CLIENTS = 8;
/** The part of POSTs that may meet the closing listener. A busy machine widens the moment. */
const MAXIMUM_LOST_PART = 0.02;

let database: TestDatabase;
let ports: number[];
let gateways: ChildProcess[];
let nginx: Nginx | undefined;

async function startProcesses(kind: TestDatabase["kind"]): Promise<void> {
  database = await createTestDatabase(kind);
  const shared = {
    XKIT_PUBLIC_URL: "http://localhost:4000",
    DATABASE_URL: database.url,
    XKIT_ENCRYPTION_KEYS: `test:${randomBytes(32).toString("base64")}`,
    LOG_LEVEL: "error",
  };
  const file = JSON.stringify({ platform: { name: "Acme" } });
  for (const port of ports) {
    const options = JSON.stringify({ env: { ...shared, PORT: String(port) }, file, drainMs: DRAIN_MS });
    const child = fork(GATEWAY, [options], { execArgv: ["--import", import.meta.resolve("tsx")] });
    gateways.push(child);
    await once(child, "message");
  }
}

async function order(child: ChildProcess | undefined, what: "token" | "restart"): Promise<string> {
  if (!child) throw new TypeError("A gateway was started.");
  const answered = once(child, "message");
  child.send(what);
  return String((await answered)[0]);
}

beforeEach(async () => {
  ports = [await findFreePort(), await findFreePort()];
  gateways = [];
});
afterEach(async () => {
  await nginx?.close();
  await Promise.all(gateways.map((child) => (child.disconnect(), once(child, "close"))));
  await database.drop();
});

/** Asks until `isOver` says so, over connections that are kept. Answers how often each status came; what failed counts under its error. */
async function load(url: string, bearer: string, isOver: () => boolean): Promise<Record<string, number>> {
  const dispatcher = new Agent({ connections: CLIENTS });
  const counts: Record<string, number> = {};
  const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
  const body = JSON.stringify({ query: "{ viewer { id } }" });
  const ask = async (method: "GET" | "POST") => {
    const options = method === "GET" ? { query: { query: "{viewer{id}}" } } : { body };
    const { statusCode, body: answer } = await request(`${url}/graphql`, { method, headers, dispatcher, ...options });
    const text = await answer.text();
    return statusCode === 200 && text !== '{"data":{"viewer":{"id":"ada"}}}' ? text : String(statusCode);
  };
  const client = async (method: "GET" | "POST") => {
    while (!isOver()) {
      const outcome = `${method} ${await ask(method).catch((error: unknown) => String(error))}`;
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index % 2 === 0 ? "GET" : "POST")));
  await dispatcher.close();
  return counts;
}

const proxies = [
  ["a connection for each request, as nginx does unasked", {}],
  ["kept connections", { upstream: "keepalive 16;", location: 'proxy_http_version 1.1; proxy_set_header Connection "";' }],
] as const;

it.skipIf(!hasNginx).each(databaseKinds.flatMap((kind) => proxies.map(([name, settings]) => [name, kind, settings] as const)))(
  "no query by GET is lost, and hardly one by POST, over %s, %s (needs nginx)",
  async (name, kind, settings) => {
    await startProcesses(kind);
    nginx = await startNginx(ports, settings);
    const bearer = await order(gateways[0], "token");
    let isOver = false;
    const loading = load(nginx.url, bearer, () => isOver);
    for (let turn = 0; turn < RESTARTS; turn += 1) await order(gateways[turn % gateways.length], "restart");
    isOver = true;
    const counts = await loading;
    console.info(name, kind, counts);
    const { "GET 200": got, "POST 200": posted = 0, "POST 502": lost = 0, ...others } = counts;
    expect({ got, others }).toEqual({ got: expect.any(Number), others: {} });
    expect(lost).toBeLessThan(posted * MAXIMUM_LOST_PART);
  },
);
