import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPages } from "../../test/support/client/built-pages.ts";
import type { Catalog } from "../../schema/upstream.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { PUBLIC_URL, sendTo, startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { createCatalogRoutes } from "./routes.ts";

const PAGES = ["/", "/connectors", "/connectors/test"];

let test: TestApp;
beforeAll(async () => {
  await buildPages();
  test = await startTestApp({
    file: { platform: { name: "Acme", logo_url: "https://cdn.acme.example:8443/logo.svg" } },
    connector: { mark_url: "https://marks.example/test.svg" },
    connectors: [
      {
        slug: "other",
        name: "Other",
        collect: { fields: [{ name: "key", label: "Key", secret: true }] },
        mark_url: "https://marks.example/other.svg",
      },
      {
        slug: "inline",
        name: "Inline",
        collect: { fields: [{ name: "key", label: "Key", secret: true }] },
        mark_url: "data:image/png;base64,AA==",
      },
    ],
  });
});
afterAll(() => test.close());

const get = (path: string, headers: Record<string, string> = {}) => sendTo(test.app)(path, { headers });

/** The files that the page itself names. */
const assetsOf = (page: string) => [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = ""]) => path);

describe("a page of the catalog", () => {
  it.each(PAGES)("runs scripts and styles of its own origin alone, and takes images from the configured logos: %s", async (path) => {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-security-policy")?.split("; ")).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' data: https://cdn.acme.example:8443 https://marks.example",
      "font-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ]);
  });

  it("needs nothing inline and nothing from another host, which its policy would block", async () => {
    const page = await (await get("/")).text();
    expect(assetsOf(page).map((path) => path.split(".").at(-1))).toEqual(expect.arrayContaining(["js", "css"]));
    expect(page).not.toMatch(/<style|\son\w+=|\sstyle=|<script(?![^>]*\ssrc="\/)|(?:src|href)="(?:https?:)?\/\//);
  });

  it.each(PAGES)("is not framed and not sniffed, and sends no path to another site: %s", async (path) => {
    expect(Object.fromEntries((await get(path)).headers)).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "referrer-policy": "strict-origin-when-cross-origin",
    });
  });

  it("allows the images of no host where the catalog has no logo", async () => {
    const plain = await startTestApp();
    const policy = (await sendTo(plain.app)("/")).headers.get("content-security-policy");
    await plain.close();
    expect(policy).toContain("; img-src 'self' data:; ");
  });
});

describe("the language of a page of the catalog", () => {
  it.each([
    ["de", "de"],
    ["de-AT,de;q=0.9,en;q=0.8", "de"],
    ["fr, en;q=0.5, de;q=0.7", "de"],
    ["en-GB, de", "en"],
    ["de;q=0, fr", "en"],
    ["*", "en"],
    ["", "en"],
    [`${"x-".repeat(3_000)}, de`, "de"],
  ])("is what the reader prefers of those that are spoken: %s", async (accepted, language) => {
    const response = await get("/", { "accept-language": accepted });
    const page = await response.text();
    expect({ lang: /<html lang="(\w+)"/.exec(page)?.[1], title: /<title>(.*)<\/title>/.exec(page)?.[1] }).toEqual({
      lang: language,
      title: language === "de" ? "Integrationen" : "Integrations",
    });
    expect(page.includes("needs JavaScript")).toBe(language === "en");
  });

  it.each([
    ["/?locale=de-AT", {}, "de"],
    ["/?locale=en", { "accept-language": "de" }, "en"],
    ["/?locale=xx", { "accept-language": "de" }, "de"],
    ["/?locale=de_DE", {}, "de"],
    ["/?locale=d!e", { "accept-language": "de" }, "de"],
    ["/connectors/slack", { cookie: "a=b; xkit_language=de" }, "de"],
    ["/connectors/slack?locale=en", { cookie: "xkit_language=de" }, "en"],
    ["/", { cookie: "xkit_language=dede" }, "en"],
  ])("is what the address names, or what connecting was started in: %s %j", async (path, headers, language) => {
    expect(await (await get(path, headers)).text()).toContain(`<html lang="${language}"`);
  });

  it("is part of what the page's tag names, so that no reader keeps another language", async () => {
    const [english, german] = await Promise.all(["en", "de"].map((language) => get("/", { "accept-language": language })));
    expect(english?.headers.get("etag")).not.toBe(german?.headers.get("etag"));
  });
});

describe("a file with a hash in its name", () => {
  it("is cached for a year without revalidation", async () => {
    for (const path of assetsOf(await (await get("/")).text())) {
      const { status, headers } = await get(path);
      expect({ path, status, cached: headers.get("cache-control") }).toEqual({
        path,
        status: 200,
        cached: "public, max-age=31536000, immutable",
      });
      expect(headers.get("content-type")).toMatch(path.endsWith(".css") ? /^text\/css/ : /^text\/javascript/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
    }
  });

  it.each(["/assets/nothing.js", "/assets/", "/assets/..%2findex.html", "/assets/%2e%2e/index.html", "/assets/index.html"])(
    "is not cached where it does not exist: %s",
    async (path) => {
      const { status, headers } = await get(path);
      expect({ status, cached: headers.get("cache-control") ?? "" }).not.toMatchObject({ cached: expect.stringContaining("immutable") });
      expect(status).toBe(404);
    },
  );
});

describe("a file that keeps its name", () => {
  it.each([
    ["/", "no-cache", "accept-encoding, accept-language"],
    ["/xkit.js", "public, max-age=300", "accept-encoding"],
    ["/catalog-dialog.js", "public, max-age=300", "accept-encoding"],
  ])("is revalidated, and sent again only when it has changed: %s", async (path, cached, vary) => {
    const first = await get(path);
    const tag = first.headers.get("etag") ?? "";
    expect(first.headers.get("cache-control")).toBe(cached);
    for (const known of [tag, `W/"older", ${tag}`]) {
      const again = await get(path, { "if-none-match": known });
      expect({ status: again.status, body: await again.text() }).toEqual({ status: 304, body: "" });
      expect(Object.fromEntries(again.headers)).toMatchObject({ etag: tag, "cache-control": cached, vary });
    }
    expect((await get(path, { "if-none-match": 'W/"older"' })).status).toBe(200);
  });

  it("has the current policy in an answer 304", async () => {
    const tag = (await get("/")).headers.get("etag") ?? "";
    const again = await get("/", { "if-none-match": tag });
    expect(again.headers.get("content-security-policy")).toContain("https://marks.example");
  });
});

it.each([
  ["/", "accept-encoding, accept-language"],
  ["/xkit.js", "accept-encoding"],
])("is compressed for clients that accept brotli or gzip, and plain for others: %s", async (path, vary) => {
  const [plain, gzipped, brotli] = [
    await get(path),
    await get(path, { "accept-encoding": "br;q=0, gzip;q=0.8" }),
    await get(path, { "accept-encoding": "br, gzip;q=0.8" }),
  ];
  expect([plain, gzipped, brotli].map(({ headers }) => headers.get("content-encoding"))).toEqual([null, "gzip", "br"]);
  for (const { headers } of [plain, gzipped, brotli]) expect(headers.get("vary")).toBe(vary);
  const full = Buffer.from(await plain.arrayBuffer());
  for (const [response, decompress] of [
    [gzipped, gunzipSync],
    [brotli, brotliDecompressSync],
  ] as const) {
    const compressed = Buffer.from(await response.arrayBuffer());
    expect(decompress(compressed).equals(full)).toBe(true);
    expect(compressed.length).toBeLessThan(full.length);
  }
});

it("may run on every page as /xkit.js, and is not sniffed", async () => {
  expect(Object.fromEntries((await get("/xkit.js", { origin: "https://anybody.example" })).headers)).toMatchObject({
    "content-type": "text/javascript; charset=utf-8",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
  });
});

describe("a gateway without the built pages", () => {
  const catalog: Catalog = {
    getPlatform: () => Promise.reject(new Error("Not to be asked.")),
    listConnectors: () => Promise.reject(new Error("Not to be asked.")),
    findConnector: () => Promise.reject(new Error("Not to be asked.")),
  };

  it.each([...PAGES, "/xkit.js", "/catalog-dialog.js"])("answers 503 and how to build them: %s", async (path) => {
    const routes = createCatalogRoutes({ catalog, clock: createManualClock(), pages: null, bundle: null });
    const response = await routes.fetch(new Request(`${PUBLIC_URL}${path}`));
    expect(response.status).toBe(503);
    expect(await response.text()).toContain("npm run build");
  });
});
