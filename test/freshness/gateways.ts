import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createSealingKey } from "../../gateway/store/sealing.ts";
import type { AuthorizationServer } from "../support/authorization-server.ts";
import type { TestDatabase } from "../support/databases.ts";
import { findFreePort } from "../support/postgres-server.ts";
import { type GatewayProcess, startProcess } from "../support/process.ts";
import { type SilentProxy, startSilentProxy } from "../support/silent-proxy.ts";
import type { News } from "./judge.ts";

const NOTE_NEWS = new URL("./note-news.mjs", import.meta.url);
const READY_POLL_MS = 50;

/** A gateway in a process of its own. */
export interface Gateway {
  url: string;
  process: GatewayProcess;
  /** Between it and Postgres' news; null on SQLite. */
  line: SilentProxy | null;
  /** What it has noted of the news that came. */
  readNews(): News[];
}

export interface Gateways {
  all: readonly Gateway[];
  /** What the command line and the test itself open the same store with. */
  env: Record<string, string>;
  file: string;
  close(): Promise<void>;
}

/** Starts so many gateways over one store, which all have one public URL. */
export async function startGateways(count: number, database: TestDatabase, provider: AuthorizationServer): Promise<Gateways> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-freshness-"));
  const ports = await Promise.all(Array.from({ length: count }, findFreePort));
  const connector = {
    slug: "test",
    name: "Test",
    provider: provider.providerFacts,
    client_id: provider.client.clientId,
    client_secret: provider.client.clientSecret,
  };
  const file = JSON.stringify({ platform: { name: "Acme" }, connectors: [connector] });
  const env = {
    XKIT_PUBLIC_URL: `http://localhost:${ports[0]}`,
    XKIT_ENCRYPTION_KEYS: createSealingKey("test"),
    XKIT_RATE_LIMITS: "off",
    XKIT_SPOOL_DIR: join(directory, "spool"),
    LOG_LEVEL: "error",
    DATABASE_URL: database.url,
  };
  const start = (port: number) => startOne(port, { directory, env, file, database });
  const [first = 0, ...others] = ports;
  // The first one makes the store.
  const all = [await start(first), ...(await Promise.all(others.map(start)))];
  return {
    all,
    env,
    file,
    async close() {
      for (const { process } of all) process.child.kill("SIGKILL");
      await Promise.all(all.map(({ process }) => process.ended));
      for (const { line } of all) line?.cut();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Launch {
  directory: string;
  env: Record<string, string>;
  file: string;
  database: TestDatabase;
}

async function startOne(port: number, { directory, env, file, database }: Launch): Promise<Gateway> {
  const folder = join(directory, String(port));
  const news = join(folder, "news");
  mkdirSync(folder);
  writeFileSync(join(folder, "xkit.config.json"), file);
  writeFileSync(news, "");
  const line = database.kind === "postgres" ? await startSilentProxy(database.url) : null;
  const own = { ...env, PORT: String(port), FRESHNESS_NEWS: news, ...(line && { DATABASE_LISTEN_URL: line.url }) };
  const process = startProcess(["start"], own, folder, { preload: line ? [NOTE_NEWS] : [] });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, process);
  return { url, process, line, readNews: () => parseNews(readFileSync(news, "utf8")) };
}

async function untilReady(url: string, { child, stderr }: GatewayProcess): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/readyz`).catch(() => null);
    await response?.text();
    if (response?.ok) return;
    if (child.exitCode !== null) throw new Error(`A gateway ended: ${stderr()}`);
    await delay(READY_POLL_MS);
  }
}

const parseNews = (text: string): News[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const space = line.indexOf(" ");
      return { topic: line.slice(space + 1), at: Number(line.slice(0, space)) / 1e6 };
    });
