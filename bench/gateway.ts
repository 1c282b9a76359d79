/** The gateway as it is run: the built command in a process of its own, in front of a real authorization server in this one. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startAuthorizationServer } from "../test/support/authorization-server.ts";

const COMMAND = "dist/gateway/cli.js";
export const CONNECTOR = "bench";

export interface BenchGateway {
  port: number;
  /** A user token of a user who has connected `CONNECTOR`. */
  bearer: string;
  /** Milliseconds from starting the process to the first answered query. */
  coldStartMs: number;
  residentMegabytes(): number;
  stop(): Promise<void>;
}

export async function startBenchGateway(): Promise<BenchGateway> {
  const provider = await startAuthorizationServer();
  const directory = mkdtempSync(join(tmpdir(), "xkit-bench-"));
  const port = await findFreePort();
  const config = join(directory, "xkit.config.json");
  const connector = {
    slug: CONNECTOR,
    name: "Bench",
    provider: provider.providerFacts,
    client_id: provider.client.clientId,
    client_secret: provider.client.clientSecret,
  };
  writeFileSync(config, JSON.stringify({ platform: { name: "Bench" }, connectors: [connector] }));
  const databaseUrl = process.env["BENCH_DATABASE_URL"] ?? `file:${join(directory, "xkit.db")}`;
  const env = {
    ...process.env,
    XKIT_CONFIG: config,
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: "error",
    NODE_ENV: "development",
  };

  const startedAt = performance.now();
  const child = spawn(process.execPath, [COMMAND, "start"], { env, stdio: ["ignore", "ignore", "inherit"] });
  const url = `http://localhost:${port}`;
  await firstAnswer(url, child);
  const coldStartMs = performance.now() - startedAt;

  const bearer = execFileSync(process.execPath, [COMMAND, "users", "token", "ada"], { env, encoding: "utf8" }).trim();
  await connect(url, bearer, (authorizeUrl) => provider.authorize(authorizeUrl));
  return {
    port,
    bearer,
    coldStartMs,
    residentMegabytes: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1024,
    async stop() {
      child.kill("SIGTERM");
      await provider.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function firstAnswer(url: string, child: ChildProcess): Promise<void> {
  const query = { method: "POST", headers: { "content-type": "application/json" }, body: '{"query":"{ platform { name } }"}' };
  while (child.exitCode === null) {
    const response = await fetch(`${url}/graphql`, query).catch(() => null);
    if (response?.ok) return void (await response.text());
    await delay(5);
  }
  throw new Error("The gateway did not start.");
}

async function connect(url: string, bearer: string, authorize: (authorizeUrl: string) => Promise<URL>): Promise<void> {
  const cookiesOf = (response: Response) => response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);
  const session = cookiesOf(await fetch(`${url}/sign-in?token=${bearer}`, { redirect: "manual", headers: { "sec-fetch-site": "none" } }));
  const started = await fetch(`${url}/connect/${CONNECTOR}`, { headers: { cookie: session.join("; ") }, redirect: "manual" });
  const callback = await authorize(started.headers.get("location") ?? "");
  await fetch(callback, { headers: { cookie: [...session, ...cookiesOf(started)].join("; ") }, redirect: "manual" });
}

export function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(address && typeof address === "object" ? address.port : 0));
    });
  });
}
