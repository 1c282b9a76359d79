/**
 * Attacks a gateway's store from outside: a commit of another process while a WebSocket is open (SQLite), connections terminated while a
 * transaction holds them, and a Postgres server that stops (Postgres). Prints whether the process lives, and the statuses of its answers.
 * Run: `npx tsx test/attacks/store-away.ts [folder of another checkout]`
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { WebSocket } from "ws";
import { startPostgresServer } from "../support/postgres-server.ts";

const CLI = join(resolve(process.argv[2] ?? "."), "gateway/cli.ts");
const TSX = import.meta.resolve("tsx");
const ASKS = 20;

interface Attacked {
  child: ChildProcess;
  url: string;
  run(...args: string[]): Promise<string>;
  log(): string;
}

function start(args: readonly string[], env: Record<string, string>, directory: string) {
  const child = spawn(process.execPath, ["--import", TSX, CLI, ...args], {
    cwd: directory,
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  const output = { text: "" };
  child.stdout.on("data", (part: Buffer) => (output.text += part.toString()));
  child.stderr.on("data", (part: Buffer) => (output.text += part.toString()));
  return { child, output };
}

async function attack(databaseUrl: string): Promise<Attacked> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-attack-"));
  writeFileSync(join(directory, "xkit.config.json"), JSON.stringify({ platform: { name: "Acme" } }));
  const env = { DATABASE_URL: databaseUrl, PORT: "0", LOG_LEVEL: "info" };
  const { child, output } = start(["start"], env, directory);
  while (!/"listening"/.test(output.text)) await delay(50);
  const [, url = ""] = /"url":"([^"]+)"/.exec(output.text) ?? [];
  const run = async (...args: string[]) => {
    const once_ = start(args, { ...env, XKIT_PUBLIC_URL: url }, directory);
    await once(once_.child, "close");
    return once_.output.text.trim().split("\n").at(-1) ?? "";
  };
  return { child, url, run, log: () => output.text };
}

const livesOf = ({ child }: Attacked) => (child.exitCode === null && child.signalCode === null ? "lives" : `ended with ${child.exitCode}`);

async function openSocketAndCommit(): Promise<void> {
  const gateway = await attack(`file:${join(mkdtempSync(join(tmpdir(), "xkit-attack-")), "xkit.db")}`);
  const token = await gateway.run("users", "token", "ada");
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/socket/websocket?token=${token}&vsn=2.0.0`);
  await once(socket, "open");
  socket.on("error", () => {});
  await gateway.run("keys", "create");
  await delay(5_000);
  console.log("SQLite, an open socket and a commit of another process:", livesOf(gateway), /RangeError/.exec(gateway.log())?.[0] ?? "");
  socket.terminate();
  gateway.child.kill();
}

async function breakPostgres(): Promise<void> {
  const server = await startPostgresServer();
  const gateway = await attack(server.url);
  const token = await gateway.run("users", "token", "ada");
  const ask = async () => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const body = JSON.stringify({ query: "{ viewer { id } }" });
    return fetch(`${gateway.url}/graphql`, { method: "POST", headers, body }).then(
      ({ status }) => status,
      () => "no answer",
    );
  };
  console.log("Postgres, before:", await ask());
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  admin.on("error", () => {});
  // A transaction of the gateway waits for the lock, and holds its connection.
  await admin.query("begin; lock table sessions in access exclusive mode");
  const login = JSON.stringify({ query: "mutation ($token: String!) { login(token: $token) { token } }", variables: { token } });
  const waiting = fetch(`${gateway.url}/graphql`, { method: "POST", headers: { "content-type": "application/json" }, body: login }).then(
    ({ status }) => status,
    () => "no answer",
  );
  await delay(500);
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'",
  );
  console.log("Postgres, connections terminated in transactions:", await waiting, livesOf(gateway));
  await admin.end();
  await server.stop();
  await delay(1_000);
  const statuses = await Promise.all(Array.from({ length: ASKS }, ask));
  const ready = await fetch(`${gateway.url}/readyz`).then(
    ({ status }) => status,
    () => "no answer",
  );
  console.log(
    "Postgres, stopped:",
    new Map([...new Set(statuses)].map((status) => [status, statuses.filter((one) => one === status).length])),
    "readyz",
    ready,
    livesOf(gateway),
  );
  gateway.child.kill();
  await server.remove().catch(() => {});
}

await openSocketAndCommit();
await breakPostgres();
process.exit();
