/** What users download, gzipped. Each test prints the figure. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { beforeAll, expect, test } from "vitest";
import { buildPages } from "./testing/built-pages.ts";

/** A little over what they are, so that growing is a decision. */
const CREATE_XKIT_BUDGET_BYTES = 9_000;
const XKIT_JS_BUDGET_BYTES = 8_000;
const CATALOG_BUDGET_BYTES = 90_000;

const dist = new URL("../dist/", import.meta.url);
const assets = new URL("catalog/assets/", dist);
const gzippedSize = (code: string | Buffer) => gzipSync(code, { level: 9 }).length;

beforeAll(buildPages);

function report(what: string, bytes: number): number {
  console.log(`${what}: ${bytes} bytes gzipped`);
  return bytes;
}

/** A script with everything it imports at once. */
function closureOf(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  const text = readFileSync(new URL(name, assets), "utf8");
  for (const [, imported = ""] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) closureOf(imported, found);
  return found;
}

function firstLoad(page: string): number {
  const html = readFileSync(new URL("catalog/index.html", dist), "utf8");
  const entry = /src="\/assets\/([^"]+)"/.exec(html)?.[1] ?? "";
  const chunk = readdirSync(assets).find((name) => name.startsWith(`${page}-`) && name.endsWith(".js")) ?? "";
  const names = closureOf(chunk, closureOf(entry));
  return [...names].reduce((sum, name) => sum + gzippedSize(readFileSync(new URL(name, assets))), 0);
}

/** `import { createXkit }`, as an app's bundler takes it, with everything it needs. */
async function bundleCreateXkit(): Promise<string> {
  const entry = new URL("testing/create-xkit-only.ts", import.meta.url).pathname;
  const options = { write: false, target: "es2022", lib: { entry, formats: ["iife" as const], name: "xkit" } };
  const built = await build({ configFile: false, logLevel: "error", build: options });
  const outputs = Array.isArray(built) ? built : "output" in built ? [built] : [];
  return outputs.flatMap(({ output }) => output).reduce((code, file) => (file.type === "chunk" ? code + file.code : code), "");
}

test("createXkit, with everything it needs, is within its budget", async () => {
  expect(report("createXkit", gzippedSize(await bundleCreateXkit()))).toBeLessThanOrEqual(CREATE_XKIT_BUDGET_BYTES);
});

test("xkit.js is within its budget", () => {
  expect(report("xkit.js", gzippedSize(readFileSync(new URL("browser/xkit.js", dist))))).toBeLessThanOrEqual(XKIT_JS_BUDGET_BYTES);
});

test.each(["list-page", "connector-page"])("the catalog's first load is within its budget on the %s", (page) => {
  expect(report(`catalog, ${page}`, firstLoad(page))).toBeLessThanOrEqual(CATALOG_BUDGET_BYTES);
});
