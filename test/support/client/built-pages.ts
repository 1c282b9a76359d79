import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const LOCK = join(ROOT, "dist/.building-pages");
/** Longer than any build takes: the holder of an older lock was killed. */
const LOCK_LIFE_MS = 60_000;
const POLL_MS = 100;

const changedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function isStale(): boolean {
  const sources = readdirSync(join(ROOT, "client"), { recursive: true, encoding: "utf8" })
    .filter((path) => !/(^(dist|node_modules)\b|\.test\.tsx?$)/.test(path))
    .map((path) => join(ROOT, "client", path));
  const builtAt = Math.min(
    ...["catalog/index.html", "browser/xkit.js", "graphiql/index.html"].map((path) => changedAt(join(ROOT, "dist", path))),
  );
  return Math.max(...[...sources, join(ROOT, "package-lock.json")].map(changedAt)) > builtAt;
}

function takeLock(): boolean {
  if (Date.now() - changedAt(LOCK) > LOCK_LIFE_MS) rmSync(LOCK, { recursive: true, force: true });
  try {
    mkdirSync(LOCK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Builds the catalog, xkit.js and GraphiQL into `dist` when a source of theirs is newer, so that no test sees old ones. Test files run at
 * once: one of them builds, and the others wait for it.
 */
export async function buildPages(): Promise<void> {
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  while (!takeLock()) await delay(POLL_MS);
  try {
    if (isStale()) await build();
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
}

/** Out of the test's process: there NODE_ENV is `test`, and React would be built for development. */
async function build(): Promise<void> {
  const env = { ...process.env, NODE_ENV: "production" };
  await promisify(execFile)("npm", ["run", "--silent", "build:pages"], { cwd: ROOT, env });
}
