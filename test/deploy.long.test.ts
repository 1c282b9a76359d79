/** What the image does, in an empty folder: install the packed package for production, start, answer the health check, end on SIGTERM. */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { z } from "zod";
import { findFreePort } from "./support/nginx.ts";

vi.setConfig({ testTimeout: 600_000 });

const root = fileURLToPath(new URL("..", import.meta.url));
const dockerfile = readFileSync(join(root, "deploy/Dockerfile"), "utf8");
/** The command of an instruction in JSON form: the last one in the file. */
const commandOf = (instruction: RegExp): string[] => {
  const [, json = ""] = [...dockerfile.matchAll(instruction)].at(-1) ?? [];
  return z.array(z.string()).parse(JSON.parse(json));
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "xkit-image-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it("a production install starts, is healthy, and drains on SIGTERM", async () => {
  execFileSync("npm", ["pack", "--pack-destination", directory], { cwd: root, stdio: "ignore" });
  const app = join(directory, "app");
  mkdirSync(app);
  const tarball =
    execFileSync("ls", [directory], { encoding: "utf8" })
      .split("\n")
      .find((name) => name.endsWith(".tgz")) ?? "";
  const install = ["install", "--omit=dev", "--no-audit", "--no-fund", "--no-package-lock", join(directory, tarball)];
  execFileSync("npm", install, { cwd: app, stdio: "ignore" });
  writeFileSync(join(app, "xkit.config.json"), JSON.stringify({ platform: { name: "Acme" } }));
  const env = {
    PATH: process.env["PATH"] ?? "",
    NODE_ENV: "production",
    HOST: "127.0.0.1",
    PORT: String(await findFreePort()),
    XKIT_PUBLIC_URL: "https://connect.example.com",
    XKIT_ENCRYPTION_KEYS: `test:${randomBytes(32).toString("base64")}`,
    XKIT_DRAIN_SECONDS: "1",
    DATABASE_URL: `file:${join(directory, "xkit.db")}`,
  };
  const [command = "", ...args] = commandOf(/^CMD (\[.*\])$/gm);
  const gateway = spawn(command, args, { cwd: app, env, stdio: "inherit" });
  const ended = once(gateway, "close");
  const [check = "", ...checkArgs] = commandOf(/^ {2}CMD (\[.*\])$/gm);
  const isHealthy = async () => (await once(spawn(check, checkArgs, { cwd: app, env, stdio: "ignore" }), "close"))[0] === 0;
  await expect.poll(isHealthy, { timeout: 60_000 }).toBe(true);
  gateway.kill("SIGTERM");
  await delay(300);
  expect((await fetch(`http://127.0.0.1:${env.PORT}/readyz`)).status).toBe(503);
  expect(await ended).toEqual([0, null]);
  expect(await isHealthy()).toBe(false);
});
