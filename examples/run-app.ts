/**
 * Serves an example that is an app with packages of its own, with the client as it is published, and a pair of API keys for as long as it
 * runs: `npm run example:next` as it is developed, `npm run example:next -- start` as it is deployed.
 */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { GATEWAY_URL, runCommand } from "./gateway.ts";

const SECRET_BYTES = 32;
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const port = process.env["EXAMPLE_PORT"] ?? "3000";

type Command = [name: string, ...words: string[]];
const APPS: Record<string, Record<"dev" | "start", Command>> = {
  next: {
    dev: ["next", "dev", "--hostname", "localhost", "--port", port],
    start: ["next", "start", "--hostname", "localhost", "--port", port],
  },
  "react-router": {
    dev: ["react-router", "dev", "--host", "localhost", "--port", port, "--strictPort"],
    // Its address is in HOST and PORT.
    start: ["react-router-serve", "build/server/index.js"],
  },
};

const [, , name = "", mode] = process.argv;
const app = APPS[name];
if (!app) throw new Error(`There is no example "${name}": name one of ${Object.keys(APPS).join(", ")}.`);
const folder = fileURLToPath(new URL(name, import.meta.url));
const { NODE_ENV: _ours, ...outer } = process.env;
const npm = (cwd: string, ...words: string[]) => execFileSync("npm", [...words, "--silent"], { cwd, env: outer, stdio: "inherit" });

for (const script of ["build:catalog", "build:client"]) npm(ROOT, "run", script);
// A copy of the same version would be kept.
rmSync(`${folder}/node_modules/@xkit-gateway`, { recursive: true, force: true });
npm(folder, "install", "--no-audit", "--no-fund", "--prefer-offline");
if (mode === "start") npm(folder, "run", "build");

const [, publishable = "", secret = ""] = /publishable\s+(\S+)\s+secret\s+(\S+)/.exec(runCommand("keys", "create", "--name", name)) ?? [];
try {
  const env = {
    ...outer,
    HOST: "localhost",
    PORT: port,
    XKIT_URL: GATEWAY_URL,
    XKIT_PUBLISHABLE_KEY: publishable,
    XKIT_SECRET_KEY: secret,
    SESSION_SECRET: randomBytes(SECRET_BYTES).toString("base64url"),
  };
  const [command, ...words] = app[mode === "start" ? "start" : "dev"];
  const served = spawn(`${folder}/node_modules/.bin/${command}`, words, { cwd: folder, env, stdio: "inherit" });
  // The signal reaches the server by itself.
  process.on("SIGINT", () => {});
  await once(served, "close");
} finally {
  runCommand("keys", "revoke", publishable);
}
