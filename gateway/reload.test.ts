import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createSealingKey } from "./store/sealing.ts";
import { PATIENCE } from "../test/support/patience.ts";
import { type GatewayProcess, startProcess } from "../test/support/process.ts";

let folder: string;
let gateway: GatewayProcess;
let url: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "xkit-reload-"));
});
afterEach(async () => {
  gateway.child.kill("SIGKILL");
  await gateway.ended;
  rmSync(folder, { recursive: true, force: true });
});

const provider = { authorization_endpoint: "https://p.example/authorize", token_endpoint: "https://p.example/token" };
const connector = (slug: string) => ({ slug, name: slug, provider, client_id: "id", client_secret: "secret", scopes: ["read"] });
const write = (slugs: readonly string[], more: object = {}) =>
  writeFileSync(
    join(folder, "xkit.config.json"),
    JSON.stringify({ platform: { name: "Acme" }, connectors: slugs.map(connector), ...more }),
  );

/** In production: outside of it a SIGHUP ends the process. */
async function start(words: readonly string[] = [], more: Record<string, string> = {}, preload: readonly URL[] = []): Promise<void> {
  const env = {
    NODE_ENV: "production",
    PORT: "0",
    HOST: "127.0.0.1",
    XKIT_PUBLIC_URL: "http://localhost:0",
    XKIT_ENCRYPTION_KEYS: createSealingKey("test"),
    XKIT_DRAIN_SECONDS: "0",
    DATABASE_URL: `file:${join(folder, "xkit.db")}`,
    XKIT_CONFIG: "xkit.config.json",
    ...more,
  };
  gateway = startProcess(["start", ...words], env, folder, { preload });
  url = await gateway.printed(/"url":"([^"]+)"/);
}

async function listSlugs(): Promise<string[]> {
  const body = JSON.stringify({ query: "{ connectors { slug } }" });
  const answer = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close" },
    body,
  });
  const { data } = await answer.json();
  return data.connectors.map(({ slug }: { slug: string }) => slug);
}

it("serves by the changed file after a SIGHUP, and by the one before where the change is not valid", async () => {
  write(["one"]);
  await start();
  expect(await listSlugs()).toEqual(["one"]);
  write(["one", "two"]);
  gateway.child.kill("SIGHUP");
  await gateway.printed(/the configuration was reloaded/);
  expect(await listSlugs()).toEqual(["one", "two"]);
  write(["three", "three"], { web_origins: ["nonsense"] });
  gateway.child.kill("SIGHUP");
  const line = await gateway.printed(/.*"problems".*/);
  expect(JSON.parse(line)).toMatchObject({
    level: "error",
    problems: [expect.stringContaining("web_origins.0"), expect.stringContaining("must have distinct slugs")],
  });
  expect(await listSlugs()).toEqual(["one", "two"]);
});

it("answers without a failure while it reads the file again and again", async () => {
  write(["one"]);
  await start();
  const done = new AbortController();
  const failures: unknown[] = [];
  const asking = Array.from({ length: 4 }, async () => {
    while (!done.signal.aborted) await listSlugs().catch((error: unknown) => failures.push(error));
  });
  for (const slug of ["two", "three", "four"]) {
    write([slug]);
    gateway.child.kill("SIGHUP");
    await vi.waitFor(async () => expect(await listSlugs()).toEqual([slug]), PATIENCE);
  }
  done.abort();
  await Promise.all(asking);
  expect(failures).toEqual([]);
});

it("serves by the changed file in every worker", async () => {
  write(["one"]);
  await start(["--workers", "2"]);
  write(["two"]);
  gateway.child.kill("SIGHUP");
  await vi.waitFor(async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, listSlugs));
    expect(answers).toEqual(answers.map(() => ["two"]));
  }, PATIENCE);
});

it.each([[[]], [["--workers", "2"]]])("is not ready again where the file is read again while it drains: start %j", async (words) => {
  write(["one"]);
  await start(words, { XKIT_DRAIN_SECONDS: "600" });
  gateway.child.kill("SIGTERM");
  const readiness = async () => (await fetch(`${url}/readyz`, { headers: { connection: "close" } })).status;
  await vi.waitFor(async () => expect(await readiness()).toBe(503), PATIENCE);
  write(["two"]);
  gateway.child.kill("SIGHUP");
  await vi.waitFor(async () => expect(await listSlugs()).toEqual(["two"]), PATIENCE);
  expect(await readiness()).toBe(503);
});

it("loses no worker where the SIGHUP goes to all processes of a gateway", async () => {
  write(["one"]);
  await start(["--workers", "2"]);
  write(["two"]);
  const workers = [...gateway.stdout().matchAll(/"pid":(\d+),"msg":"a worker is ready"/g)].map(([, pid]) => Number(pid));
  expect(workers).toHaveLength(2);
  for (const pid of workers) process.kill(pid, "SIGHUP");
  gateway.child.kill("SIGHUP");
  await vi.waitFor(async () => expect(await listSlugs()).toEqual(["two"]), PATIENCE);
  expect(gateway.stdout()).not.toContain("a worker ended");
});

/** Sends the process a SIGHUP as soon as it knows signals, while it starts. Not a worker. */
const hangUp = new URL(
  `data:text/javascript,process.argv[2] === "start" && process.on("newListener", (name) => name === "SIGTERM" && setImmediate(process.kill, process.pid, "SIGHUP"))`,
);

it.each([[[]], [["--workers", "2"]]])("is not ended by a SIGHUP that comes while it starts: start %j", async (words) => {
  write(["one"]);
  await start(words, {}, [hangUp]);
  await gateway.printed(/the configuration was reloaded/);
  expect(await listSlugs()).toEqual(["one"]);
});
