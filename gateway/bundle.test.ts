/** What a start of the command line loads as it is shipped: bundled. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import module from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { z } from "zod";
import { createTestDatabase } from "../test/support/databases.ts";
import { startProcess } from "../test/support/process.ts";

// A busy machine takes seconds to start a process.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** Writes the files that V8 has compiled, when the process exits. */
const NOTE_FILES = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { writeFileSync } from "node:fs";
    import { Session } from "node:inspector";
    const session = new Session();
    const files = new Set();
    session.connect();
    session.on("Debugger.scriptParsed", ({ params }) => void files.add(params.url.replace("file://", "")));
    session.post("Debugger.enable");
    process.on("exit", () => writeFileSync(process.env.FILES, JSON.stringify([...files].filter((file) => file.startsWith("/")))));
  `)}`,
);

let build: string;
let folder: string;
let cli: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "xkit-bundle-"));
  // Below node_modules, so that packages are found that are not bundled.
  build = mkdtempSync(join(dirname(inject("gatewayBuild")), "bundle-"));
  for (const path of ["package.json", "gateway/cli.js", "gateway/providers"])
    cpSync(join(inject("gatewayBuild"), path), join(build, path), { recursive: true });
  await promisify(execFile)(process.execPath, [join(ROOT, ".ci/bundle.mjs"), build]);
  cli = join(build, "gateway/cli.js");
  const connector = { slug: "google", provider: "google", client_id: "client", client_secret: "secret" };
  writeFileSync(join(folder, "xkit.config.json"), JSON.stringify({ platform: { name: "Acme" }, connectors: [connector] }));
});
afterAll(() => {
  for (const path of [build, folder]) rmSync(path, { recursive: true, force: true });
});

const KEY = `test:${randomBytes(32).toString("base64")}`;
const modulesSchema = z.record(z.string(), z.record(z.string(), z.number()));

/** Runs a gateway that answers one query, and lists the sources that it has loaded: of the bundle's files, and of packages. */
async function loadedBy(env: Record<string, string>): Promise<string[]> {
  const files = join(folder, "files.json");
  const port = String(await findFreePort());
  const settings = {
    NODE_ENV: "production",
    XKIT_PUBLIC_URL: "https://connect.acme.example",
    XKIT_ENCRYPTION_KEYS: KEY,
    XKIT_DRAIN_SECONDS: "0",
    HOST: "127.0.0.1",
    PORT: port,
    FILES: files,
  };
  const gateway = startProcess(["start"], { ...settings, ...env }, folder, { cli, preload: [NOTE_FILES] });
  await gateway.printed(/"listening"/);
  const request = { method: "POST", headers: { "content-type": "application/json" }, body: '{"query":"{ platform { name } }"}' };
  expect(await (await fetch(`http://127.0.0.1:${port}/graphql`, request)).json()).toEqual({ data: { platform: { name: "Acme" } } });
  gateway.child.kill("SIGTERM");
  expect(await gateway.ended).toBe(0);
  const modules = modulesSchema.parse(JSON.parse(readFileSync(join(build, "gateway/command-line/modules.json"), "utf8")));
  return z
    .array(z.string())
    .parse(JSON.parse(readFileSync(files, "utf8")))
    .flatMap((file) => Object.keys(modules[relative(join(build, "gateway"), file)] ?? { [file]: 0 }));
}

const rooms = (loaded: readonly string[]) => {
  const has = (pattern: RegExp) => loaded.some((path) => pattern.test(path));
  return {
    vault: has(/gateway\/vault\/refresh\.ts/),
    sqlite: has(/node_modules\/libsql\//),
    postgres: has(/node_modules\/pg\//),
    nango: has(/gateway\/upstream\/nango\//),
    // The words of the contract are REST's too.
    xkit: has(/gateway\/upstream\/xkit\/(?!wire-enums)/),
    betterAuth: has(/gateway\/upstream\/better-auth\//),
    demo: has(/gateway\/demo\/|node_modules\/oidc-provider\//),
    commands: has(/gateway\/commands\/(?!usage|version)/),
    workers: has(/gateway\/workers\//),
    openapi: has(/gateway\/rest\/openapi\.ts/),
    // The API alone comes with the library of the metrics.
    traces: has(/gateway\/runtime\/open-tracing\.ts|node_modules\/@opentelemetry\/(?!api\/)/),
  };
};
const NONE = Object.fromEntries(Object.keys(rooms([])).map((room) => [room, false]));

it("makes the command's file executable", () => expect(statSync(cli).mode & 0o111).toBe(0o111));

describe("a start of the command line as it is shipped", () => {
  it("loads what its store and its upstream need, and nothing of the others", async () => {
    expect(rooms(await loadedBy({}))).toEqual({ ...NONE, vault: true, sqlite: true });
    const database = await createTestDatabase("postgres");
    try {
      expect(rooms(await loadedBy({ DATABASE_URL: database.url }))).toEqual({ ...NONE, vault: true, postgres: true });
    } finally {
      await database.drop();
    }
  });

  it("loads what sends traces only where the environment names a receiver", async () => {
    const receiver = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };
    expect(rooms(await loadedBy(receiver))).toEqual({ ...NONE, vault: true, sqlite: true, traces: true });
    expect(rooms(await loadedBy({ ...receiver, OTEL_SDK_DISABLED: "true" }))).toMatchObject({ traces: false });
  });

  it("keeps the code that it compiled beside it, where Node can", () => {
    expect(existsSync(join(build, "gateway/.compiled"))).toBe("enableCompileCache" in module);
  });

  it("holds the licences of the packages in it", () => {
    const text = readFileSync(join(build, "gateway/command-line/licences.txt"), "utf8");
    const packages = new Map([...text.matchAll(/^(\S+) \d+\.\d+\.\d+\S* \((.+)\)$/gm)].map(([, name, licence]) => [name, licence]));
    expect([...packages.keys()]).toEqual(expect.arrayContaining(["graphql", "zod", "kysely", "undici", "pino", "pg", "graphql-yoga"]));
    expect(new Set(packages.values())).toEqual(new Set(["0BSD", "Apache-2.0", "BlueOak-1.0.0", "ISC", "MIT"]));
  });
});

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address ? address.port : 0;
}
