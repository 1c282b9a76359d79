import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { assertInterfaceType } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { schema } from "../../schema/index.ts";
import { buildPages } from "../../test/support/client/built-pages.ts";
import { COOKIES, PUBLIC_URL, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { LONGEST_COMMENT } from "./example-tabs.ts";

let test: TestApp;
let ada: TestUser;
beforeAll(async () => {
  await buildPages();
  test = await startTestApp();
  ada = await test.signIn();
});
afterAll(() => test.close());

const HTML = "text/html,application/xhtml+xml,*/*;q=0.8";
const get = (path: string, headers: Record<string, string> = {}, { app } = test) =>
  app.fetch(new Request(`${PUBLIC_URL}${path}`, { headers }));
const optionsOf = (page: string) => JSON.parse(/id="options">(.*)<\/script>/.exec(page)?.[1] ?? "");
const readPage = async (headers: Record<string, string> = {}, from = test) =>
  (await get("/graphql", { accept: HTML, ...headers }, from)).text();
const assetsOf = (page: string) => [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = ""]) => path);
const bearerIn = (page: string) => /Bearer [\w-]+\.[\w-]+\.[\w-]+/.exec(page)?.[0] ?? null;

describe("the page of GraphiQL", () => {
  it("is small, and runs files of its own origin alone", async () => {
    const response = await get("/graphql", { accept: HTML });
    const page = await response.text();
    expect(page.length).toBeLessThan(8_192);
    expect(response.headers.get("content-security-policy")).toContain("script-src 'self'; ");
    expect(response.headers.get("content-security-policy")).not.toContain("http");
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\/|<script(?![^>]*(?:\ssrc="\/|type="application\/json"))|\son\w+=/);
    expect(assetsOf(page)).toHaveLength(3);
  });

  it("opens with a query of a connector of this catalog, and says where to get a session token", async () => {
    const options = optionsOf(await readPage());
    // Without it every visit after the first would open an empty tab.
    expect(options.query).toBe(options.defaultQuery);
    expect(options.query).toBe(options.defaultTabs[0].query);
    expect(options.query).toContain('accessToken(where: { slug: "test" })');
    expect(options.query).toMatch(/^# [^]*sign in above[^]*xkit-gateway users token <user id>/);
    expect((await test.graphql(options.query)).errors.map(({ extensions }) => extensions.code)).toEqual(["UNAUTHENTICATED"]);
  });

  it("has a tab for each outcome, which can be asked as it is, in lines that fit beside the answer", async () => {
    const { defaultTabs }: { defaultTabs: { query: string }[] } = optionsOf(await readPage());
    const outcomes = schema.getImplementations(assertInterfaceType(schema.getType("NoAccessToken"))).objects.map(({ name }) => name);
    const named = defaultTabs.map(({ query }) => /^query (\w+)/m.exec(query)?.[1]);
    expect(new Set(named)).toEqual(new Set(["Token", ...outcomes]));
    for (const { query } of defaultTabs) {
      expect(query.split("\n").filter((line) => line.startsWith("#") && line.length > LONGEST_COMMENT)).toEqual([]);
      expect((await ada.graphql(query)).errors).toEqual([]);
    }
    expect(defaultTabs[0]?.query).toMatch(new RegExp(outcomes.map((name) => `(?=[^]*on ${name} )`).join("")));
  });

  it("leads to catalog and documentation, and offers to sign in and out by forms", async () => {
    const page = await readPage();
    expect(page).toContain('<a href="/">Catalog</a>');
    expect(page).toContain('<link rel="icon" href="/favicon.svg"');
    expect(page).toContain('<a href="/docs/">Documentation</a>');
    expect(page).toMatch(/<form class="field" method="post" action="\/sign-in">[^]*Sign in as Ada[^]*Sign in as Grace/);
    const signedIn = await (await ada.browser.fetch("/graphql", { headers: { accept: HTML } })).text();
    expect(signedIn).toMatch(/class="avatar" aria-hidden="true">A<[^]*Signed in as ada[^]*<form method="post" action="\/sign-out">/);
    expect(signedIn).not.toContain("Sign in as");
  });

  it("opens with the query of its address, which cannot end a tag", async () => {
    const query = 'query { a: platform { name } } # </script><script src="/x">';
    const page = await (await get(`/graphql?${new URLSearchParams({ query })}`, { accept: HTML })).text();
    expect(optionsOf(page).query).toBe(query);
    expect(page).not.toContain(query);
  });

  it("has its options also for a user whose id looks like where they go", async () => {
    const { browser } = await test.signIn("{}");
    const page = await (await browser.fetch("/graphql", { headers: { accept: HTML } })).text();
    expect(optionsOf(page).query).toContain("accessToken(");
    expect(page).toContain("Signed in as {}");
  });

  it("holds a bearer in development, for the user who signed in in this browser alone", async () => {
    expect(bearerIn(await readPage())).toBeNull();
    const page = await (await ada.browser.fetch("/graphql", { headers: { accept: HTML } })).text();
    const authorization = bearerIn(page) ?? "";
    expect((await test.graphql("{ viewer { id } }", {}, { authorization })).data).toEqual({ viewer: { id: "ada" } });
  });
});

describe("an asset of GraphiQL", () => {
  it("is compressed, and kept for a year", async () => {
    for (const path of assetsOf(await readPage())) {
      const [plain, gzip, brotli] = [
        await get(path),
        await get(path, { "accept-encoding": "gzip" }),
        await get(path, { "accept-encoding": "gzip, deflate, br, zstd" }),
      ];
      const bytes = Buffer.from(await plain.arrayBuffer());
      expect(gunzipSync(Buffer.from(await gzip.arrayBuffer())).equals(bytes)).toBe(true);
      expect(brotliDecompressSync(Buffer.from(await brotli.arrayBuffer())).equals(bytes)).toBe(true);
      expect(brotli.headers.get("content-encoding")).toBe("br");
      for (const { headers } of [plain, gzip, brotli]) {
        expect(headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
        expect(headers.get("vary")).toBe("accept-encoding");
      }
      expect(Number(plain.headers.get("content-length"))).toBe(bytes.length);
    }
  });

  it("takes less memory than a copy for a client that does not read", async () => {
    const [, script = ""] = assetsOf(await readPage());
    await (await get(script)).arrayBuffer();
    const before = process.memoryUsage();
    const unread = await Promise.all(Array.from({ length: 150 }, () => get(script)));
    const after = process.memoryUsage();
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(150 * 131_072);
    for (const { body } of unread) await body?.cancel();
  });

  it("is answered with 404 where it does not exist", async () => {
    expect((await get("/assets/graphiql/nothing.js")).status).toBe(404);
  });
});

describe("in production", () => {
  const start = (env: Record<string, string>) => startTestApp({ env: { NODE_ENV: "production", ...env } });

  it("there is no GraphiQL, and browsers are answered as programs are", async () => {
    const production = await start({});
    const [, script = ""] = assetsOf(await readPage());
    const response = await get("/graphql?query={__typename}", { accept: HTML }, production);
    expect(await response.json()).toEqual({ data: { __typename: "Query" } });
    expect((await get(script, {}, production)).status).toBe(404);
    await production.close();
  });

  it("there is one with XKIT_GRAPHIQL=on, without a bearer", async () => {
    const production = await start({ XKIT_GRAPHIQL: "on" });
    const { token } = await production.app.provisionUser({ id: "ada" });
    const answer = await production.graphql("mutation ($token: String!) { login(token: $token) { token } }", { token });
    const cookies = answer.headers.getSetCookie().map((each) => each.split(";")[0]);
    const page = await readPage({ cookie: cookies.join("; ") }, production);
    expect(cookies.join()).toContain(`${COOKIES.session.name}=`);
    expect(assetsOf(page)).toHaveLength(3);
    expect(bearerIn(page)).toBeNull();
    expect(page).not.toContain("<form");
    expect((await get("/sign-in", {}, production)).status).toBe(404);
    await production.close();
  });
});
