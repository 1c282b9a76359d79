/** A gateway in front of another service: the built command in xkit mode, in a process of its own, on its own store. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findFreePort } from "./gateway.ts";

const MILLISECONDS_PER_START_PROBE = 20;

export interface FrontOptions {
  upstreamUrl: string;
  /** Default: that of this checkout. */
  command?: string;
  env?: Record<string, string>;
}

export interface Front {
  port: number;
  /** What the command prints for these words, over the store of this front. */
  run(...words: string[]): string;
  stop(): void;
}

export async function startFront({ upstreamUrl, command = "dist/gateway/cli.js", env: given }: FrontOptions): Promise<Front> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-bench-front-"));
  const config = join(directory, "xkit.config.json");
  writeFileSync(config, JSON.stringify({ platform: { name: "Front" } }));
  const port = await findFreePort();
  const upstream = { XKIT_UPSTREAM: "xkit", XKIT_UPSTREAM_URL: upstreamUrl, ...given };
  const store = { XKIT_CONFIG: config, DATABASE_URL: `file:${join(directory, "xkit.db")}` };
  const env = { ...process.env, ...upstream, ...store, PORT: String(port), LOG_LEVEL: "error", NODE_ENV: "development" };
  const child = spawn(process.execPath, [command, "start"], { env, stdio: ["ignore", "ignore", "inherit"] });
  child.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  while (child.exitCode === null) {
    const isReady = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady)
      return {
        port,
        run: (...words) => execFileSync(process.execPath, [command, ...words], { env, encoding: "utf8" }).trim(),
        stop: () => void child.kill("SIGTERM"),
      };
    await delay(MILLISECONDS_PER_START_PROBE);
  }
  throw new Error("The gateway in front did not start.");
}
