/** What the examples know of the gateway that `npm start` runs. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const GATEWAY_URL = process.env["XKIT_URL"] ?? "http://localhost:4000";

const CLI = fileURLToPath(new URL("../gateway/cli.ts", import.meta.url));

/** Runs the gateway's command line over the same store, and answers what it prints. In your own app: `npx xkit-gateway …`. */
export function runCommand(...words: string[]): string {
  return execFileSync(process.execPath, ["--import", import.meta.resolve("tsx"), CLI, ...words], { encoding: "utf8" }).trim();
}
