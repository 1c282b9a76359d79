/** What users download, gzipped. `npm run build:client` first. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const XKIT_JS_BUDGET_BYTES = 14_000;
const CATALOG_BUDGET_BYTES = 90_000;

const dist = new URL("../dist/", import.meta.url);
const assets = new URL("catalog/assets/", dist);
const gzippedSize = (url: URL) => gzipSync(readFileSync(url), { level: 9 }).length;

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
  return [...names].reduce((sum, name) => sum + gzippedSize(new URL(name, assets)), 0);
}

test("xkit.js is within its budget", () => {
  expect(gzippedSize(new URL("browser/xkit.js", dist))).toBeLessThanOrEqual(XKIT_JS_BUDGET_BYTES);
});

test.each(["list-page", "connector-page"])("the catalog's first load is within its budget on the %s", (page) => {
  expect(firstLoad(page)).toBeLessThanOrEqual(CATALOG_BUDGET_BYTES);
});
