/** Both packages, installed from a registry on every Node that they are for. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { startRegistry } from "./support/registry.ts";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "xkit-installed-"));
let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeAll(async () => {
  const words = ["pack", "--json", "--silent", "--workspace", "client", "--include-workspace-root", "--pack-destination", directory];
  const packed: { filename: string }[] = JSON.parse(execFileSync("npm", words, { cwd: ROOT, encoding: "utf8" }));
  registry = await startRegistry(packed.map(({ filename }) => join(directory, filename)));
});
afterAll(async () => {
  await registry.close();
  rmSync(directory, { recursive: true, force: true });
});

const lockSchema = z.object({ packages: z.record(z.string(), z.object({ version: z.string().optional() })) });
const versionsIn = (path: string) => lockSchema.parse(JSON.parse(readFileSync(path, "utf8"))).packages;

const USE = `
  import { createXkit } from "@xkit-gateway/client";
  import { createServer } from "@xkit-gateway/client/server";
  console.log(process.version, typeof createXkit, typeof createServer);`;

describe.each([20, 22, 24])("on Node %s", (major) => {
  const app = join(directory, `node-${major}`);
  let env: NodeJS.ProcessEnv;
  let said: string;

  const run = async (command: string, ...words: string[]) => promisify(execFile)(command, words, { cwd: app, env });

  beforeAll(async () => {
    mkdirSync(app);
    writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
    writeFileSync(join(app, "xkit.config.json"), JSON.stringify({ platform: { name: "Acme" } }));
    const { NODE_ENV: _test, ...outer } = process.env;
    env = outer;
    const { stdout } = await run("npx", "--yes", "--package", `node@${major}`, "node", "--print", "process.execPath");
    env = { ...outer, PATH: `${dirname(stdout.trim())}:${outer["PATH"] ?? ""}` };
    const words = ["--registry", registry.url, "--prefer-offline", "--no-audit", "--no-fund"];
    const { stderr } = await run("npm", "install", ...words, "xkit-gateway", "@xkit-gateway/client");
    said = stderr;
  });

  test("installs what it was tested with, and nothing that this Node is too old for", () => {
    expect(said).not.toContain("EBADENGINE");
    const installed = Object.entries(versionsIn(join(app, "node_modules/.package-lock.json")));
    const tested = versionsIn(join(ROOT, "package-lock.json"));
    const PREFIX = "node_modules/xkit-gateway/";
    const ofTheServer = installed.flatMap(([path, { version }]) => (path.startsWith(PREFIX) ? [[path.slice(PREFIX.length), version]] : []));
    expect(ofTheServer.length).toBeGreaterThan(50);
    expect(ofTheServer.filter(([path = "", version]) => tested[path]?.version !== version)).toEqual([]);
  });

  test("answers a query, and its client is imported", async () => {
    writeFileSync(join(app, "use.js"), USE);
    const { stdout } = await run("node", "use.js");
    expect(stdout).toMatch(new RegExp(`^v${major}\\.\\S+ function function\n$`));
    const gateway = spawn("node", ["node_modules/xkit-gateway/dist/gateway/cli.js", "start"], { cwd: app, env: { ...env, PORT: "0" } });
    let printed = "";
    gateway.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
    await expect.poll(() => printed).toMatch(/Xkit Gateway {2}\S+/);
    const [, url = ""] = /Xkit Gateway {2}(\S+)/.exec(printed) ?? [];
    const query = encodeURIComponent("{ platform { name } }");
    expect(await (await fetch(`${url}/graphql?query=${query}`)).json()).toEqual({ data: { platform: { name: "Acme" } } });
    const ended = once(gateway, "close");
    gateway.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
});
