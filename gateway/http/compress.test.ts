import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPages } from "../../test/support/client/built-pages.ts";
import { sendTo, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { createAsset, serveAsset } from "./assets.ts";
import { chooseEncoding } from "./content-encoding.ts";

/** What a catalog of sixty has. */
const connectors = Array.from({ length: 60 }, (_, at) => ({
  slug: `connector-${at}`,
  name: `Connector ${at}`,
  short_description: "Reads what you share with it.",
  provider: "github",
  client_id: "id",
  client_secret: "secret",
}));

const key = { slug: "key", name: "Key", collect: { fields: [{ name: "key", label: "API key", secret: true }] } };

let test: TestApp;
let ada: TestUser;
let bearer: string;
beforeAll(async () => {
  await buildPages();
  test = await startTestApp({ file: { platform: { name: "Acme" }, connectors: [...connectors, key] } });
  ada = await test.signIn("ada");
  bearer = await ada.bearer();
});
afterAll(() => test.close());

const LIST = "{ connectors { slug name shortDescription connections { id } } }";
/** As long as the list, beside a token that is asked for. */
const WITH_TOKEN = '{ connectors { slug name shortDescription } connectionToken(where: { slug: "connector-1" }) }';

const post = (query: string) => ({ method: "POST", body: JSON.stringify({ query }), headers: { "content-type": "application/json" } });

async function ask(path: string, { headers, ...init }: RequestInit, accepted: string) {
  const response = await sendTo(test.app)(path, {
    ...init,
    headers: { authorization: `Bearer ${bearer}`, ...Object.fromEntries(new Headers(headers)), "accept-encoding": accepted },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { encoding: response.headers.get("content-encoding"), vary: response.headers.get("vary"), headers: response.headers, bytes };
}

describe.each<[string, number, string, RequestInit]>([
  ["a list of GraphQL", 4, "/graphql", post(LIST)],
  ["a list of GraphQL by GET", 4, `/graphql?${new URLSearchParams({ query: LIST })}`, {}],
  ["a list of GraphQL with an error in it", 4, "/graphql", post("{ connectors { slug name shortDescription } groups { totalCount } }")],
  ["a list of GraphQL in parts", 4, "/graphql", { ...post(LIST), headers: { ...post(LIST).headers, accept: "multipart/mixed" } }],
  ["a list of REST", 4, "/api/platform_user/connectors", {}],
  ["a page without a user", 3, "/sign-out", {}],
  ["a refusal in words", 3, "/nothing", { headers: { accept: "text/html" } }],
  ["GraphiQL", 3, "/graphql", { headers: { accept: "text/html" } }],
])("%s", (_name, timesSmaller, path, init) => {
  it("is sent in the encoding that the reader takes, the first time and later, and is the same in each", async () => {
    const [first, plain, brotli, gzipped] = [
      await ask(path, init, "br"),
      await ask(path, init, "identity"),
      await ask(path, init, "gzip, deflate, br"),
      await ask(path, init, "gzip;q=1.0, br;q=0"),
    ];
    expect([first.encoding, plain.encoding, brotli.encoding, gzipped.encoding]).toEqual(["br", null, "br", "gzip"]);
    expect(brotliDecompressSync(first.bytes)).toEqual(plain.bytes);
    expect(brotliDecompressSync(brotli.bytes)).toEqual(plain.bytes);
    expect(gunzipSync(gzipped.bytes)).toEqual(plain.bytes);
    expect(plain.bytes.length / brotli.bytes.length).toBeGreaterThan(timesSmaller);
    expect(Number(brotli.headers.get("content-length") ?? brotli.bytes.length)).toBe(brotli.bytes.length);
    for (const { vary } of [first, plain, brotli, gzipped]) expect(vary?.toLowerCase()).toContain("accept-encoding");
  });
});

it.each([
  ["a list of REST", "/api/platform_user/connectors"],
  ["one connector of REST", "/api/platform_user/connectors/connector-1"],
  ["the OpenAPI document", "/api/openapi.json"],
  ["a page", "/nothing"],
  ["a built page", "/"],
])("HEAD states what GET does, without a body: %s", async (_name, path) => {
  const [head, get] = [await ask(path, { method: "HEAD" }, "br"), await ask(path, {}, "br")];
  const stated = ({ headers }: typeof head) => Object.fromEntries([...headers].filter(([name]) => name !== "x-request-id"));
  expect(stated(head)).toEqual(stated(get));
  expect(head.bytes.length).toBe(0);
});

it("a built file is sent in the encoding that the reader takes, where the build has not compressed it", async () => {
  const asset = createAsset("text/plain", Buffer.from(JSON.stringify(connectors)));
  const read = async (accepted: string) => {
    const response = serveAsset(new Request("https://gateway.example/", { headers: { "accept-encoding": accepted } }), asset, {});
    return [response.headers.get("content-encoding"), Buffer.from(await response.arrayBuffer())] as const;
  };
  const [[plainly, plain], [brotli, small], [gzip, gzipped]] = [await read("identity"), await read("gzip, br"), await read("gzip")];
  expect([plainly, brotli, gzip]).toEqual([null, "br", "gzip"]);
  expect(brotliDecompressSync(small)).toEqual(plain);
  expect(gunzipSync(gzipped)).toEqual(plain);
  expect(small.length).toBeLessThan(gzipped.length);
});

it.each<[string, string, RequestInit]>([
  ["an answer that may hold a token", "/graphql", post(WITH_TOKEN)],
  [
    "a mutation's answer",
    "/graphql",
    post(`mutation { connect(slug: "connector-1") { connector { description ${"name ".repeat(200)} } } }`),
  ],
  ["a short answer", "/graphql", post("{ platform { name } }")],
  ["a connection of REST, which may hold a token", "/api/platform_user/connections/connector-1", {}],
  ["a page that leads to a form", "/sign-in", {}],
])("%s is not compressed", async (_name, path, init) => {
  for (const encoding of [(await ask(path, init, "br, gzip")).encoding, (await ask(path, init, "br, gzip")).encoding])
    expect(encoding).toBeNull();
});

it.each([
  ["a form, whose address holds a state", "/connect/key", 'action="/connect/key?state='],
  ["a page that names its user", "/nothing", "Signed in as ada"],
  ["GraphiQL with a bearer", "/graphql", "Bearer "],
])("%s is not compressed", async (_name, path, words) => {
  const headers = { accept: "text/html", "accept-encoding": "br, gzip" };
  const answer = await ada.browser.fetch(path, { headers });
  const page = answer.status === 303 ? await ada.browser.fetch(answer.headers.get("location") ?? "", { headers }) : answer;
  expect(page.headers.get("content-encoding")).toBeNull();
  expect(await page.text()).toContain(words);
});

it.each([
  [null, null],
  ["", null],
  ["identity", null],
  ["gzip", "gzip"],
  ["br", "br"],
  ["GZIP, BR", "br"],
  ["br;q=0, gzip", "gzip"],
  ["gzip;q=0.5, br; q=0.000", "gzip"],
  ["*", "br"],
  ["*, br;q=0", "gzip"],
  ["brotli", null],
])("Accept-Encoding %j chooses %j", (accepted, encoding) => {
  expect(chooseEncoding(accepted)).toBe(encoding);
});
