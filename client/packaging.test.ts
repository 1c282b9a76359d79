/**
 * The packages as others get them, the server and the client: packed from these sources, and used from every entry. `npm run test:long`
 * installs them where nothing else is; else the packages that they need are these sources'.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { buildPages } from "../test/support/client/built-pages.ts";
import { casesOf, isLong } from "../test/support/long.ts";
import { ADAPTER_TESTS, PAGE, SERVER } from "../test/support/client/package-users.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 420_000 });

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "xkit-package-"));
const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const COMPANY = [
  "react@19",
  "react-dom@19",
  "@types/react@19",
  "@types/node@20",
  ...["vitest", "@modelcontextprotocol/server"].map((name) => `${name}@${devDependencies[name]}`),
];
/** An app that has nothing but the packages. */
const app = join(directory, "app");
const NAMES = ["xkit-gateway", "@xkit-gateway/client"] as const;
type Name = (typeof NAMES)[number];
let filesOf: Record<Name, string[]>;
/** The files that a page has whole, by their names. */
const filesIn = (page: string): Record<string, string> =>
  Object.fromEntries(
    [...readFileSync(join(ROOT, page), "utf8").matchAll(/^```tsx?\n\/\/ (\S+\.tsx?)\n(.*?)^```$/gms)].map(([, name, text]) => [name, text]),
  );
const documented = filesIn("docs/upstreams.md");
const callers = {
  ...filesIn("docs/calling-apis.md"),
  ...filesIn("docs/webhooks.md"),
  ...filesIn("docs/mcp.md"),
  ...filesIn("docs/native-and-server-rendered.md"),
};
const CALLERS = Object.keys(callers)
  .map((name) => `import "./${name}";`)
  .join("\n");

const run = async (cwd: string, command: string, ...words: string[]): Promise<string> => {
  // Neither the test run's mode, nor the package that an `npx -p` around it named: an npx inside would look for its command there.
  const { NODE_ENV: _test, npm_config_package: _around, ...env } = process.env;
  return (await promisify(execFile)(command, words, { cwd, env })).stdout;
};

/** Copies what git knows, so that packing, which builds, leaves everybody else's `dist` alone. */
async function copySources(to: string): Promise<void> {
  const listed = (await run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard")).trim().split("\n");
  for (const path of listed) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(ROOT, path), join(to, path));
  }
  symlinkSync(join(ROOT, "node_modules"), join(to, "node_modules"));
}

/** What packing runs, with the pages that are built for every test. */
async function build(sources: string): Promise<void> {
  await buildPages();
  for (const pages of ["catalog", "browser", "graphiql"])
    cpSync(join(ROOT, "dist", pages), join(sources, "dist", pages), { recursive: true });
  const compile = (folder: string) =>
    run(join(sources, folder), process.execPath, join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json", "--noCheck");
  await Promise.all(["", "client"].map(compile));
  await run(join(sources, "client"), process.execPath, "build/assets.mjs");
  for (const script of ["build:bundle", "build:providers"]) await run(sources, "npm", "run", "--silent", script);
}

/** Packs both, and answers their tarballs. */
async function pack(sources: string): Promise<string[]> {
  const words = ["--json", "--silent", "--workspace", "client", "--include-workspace-root", ...(isLong ? [] : ["--ignore-scripts"])];
  const packed: { name: Name; filename: string; files: { path: string }[] }[] = JSON.parse(await run(sources, "npm", "pack", ...words));
  const pathsOf = (wanted: Name) => packed.flatMap(({ name, files }) => (name === wanted ? files.map(({ path }) => path) : []));
  filesOf = { "xkit-gateway": pathsOf("xkit-gateway"), "@xkit-gateway/client": pathsOf("@xkit-gateway/client") };
  return packed.map(({ filename }) => join(sources, filename));
}

/** Beside the packages of these sources. */
async function unpack(tarballs: readonly string[]): Promise<void> {
  const packages = join(app, "node_modules");
  mkdirSync(join(packages, "@xkit-gateway"), { recursive: true });
  const present = readdirSync(join(ROOT, "node_modules")).filter((entry) => !entry.startsWith(".") && !/^@?xkit-gateway$/.test(entry));
  for (const name of present) symlinkSync(join(ROOT, "node_modules", name), join(packages, name));
  for (const tarball of tarballs) {
    await run(app, "tar", "--extract", "--file", tarball);
    const { name } = JSON.parse(readFileSync(join(app, "package/package.json"), "utf8"));
    renameSync(join(app, "package"), join(packages, name));
  }
}

/** The documented adapter's files in a folder of the app. */
function writeAdapter(folder: string, adapter = ""): void {
  mkdirSync(join(app, folder));
  writeFileSync(join(app, folder, "adapter.ts"), adapter);
  for (const name of ["adapter.test.ts", "gateway.ts"]) writeFileSync(join(app, folder, name), documented[name] ?? "");
}

beforeAll(async () => {
  const sources = join(directory, "sources");
  await copySources(sources);
  if (!isLong) await build(sources);
  const tarballs = await pack(sources);
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  if (isLong) await run(app, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--silent", ...tarballs, ...COMPANY);
  else await unpack(tarballs);
  writeAdapter("green", documented["adapter.ts"]);
  mkdirSync(join(app, "calling"));
  for (const [name, text] of Object.entries(callers)) writeFileSync(join(app, "calling", name), text);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const SERVER_FILES = [
  "dist/gateway/cli.js",
  "dist/gateway/upstream-suite/index.d.ts",
  "dist/catalog/catalog.css",
  "dist/catalog/index.html",
  "dist/browser/xkit.js",
  "schema/schema.graphql",
  "schema/possibleTypes.json",
];
const CLIENT_FILES = ["dist/index.d.ts", "dist/react/index.d.ts", "dist/catalog.css", "dist/schema.graphql", "dist/possibleTypes.json"];

test.each<[Name, string[]]>([
  ["xkit-gateway", SERVER_FILES],
  ["@xkit-gateway/client", CLIENT_FILES],
])("%s holds what runs, its types, the contract and the styles, and nothing that tests or builds", (name, wanted) => {
  const files = filesOf[name];
  expect(files).toEqual(expect.arrayContaining([...wanted, "README.md", "LICENSE"]));
  const BUILDS = /\.(test|suite|fixture|config)\.(?!schema\.json$)|(^|\/)(build|demo)\/|(?<!\.d)\.tsx?$|\.tsbuildinfo|\.map$/;
  expect(files.filter((path) => BUILDS.test(path))).toEqual([]);
});

test("tells bundlers that its React entry is for the client side", () => {
  const entry = readFileSync(join(app, "node_modules/@xkit-gateway/client/dist/react/index.js"), "utf8");
  expect(entry.split("\n")[0]).toBe('"use client";');
});

test.each(
  casesOf<[what: string, moduleResolution: string, file: { name: string; text: string; types: string[] }]>(
    [
      ["a page", "nodenext", { name: "page.tsx", text: PAGE, types: [] }],
      ["a page", "bundler", { name: "page.tsx", text: PAGE, types: [] }],
      ["a server", "nodenext", { name: "server.ts", text: SERVER, types: ["node"] }],
      ["the documented callers of APIs", "nodenext", { name: "calling/index.ts", text: CALLERS, types: ["node"] }],
      ["tests of adapters, the documented one among them", "nodenext", { name: "green/index.ts", text: ADAPTER_TESTS, types: ["node"] }],
    ],
    ([what]) => what === "a server",
  ),
)("compiles as %s in strict mode, resolved as %s", async (_what, moduleResolution, { name, text, types }) => {
  writeFileSync(join(app, name), text);
  const compilerOptions = {
    target: "es2023",
    module: moduleResolution === "nodenext" ? "nodenext" : "esnext",
    moduleResolution,
    jsx: "react-jsx",
    lib: ["es2023", "dom", "dom.iterable"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    allowImportingTsExtensions: true,
    types,
  };
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [name] }));
  expect(await run(app, process.execPath, join(ROOT, "node_modules/typescript/bin/tsc")).catch(({ stdout }) => stdout)).toBe("");
});

test("runs in Node from every entry, and renders a page on a server, without a window", async () => {
  const script = `
    import { readFileSync } from "node:fs";
    import { fileURLToPath } from "node:url";
    import { createElement } from "react";
    import { renderToString } from "react-dom/server";
    import { parseConfig } from "xkit-gateway";
    import { createXkit } from "@xkit-gateway/client";
    import { Catalog, useViewer, XkitProvider } from "@xkit-gateway/client/react";
    import { createServer } from "@xkit-gateway/client/server";
    import * as moved from "xkit-gateway/client";
    import * as movedReact from "xkit-gateway/react";
    let asked = 0;
    const fetch = async () => { asked++; throw new Error("Rendering asks nothing."); };
    const xkit = createXkit("https://connect.example.com", { fetch });
    const Who = () => (useViewer()[0].fetching ? "Who are you?" : "");
    const page = createElement(XkitProvider, { xkit }, createElement(Who), createElement(Catalog, { basePath: "/integrations" }));
    const read = (entry) => readFileSync(fileURLToPath(import.meta.resolve(entry)), "utf8");
    const html = renderToString(page);
    await new Promise((resolve) => setImmediate(resolve));
    console.log(JSON.stringify({
      asked,
      name: parseConfig({}, null).platform.name,
      html,
      css: ["@xkit-gateway/client/catalog.css", "xkit-gateway/catalog.css"].every((entry) => read(entry).includes(".xkit-catalog")),
      user: typeof createServer({ url: "https://connect.example.com", apiKey: { publishable: "pk_x", secret: "sk_x" }, fetch }).user("ada").getToken,
      moved: moved.createXkit === createXkit && movedReact.Catalog === Catalog,
      schema: read("xkit-gateway/schema.graphql").includes("type Query"),
      globals: typeof window,
    }));`;
  writeFileSync(join(app, "entries.js"), script);
  expect(JSON.parse(await run(app, process.execPath, "entries.js"))).toMatchObject({
    asked: 0,
    name: expect.any(String),
    html: expect.stringMatching(/Who are you\?.*xkit-catalog.*Loading/s),
    css: true,
    user: "function",
    moved: true,
    schema: true,
    globals: "undefined",
  });
});

test.runIf(isLong)("brings its command line", async () => {
  expect(await run(app, "npx", "--no-install", "xkit-gateway", "--help")).toContain("xkit-gateway users token");
});

/** Runs vitest in a folder of the app: its exit code, and the titles of its tests by how they ended. */
async function runVitest(folder: string, ...options: string[]): Promise<{ code: number; titles: Record<string, string[]> }> {
  const report = join(app, `${folder}.json`);
  const words = ["vitest", "run", "--root", folder, "--reporter", "json", "--outputFile", report, ...options];
  const code = await run(app, "npx", "--no-install", ...words).then(
    () => 0,
    (error: { code: number }) => error.code,
  );
  const tests: { status: string; title: string }[] = JSON.parse(readFileSync(report, "utf8")).testResults[0].assertionResults;
  const titlesOf = (wanted: string) => tests.flatMap(({ status, title }) => (status === wanted ? [title] : []));
  return { code, titles: { passed: titlesOf("passed"), failed: titlesOf("failed"), skipped: titlesOf("skipped") } };
}

const ANOTHER_USERS = "is the same NotConnected for another user's connection as for one that never was";

test.runIf(isLong)("shows which behaviours hold of the documented adapter, and why others cannot be shown", async () => {
  const { code, titles } = await runVitest("green");
  expect({ code, failed: titles["failed"] }).toEqual({ code: 0, failed: [] });
  expect(titles["passed"]).toContain(ANOTHER_USERS);
  expect(titles["skipped"]).toContain(
    "is NotConnected for an unfinished connection (not here, connecting: users connect on the app's own page)",
  );
  for (const title of titles["skipped"] ?? []) expect(title).toMatch(/ \(not here, \w+: .+\)$/);
});

test.runIf(isLong)("fails an adapter that gives a user the connection of another one", async () => {
  const sound = documented["adapter.ts"] ?? "";
  const broken = sound.replace("row.owner.id === owner.id", "true");
  expect(broken).not.toBe(sound);
  writeAdapter("broken", broken);
  const { code, titles } = await runVitest("broken", "--testNamePattern", ANOTHER_USERS);
  expect(code).not.toBe(0);
  expect(titles["failed"]).toEqual([ANOTHER_USERS]);
});
