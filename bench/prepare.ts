import { execFileSync, execSync } from "node:child_process";
import { existsSync } from "node:fs";
import { assertMachine } from "./machine.ts";

/** Installs the peers where they are missing, and builds them, the load and the gateway. Throws one sentence where the machine lacks something. */
export function prepare(): void {
  assertMachine();
  if (!existsSync("bench/node_modules")) execSync("npm ci --prefix bench", { stdio: "inherit" });
  execFileSync(process.execPath, [".ci/build-when-stale.mjs"], { stdio: "inherit" });
  execSync("npx tsc -p bench/tsconfig.json", { stdio: "inherit" });
}
