import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import Libsql from "libsql";
import pg from "pg";
import type { DatabaseKind } from "../support/databases.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import type { History } from "./history.ts";
import type { PlannedEvent } from "./plan.ts";
import { startStoreProxy } from "./store-proxy.ts";

/** The store that all gateways share, and what can be done to it. */
export interface TorturedStore {
  /** Where a process reaches it, through a proxy of its own where there is one. */
  urlFor(process: number): string;
  /** Past every proxy. */
  directUrl: string;
  /** Resolves when the fault is over. Does nothing for what is no fault of the store. */
  apply(event: PlannedEvent): Promise<void>;
  close(): Promise<void>;
}

const SLOW_STORE_MS = 150;
const LOCK_RETRY_MS = 10;
/** Backends are ended so often, this far apart, so that some are met within a transaction. */
const TERMINATIONS = 5;
const TERMINATION_PAUSE_MS = 120;
const ATTEMPTS = 50;
const ATTEMPT_PAUSE_MS = 200;

export const openTorturedStore = (kind: DatabaseKind, processes: number, history: History): Promise<TorturedStore> =>
  kind === "postgres" ? openPostgres(processes, history) : openSqlite(history);

async function openSqlite(history: History): Promise<TorturedStore> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-torture-"));
  const path = join(directory, "xkit.db");
  const url = `file:${path}`;

  async function lock(forMs: number): Promise<void> {
    const writer = new Libsql(path);
    while (!begins(writer)) await delay(LOCK_RETRY_MS);
    await history.duringTrouble("all", () => delay(forMs));
    writer.exec("rollback");
    writer.close();
  }

  return {
    urlFor: () => url,
    directUrl: url,
    apply: async ({ kind, forMs }) => (kind === "lock" ? lock(forMs) : undefined),
    close: async () => rmSync(directory, { recursive: true, force: true }),
  };
}

function begins(writer: Libsql.Database): boolean {
  try {
    writer.exec("begin immediate");
    return true;
  } catch {
    return false;
  }
}

async function openPostgres(processes: number, history: History): Promise<TorturedStore> {
  const server = await startPostgresServer();
  const proxies = await Promise.all(Array.from({ length: processes }, () => startStoreProxy(Number(new URL(server.url).port))));
  const during = history.duringTrouble;

  const run = (statement: string) => insist(() => runOnce(server.url, statement));
  const terminate = async () => {
    for (let index = 0; index < TERMINATIONS; index += 1) {
      await run("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'");
      await delay(TERMINATION_PAUSE_MS);
    }
  };
  const apply = async ({ kind, target, forMs }: PlannedEvent): Promise<void> => {
    const proxy = proxies[target];
    if (kind === "cut") {
      for (const each of proxies) each.setCut(true);
      await during("all", () => delay(forMs));
      for (const each of proxies) each.setCut(false);
    } else if (kind === "delay") {
      proxy?.setDelay(SLOW_STORE_MS);
      await during(target, () => delay(forMs));
      proxy?.setDelay(0);
    } else if (kind === "reset") await during(target, async () => proxy?.reset());
    else if (kind === "backends-terminated") await during("all", terminate);
    else if (kind === "postgres-restart") await during("all", async () => (await server.stop(), server.start()));
  };

  return {
    urlFor: (process) => server.url.replace(/:\d+\//, `:${proxies[process]?.port}/`),
    directUrl: server.url,
    apply,
    async close() {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await server.remove();
    },
  };
}

async function runOnce(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** Another fault may be keeping the server away at the moment. */
async function insist(action: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await delay(ATTEMPT_PAUSE_MS);
    }
  }
}
