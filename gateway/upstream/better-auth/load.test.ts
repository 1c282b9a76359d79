import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/databases.ts";
import { ask, parseTestConfig, sendTo } from "../../../test/support/test-app.ts";
import { type App, ConfigError, createApp } from "../../index.ts";
import { createLog } from "../../runtime/log.ts";

let database: TestDatabase;
let app: App | null = null;
let folder = "";
afterEach(async () => {
  await app?.close();
  app = null;
  await database.drop();
  if (folder) rmSync(folder, { recursive: true });
  folder = "";
});

async function start(module: string): Promise<App> {
  database = await createTestDatabase("sqlite");
  const config = parseTestConfig(database, { env: { XKIT_UPSTREAM: "better-auth", XKIT_BETTER_AUTH_MODULE: module } });
  return createApp(config, { log: createLog("silent") });
}

async function problemsOf(module: string): Promise<readonly string[]> {
  try {
    app = await start(module);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function writeModule(text: string): string {
  folder = mkdtempSync(join(tmpdir(), "better-auth-module-"));
  const path = join(folder, "auth.mjs");
  writeFileSync(path, text);
  return path;
}

describe("a gateway with XKIT_UPSTREAM=better-auth", () => {
  it("offers the providers of the module's better-auth, and says where to connect", async () => {
    app = await start(fileURLToPath(new URL("../../../test/support/better-auth-module.ts", import.meta.url)));
    const { token } = await app.provisionUser({ id: "ada" });
    const connect = `mutation { connect(slug: "github", returnTo: "/done") { connector { name } authorization { status authorizeUrl } } }`;
    const { data } = await ask(sendTo(app), connect, {}, { authorization: `Bearer ${token}` });
    expect(data.connect).toEqual({
      connector: { name: "GitHub" },
      authorization: {
        status: "AWAITING_CALLBACK",
        authorizeUrl: `https://app.acme.example/settings?connector=github&returnTo=${encodeURIComponent("http://localhost:4000/done")}`,
      },
    });
  });

  it("refuses to start without the module, and says why", async () => {
    const [problem] = await problemsOf("/nowhere/auth.js");
    expect(problem).toMatch(/^XKIT_BETTER_AUTH_MODULE cannot be loaded: .*auth\.js/);
  });

  it.each([
    { name: "exports nothing", text: "" },
    { name: "exports no options", text: "export const auth = { $context: Promise.resolve({}) };" },
    { name: "names no page", text: `export const auth = { $context: Promise.resolve({}) }, xkit = { connectPage: "settings" };` },
  ])("refuses to start with a module that $name", async ({ text }) => {
    expect(await problemsOf(writeModule(text))).toEqual([
      "XKIT_BETTER_AUTH_MODULE must export auth, the value that betterAuth({ … }) returns, and xkit, an object with a connectPage (http or https)",
    ]);
  });

  it("tells the sentence of a module that throws", async () => {
    expect(await problemsOf(writeModule(`throw new Error("no secret is set");`))).toEqual([
      "XKIT_BETTER_AUTH_MODULE cannot be loaded: no secret is set",
    ]);
  });
});
