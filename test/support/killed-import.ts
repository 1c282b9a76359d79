import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../gateway/runtime/clock.ts";
import type { Database } from "../../gateway/store/database.ts";
import { openDatabase } from "../../gateway/store/open.ts";
import { createTestDatabase, type DatabaseKind } from "./databases.ts";
import { type GatewayProcess, startProcess } from "./process.ts";

/** What an import that was killed halfway, and started again, has done. */
export interface KilledImport {
  /** What was stored when it was killed, and in the end. */
  storedBefore: number;
  connections: number;
  grants: number;
  owners: number;
  /** The last line that the second import printed. */
  summary: string;
  /** Lines in a second, and the most memory in MB, of the second import. */
  rate: number;
  peakMegabytes: number;
}

const POLL_MS = 20;

/** Imports `count` connections in a process that is killed by SIGKILL once some are stored, and again to the end. */
export async function killAndResume(kind: DatabaseKind, count: number): Promise<KilledImport> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-import-"));
  const database = await createTestDatabase(kind);
  const file = join(directory, "connections.jsonl");
  writeFileSync(file, Array.from({ length: count }, (_, index) => `${JSON.stringify(lineOf(index))}\n`).join(""));
  const connectors = [{ provider: "github", client_id: "client", client_secret: "planted" }];
  writeFileSync(join(directory, "xkit.config.json"), JSON.stringify({ platform: { name: "Acme" }, connectors }));
  const start = () => startProcess(["import", file], { DATABASE_URL: database.url }, directory);
  const killed = start();
  const storedBefore = await killOnceStored(killed, database.url);
  const startedAt = performance.now();
  const resumed = start();
  const peak = watchMemory(resumed);
  await resumed.ended;
  const seconds = (performance.now() - startedAt) / 1_000;
  const counted = await inDatabase(database.url, countRows);
  await database.drop();
  rmSync(directory, { recursive: true, force: true });
  const rate = Math.round((count - storedBefore) / seconds);
  return { storedBefore, ...counted, summary: resumed.stderr().trim().split("\n").at(-1) ?? "", rate, peakMegabytes: await peak };
}

const lineOf = (index: number) => ({
  user: `user-${index}`,
  name: `User ${index}`,
  connector: "github",
  access_token: `access-${index}-${"x".repeat(40)}`,
  refresh_token: `refresh-${index}-${"x".repeat(40)}`,
  expires_at: "2030-01-01T00:00:00Z",
  account_id: String(index),
  account_label: `user-${index}@example.com`,
});

async function killOnceStored(started: GatewayProcess, url: string): Promise<number> {
  for (;;) {
    await delay(POLL_MS);
    // The process makes the store's tables.
    const stored = await inDatabase(url, async (query) => (await countRows(query)).connections).catch(() => 0);
    if (stored === 0) continue;
    started.child.kill("SIGKILL");
    await started.ended;
    return inDatabase(url, async (query) => (await countRows(query)).connections);
  }
}

async function inDatabase<Result>(url: string, ask: (query: Database["query"]) => Promise<Result>): Promise<Result> {
  const store = await openDatabase(url, { clock: systemClock, log: silent });
  try {
    return await ask(store.query);
  } finally {
    await store.close();
  }
}

const silent = { info: () => {}, warn: () => {}, error: () => {} };

async function countRows(query: Database["query"]): Promise<Pick<KilledImport, "connections" | "grants" | "owners">> {
  const count = async (table: "connections" | "authorizations" | "users") =>
    Number(
      (
        await query
          .selectFrom(table)
          .select(({ fn }) => fn.countAll().as("count"))
          .executeTakeFirstOrThrow()
      ).count,
    );
  return { connections: await count("connections"), grants: await count("authorizations"), owners: await count("users") };
}

/** The most memory that a process had, in MB; 0 where the system does not say. */
async function watchMemory({ child, ended }: GatewayProcess): Promise<number> {
  let peak = 0;
  const look = setInterval(() => {
    try {
      const [, kilobytes = "0"] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
      peak = Math.max(peak, Math.round(Number(kilobytes) / 1_024));
    } catch {
      // It has just ended, or the system has no such files.
    }
  }, POLL_MS * 10);
  await ended;
  clearInterval(look);
  return peak;
}
