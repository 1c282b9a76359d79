/**
 * Serves the Next example with the client as it is published, and a pair of API keys for as long as it runs: `npm run example:next` as it is
 * developed, `npm run example:next -- start` as it is deployed.
 */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { GATEWAY_URL, runCommand } from "./gateway.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDER = fileURLToPath(new URL("next", import.meta.url));
const SECRET_BYTES = 32;

const mode = process.argv[2] === "start" ? "start" : "dev";
const port = process.env["EXAMPLE_PORT"] ?? "3000";
const { NODE_ENV: _ours, ...outer } = process.env;
const npm = (cwd: string, ...words: string[]) => execFileSync("npm", [...words, "--silent"], { cwd, env: outer, stdio: "inherit" });

for (const script of ["build:catalog", "build:client"]) npm(ROOT, "run", script);
// A copy of the same version would be kept.
rmSync(`${FOLDER}/node_modules/@xkit-gateway`, { recursive: true, force: true });
npm(FOLDER, "install", "--no-audit", "--no-fund", "--prefer-offline");
if (mode === "start") npm(FOLDER, "run", "build");

const [, publishable = "", secret = ""] = /publishable\s+(\S+)\s+secret\s+(\S+)/.exec(runCommand("keys", "create", "--name", "next")) ?? [];
try {
  const env = {
    ...outer,
    XKIT_URL: GATEWAY_URL,
    XKIT_PUBLISHABLE_KEY: publishable,
    XKIT_SECRET_KEY: secret,
    SESSION_SECRET: randomBytes(SECRET_BYTES).toString("base64url"),
  };
  const served = spawn(`${FOLDER}/node_modules/.bin/next`, [mode, "--hostname", "localhost", "--port", port], {
    cwd: FOLDER,
    env,
    stdio: "inherit",
  });
  // The signal reaches the server by itself.
  process.on("SIGINT", () => {});
  await once(served, "close");
} finally {
  runCommand("keys", "revoke", publishable);
}
