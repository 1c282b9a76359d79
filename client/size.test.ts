/** What users download, gzipped. Each test prints the figure. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { beforeAll, expect, test } from "vitest";
import { buildPages } from "../test/support/client/built-pages.ts";

/** A little over what they are, so that growing is a decision. */
const CREATE_XKIT_BUDGET_BYTES = 10_160;
const XKIT_JS_BUDGET_BYTES = 8_320;
const CATALOG_BUDGET_BYTES = 97_350;

const dist = new URL("../dist/", import.meta.url);
const gzippedSize = (code: string) => gzipSync(code, { level: 9 }).length;

beforeAll(buildPages);

function report(what: string, bytes: number): number {
  console.log(`${what}: ${bytes} bytes gzipped`);
  return bytes;
}

const read = (path: string) => readFileSync(new URL(path, dist), "utf8");
/** What a script names, at once or lazily. */
const scriptsIn = (code: string, pattern: RegExp) => [...code.matchAll(pattern)].map(([, name = ""]) => name).toSorted();

/** Every script that the page loads before anything is clicked. */
const firstLoad = () => scriptsIn(read("catalog/index.html"), /(?:src|href)="\/assets\/([^"]+\.js)"/g);

/** `import { createXkit }`, as an app's bundler takes it, with everything it needs. */
async function bundleCreateXkit(): Promise<string> {
  const entry = new URL("../test/support/client/create-xkit-only.ts", import.meta.url).pathname;
  const options = { write: false, target: "es2022", lib: { entry, formats: ["iife" as const], name: "xkit" } };
  const built = await build({ configFile: false, logLevel: "error", build: options });
  const outputs = Array.isArray(built) ? built : "output" in built ? [built] : [];
  return outputs.flatMap(({ output }) => output).reduce((code, file) => (file.type === "chunk" ? code + file.code : code), "");
}

test("createXkit, with everything it needs, is within its budget", async () => {
  expect(report("createXkit", gzippedSize(await bundleCreateXkit()))).toBeLessThanOrEqual(CREATE_XKIT_BUDGET_BYTES);
});

test("xkit.js is within its budget", () => {
  expect(report("xkit.js", gzippedSize(read("browser/xkit.js")))).toBeLessThanOrEqual(XKIT_JS_BUDGET_BYTES);
});

test("the catalog's first load is within its budget, also where something needs attention", () => {
  const codes = firstLoad().map((name) => read(`catalog/assets/${name}`));
  expect(codes.flatMap((code) => scriptsIn(code, /(?:from|import)\s*["'`]\.\/([^"'`]+\.js)/g))).toEqual([]);
  const lazy = codes.flatMap((code) => scriptsIn(code, /import\(["'`]\.\/([\w-]+\.js)/g));
  expect(lazy.map((name) => name.slice(0, -"-12345678.js".length))).toEqual([
    "collect-dialog",
    "connect-dialog",
    "de",
    "device-dialog",
    "disconnect-dialog",
    "problem-callout",
  ]);
  const words = lazy.filter((name) => name.startsWith("problem-callout")).map((name) => read(`catalog/assets/${name}`));
  const sizeOf = (scripts: string[]) => scripts.reduce((sum, code) => sum + gzippedSize(code), 0);
  report("catalog", sizeOf(codes));
  expect(report("catalog, with what went wrong", sizeOf([...codes, ...words]))).toBeLessThanOrEqual(CATALOG_BUDGET_BYTES);
});
