import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterEach, beforeEach, expect, inject, it } from "vitest";
import { createSealingKey } from "../store/sealing.ts";
import { listen } from "../http/listener.ts";
import { type GatewayProcess, startProcess } from "../../test/support/process.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "xkit-doctor-"));
  writeFileSync(join(folder, "xkit.config.json"), JSON.stringify({ platform: { name: "Acme" } }));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = (words: readonly string[], env: Record<string, string> = {}): GatewayProcess =>
  startProcess(words, { DATABASE_URL: `file:${join(folder, "xkit.db")}`, ...env }, folder);

async function examine(env: Record<string, string> = {}) {
  const { ended, stdout, stderr } = start(["doctor", "--json"], env);
  const code = await ended;
  return { code, stderr: stderr(), checks: JSON.parse(stdout()) as unknown };
}

const check = (about: string, level: string, text: string) => ({ about, level, text: expect.stringContaining(text) });

it("says of a gateway that runs that all is well, and changes nothing", async () => {
  const keys = createSealingKey("k1");
  const gateway = start(["start"], { PORT: "0", XKIT_ENCRYPTION_KEYS: keys, LOG_LEVEL: "info" });
  const { port } = new URL(await gateway.printed(/"url":"([^"]+)"/));
  const { code, checks } = await examine({ PORT: port, XKIT_ENCRYPTION_KEYS: keys });
  expect(checks).toEqual([
    check("configuration", "ok", "xkit.config.json"),
    check("store", "ok", "can be read"),
    check("keys", "ok", '"k1" seals everything'),
    check("listening", "ok", "is ready"),
    expect.objectContaining({ about: "disk" }),
    check("public URL", "ok", "a gateway answers at"),
  ]);
  expect(code).toBe(0);
  gateway.child.kill("SIGTERM");
  await gateway.ended;
});

it("names what is wrong with the configuration, and looks no further", async () => {
  const { code, checks } = await examine({ PORT: "x", XKIT_PUBLIC_ULR: "https://x.example.com" });
  expect({ code, checks }).toEqual({
    code: 1,
    checks: [check("configuration", "error", "PORT must be"), check("configuration", "warning", "XKIT_PUBLIC_ULR")],
  });
});

it("tells of a store that is not there, a port that another server has, and a missing key", async () => {
  const server = createServer((_request, response) => response.end("hello"));
  const port = String(await listen(server, { host: "127.0.0.1", port: 0 }));
  const { checks } = await examine({ PORT: port });
  expect(checks).toContainEqual(check("store", "warning", "the first start creates it"));
  expect(checks).toContainEqual(check("listening", "error", "another server uses"));
  expect(checks).toContainEqual(check("public URL", "error", "not as a gateway does"));
  await start(["keys", "create"], { XKIT_ENCRYPTION_KEYS: createSealingKey("k1") }).ended;
  const lacking = await examine({ PORT: port, XKIT_ENCRYPTION_KEYS: createSealingKey("k2") });
  expect(lacking.checks).toContainEqual(check("keys", "error", 'lacks the key "k1"'));
  expect(lacking.code).toBe(1);
  server.close();
});

it("tells of a Postgres whether it answers, and how far its clock is from this machine's", async () => {
  expect((await examine({ DATABASE_URL: "postgres://u:planted@127.0.0.1:1/x" })).checks).toContainEqual(
    check("store", "error", "cannot be read (ECONNREFUSED)"),
  );
  const { checks } = await examine({ DATABASE_URL: inject("postgresUrl") });
  expect(checks).toContainEqual(check("store", "warning", "has no tables yet"));
  expect(checks).toContainEqual(check("clock", "ok", "of this machine and the store differ by"));
});

it("tells of an earlier release's store that the next start changes it, and reads none of its keys", async () => {
  const sql = readFileSync("test/upgrades/stores/0001-initial.sqlite.sql", "utf8");
  const file = new Libsql(join(folder, "xkit.db"));
  file.exec(sql);
  file.close();
  const { checks } = await examine({ XKIT_ENCRYPTION_KEYS: createSealingKey("k1") });
  expect(checks).toContainEqual(check("store", "warning", "was written by an earlier release (0001"));
  expect(checks).not.toContainEqual(expect.objectContaining({ about: "keys" }));
});
