import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { findFreePort } from "./postgres-server.ts";

/** PgBouncer in transaction mode, with its default settings otherwise. */
export interface Pooler {
  /** The same database, through the pooler. */
  url: string;
  stop(): Promise<void>;
}

/** Starts PgBouncer before the server of `databaseUrl`. */
export async function startPooler(databaseUrl: string): Promise<Pooler> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-pooler-"));
  // It refuses to run as root, and reads its files as another user then.
  chmodSync(directory, 0o755);
  const { hostname, port, username, password } = new URL(databaseUrl);
  const pooled = new URL(databaseUrl);
  pooled.port = String(await findFreePort());
  const lines = [
    "[databases]",
    `* = host=${hostname} port=${port} user=${username} password=${password}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${pooled.port}`,
    "unix_socket_dir =",
    "auth_type = any",
    "pool_mode = transaction",
  ];
  const file = join(directory, "pgbouncer.ini");
  writeFileSync(file, lines.join("\n"));
  const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const PATH = `${process.env["PATH"]}:/usr/sbin`;
  const child = spawn("pgbouncer", [...user, file], { env: { PATH }, stdio: "ignore" });
  const ended = once(child, "close");
  await untilItAnswers(pooled.href);
  return {
    url: pooled.href,
    async stop() {
      child.kill("SIGQUIT");
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function untilItAnswers(url: string): Promise<void> {
  for (let attempts = 100; ; attempts -= 1) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (attempts === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
