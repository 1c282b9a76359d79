import { getIntrospectionQuery } from "graphql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";

let test: TestApp;
let ada: TestUser;
beforeEach(async () => {
  test = await startTestApp({ file: { web_origins: [WEB_ORIGIN, "https://*.acme.example"] } });
  ada = await test.signIn();
});
afterEach(() => test.close());

const json = { "content-type": "application/json" };
const send = (init: RequestInit = {}, path = "/graphql") => test.app.fetch(new Request(`${PUBLIC_URL}${path}`, init));
const post = (body: string, headers: Record<string, string> = json) => send({ method: "POST", headers, body });
const queryPath = (query: string, variables = "") => `/graphql?${new URLSearchParams({ query, ...(variables && { variables }) })}`;
const isStarted = async () => (await ada.graphql("{ connections { id } }")).data.connections.length > 0;

describe("CORS", () => {
  const corsOf = ({ headers }: Response) => [...headers].filter(([name]) => name.startsWith("access-control-"));
  const ask = (origin: string) => post(`{"query":"{ __typename }"}`, { ...json, origin });
  const preflight = (origin: string) => send({ method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } });

  it.each([WEB_ORIGIN, PUBLIC_URL, "https://app.acme.example", "https://x-1.acme.example"])(
    "echoes %s exactly, with credentials",
    async (origin) => {
      for (const response of [await ask(origin), await preflight(origin)]) {
        expect(response.headers.get("access-control-allow-origin")).toBe(origin);
        expect(response.headers.get("access-control-allow-credentials")).toBe("true");
      }
      expect((await preflight(origin)).headers.get("access-control-allow-headers")).toMatch(/authorization/i);
    },
  );

  it("lets the platform's pages read why a request was refused", async () => {
    const tooLong = await post(`{"query":"${"#".repeat(300_000)}"}`, { ...json, origin: WEB_ORIGIN });
    const wrongType = await post("{}", { "content-type": "text/plain", origin: WEB_ORIGIN });
    expect([tooLong.status, wrongType.status]).toEqual([413, 415]);
    for (const { headers } of [tooLong, wrongType]) expect(headers.get("access-control-allow-origin")).toBe(WEB_ORIGIN);
  });

  it.each([
    "https://evil.example",
    "https://acme.example",
    "https://a.b.acme.example",
    "https://evilacme.example",
    "https://app.acme.example.evil.example",
    "https://app.acme.example:8443",
    "http://app.acme.example",
    "https://*.acme.example",
    "http://localhost:5174",
    "http://localhost:5173.evil.example",
    "HTTP://LOCALHOST:5173",
    "null",
  ])("allows %s nothing", async (origin) => {
    expect(corsOf(await ask(origin))).toEqual([]);
    expect(corsOf(await preflight(origin))).toEqual([]);
  });
});

describe("requests that a page can send without a preflight", () => {
  const query = `mutation { connect(slug: "test") { id } }`;
  const mutation = JSON.stringify({ query });
  const form = new FormData();
  form.set("operations", mutation);

  it.each<[string, RequestInit]>([
    ["plain text", { headers: { "content-type": "text/plain" }, body: mutation }],
    ["a form", { body: new URLSearchParams({ query }) }],
    ["multipart", { body: form }],
    ["no type at all", { body: Buffer.from(mutation) }],
    ["a GraphQL document", { headers: { "content-type": "application/graphql" }, body: query }],
    ["a type with JSON in it", { headers: { "content-type": "text/plain; application/json" }, body: mutation }],
  ])("are refused with 415 as %s, and nothing is executed", async (_name, init) => {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${await ada.bearer()}`);
    const response = await send({ method: "POST", ...init, headers });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT", path: "content-type" } }] });
    expect(await isStarted()).toBe(false);
  });

  it("read by GET", async () => {
    const response = await send({}, queryPath("query Q($s: ID!) { connector(slug: $s) { name } }", `{"s":"test"}`));
    expect(await response.json()).toEqual({ data: { connector: { name: "Test" } } });
  });

  it("change nothing by GET", async () => {
    const response = await send({ headers: { authorization: `Bearer ${await ada.bearer()}` } }, queryPath(query));
    expect(response.status).toBe(405);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT" } }] });
    expect(await isStarted()).toBe(false);
  });
});

describe("limits", () => {
  const nested = (levels: number) => `{ connections ${"{ connector { connections ".repeat(levels)} { id } ${"} }".repeat(levels)} }`;
  const many = (count: number, field: string) => Array.from({ length: count }, (_, index) => field.replace("#", String(index))).join(" ");

  it.each([
    ["deep", nested(4)],
    ["full of aliases", `{ ${many(31, "a#: platform { name }")} }`],
    ["full of directives", `{ platform { name ${many(31, "@include(if: true)")} } }`],
    ["long", `{ ${many(1_100, "__typename")} }`],
    ["much of the schema", `{ ${many(29, "a#: __schema { types { name description } }")} }`],
    ["much of each type", `{ __schema { types { ...T } } } fragment T on __Type { ${many(29, "a#: fields { description }")} }`],
    ["costly", `{ connections { connector { connections { connector { connections { connector { ${many(900, "name")} } } } } } } }`],
  ])("refuse an operation that is too %s with 400 and a code, whatever it accepts", async (_name, query) => {
    for (const accept of ["application/json", "application/graphql-response+json", "*/*"]) {
      const { status, errors, data } = await ada.graphql(query, {}, { accept });
      expect({ status, data, codes: errors.map(({ extensions }) => extensions.code) }).toEqual({
        status: 400,
        data: undefined,
        codes: ["BAD_USER_INPUT"],
      });
    }
  });

  it("allow the largest expected operations", async () => {
    expect((await ada.graphql(nested(3))).data).toEqual({ connections: [] });
    expect((await ada.graphql(`{ ${many(30, "a#: platform { name }")} }`)).errors).toEqual([]);
    expect((await ada.graphql(`{ a: __type(name: "Query") { name kind: __typename } b: __type(name: "User") { name } }`)).errors).toEqual(
      [],
    );
  });

  it("allow GraphiQL's introspection", async () => {
    const options = { inputValueDeprecation: true, specifiedByUrl: true, oneOf: true, schemaDescription: true };
    expect((await test.graphql(getIntrospectionQuery(options))).data.__schema.types.length).toBeGreaterThan(20);
  });

  it.each([
    ["states its length", { "content-length": "262145" }],
    ["does not", {}],
  ])("refuse a body that is too long with 413 and a code, when it %s", async (_name, headers) => {
    const response = await post("x".repeat(262_145), { ...json, ...headers });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT", path: "content-length" } }] });
  });

  it("allow a body of just the limit", async () => {
    const [start, end] = [`{"query":"{ __typename }","extensions":{"padding":"`, `"}}`];
    const body = `${start}${"x".repeat(262_144 - start.length - end.length)}${end}`;
    expect(await (await post(body)).json()).toEqual({ data: { __typename: "Query" } });
  });
});

describe("requests that hold no operation", () => {
  it.each([
    ["no JSON", `planted-secret { viewer }`, json],
    ["an array", `[{"query":"{ __typename }"}]`, json],
    ["null", "null", json],
    ["no query", "{}", json],
    ["a query of another type", `{"query":1}`, json],
    ["variables of another type", `{"query":"{ __typename }","variables":"x"}`, json],
    ["an operation that is not there", `{"query":"query A { __typename }","operationName":"B"}`, json],
    ["an answer that nobody can give", `{"query":"{ __typename }"}`, { ...json, accept: "image/png" }],
    ["a subscription as JSON", `{"query":"subscription { connectionChanged { id } }"}`, { ...json, accept: "application/json" }],
  ])("are refused with a 4xx and a code: %s", async (_name, body, headers) => {
    const response = await post(body, { ...headers, authorization: `Bearer ${await ada.bearer()}` });
    const text = await response.text();
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    expect(JSON.parse(text)).toMatchObject({ errors: [{ message: expect.any(String), extensions: { code: "BAD_USER_INPUT" } }] });
    expect(text).not.toContain("planted");
  });

  it.each(["variables", "extensions"])("are refused by GET with %s that are not JSON", async (path) => {
    const response = await send({}, `/graphql?query={__typename}&${path}={`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT", path } }] });
  });

  it.each(["PUT", "DELETE", "PATCH"])("are refused as %s with 405 and a code", async (method) => {
    const response = await send({ method });
    expect(response.status).toBe(405);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT" } }] });
  });

  it("have an error code where the document does not parse or validate", async () => {
    for (const query of ["{", "{ nothing }", "query { ...a } fragment a on Query { ...a }"])
      expect((await test.graphql(query)).errors[0]?.extensions.code).toBe("BAD_USER_INPUT");
  });
});
