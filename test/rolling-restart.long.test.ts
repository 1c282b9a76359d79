/**
 * Two gateways over one store behind a real nginx with the configuration of `deploy/`, restarted in turn under load. This nginx asks for
 * no `/readyz`: it sends until a connection is refused or reset, and then asks the other gateway.
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
/** Under load for as long as it takes to ask so often. */
const LEAST_REQUESTS = 3_000;

let database: TestDatabase;
let ports: [number, number];
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
  await Promise.all(gateways.map((child) => (child.disconnect(), once(child, "exit"))));
  await database.drop();
});

/** Asks until `isOver` says so, over connections that are kept. Counts how often each status came; what failed counts under its error. */
async function load(url: string, bearer: string, counts: Record<string, number>, isOver: () => boolean): Promise<void> {
  const dispatcher = new Agent({ connections: CLIENTS });
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
}

it.skipIf(!hasNginx).each(databaseKinds)("no query is lost, over %s (needs nginx)", async (kind) => {
  await startProcesses(kind);
  nginx = await startNginx(ports);
  const bearer = await order(gateways[0], "token");
  let isOver = false;
  const counts: Record<string, number> = {};
  const loading = load(nginx.url, bearer, counts, () => isOver);
  const asked = () => Object.values(counts).reduce((sum, count) => sum + count, 0);
  for (let turn = 0; turn < RESTARTS || asked() < LEAST_REQUESTS; turn += 1) await order(gateways[turn % gateways.length], "restart");
  isOver = true;
  await loading;
  console.info(kind, counts);
  expect(counts).toEqual({ "GET 200": expect.any(Number), "POST 200": expect.any(Number) });
});
