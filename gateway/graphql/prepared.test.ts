import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createHash } from "node:crypto";
import { getIntrospectionQuery, parse } from "graphql";
import { createAcceptedDocuments } from "./documents.ts";
import { findPrepared } from "./prepared.ts";
import { isLong } from "../../test/support/long.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";

// A busy machine takes more than a minute for so many requests.
vi.setConfig({ testTimeout: 300_000 });

let test: TestApp;
let ada: TestUser;
let bearers: (string | null)[];
beforeAll(async () => {
  const manifest = join(mkdtempSync(join(tmpdir(), "xkit-manifest-")), "persisted-documents.json");
  writeFileSync(manifest, JSON.stringify(Object.fromEntries(documents.slice(0, PARSED).map((query, index) => [`t${index}`, query]))));
  test = await startTestApp({ env: { XKIT_TRUSTED_DOCUMENTS: manifest } });
  ada = await test.signIn("ada");
  await ada.connect();
  await (await test.signIn("grace", "team")).connect();
  bearers = [
    `Bearer ${await ada.bearer()}`,
    `Bearer ${await (await test.signIn("grace", "team")).bearer()}`,
    null,
    "Bearer x.y.z",
    "Basic eDp5",
  ];
});
afterAll(() => test.close());

/** Numbers that are the same in each run (mulberry32). */
function createRandom(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return <Value>(values: readonly Value[]): Value | undefined => values[Math.floor(next() * values.length)];
}

const documents = [
  `{ platform { name } }`,
  `query Token($slug: ID!) { connectionToken(where: { slug: $slug }) }`,
  `query Token($where: ConnectionWhere!, $ttl: Int) { accessToken(where: $where, minimumTtl: $ttl) { __typename ... on AccessToken { value scopes } ... on NoAccessToken { message } } }`,
  `query A { viewer { id } } query B($slug: ID!) { connectionOrConnector(slug: $slug) { ... on Connector { slug } ... on Connection { id } } }`,
  `query($first: ID, $skip: Boolean = false) { connections(slug: $first) { id @skip(if: $skip) connector { slug connections { id } } } }`,
  `{ a: connector(slug: "test") { name } b: connector(slug: "A B") { name } }`,
  `query($id: ID!) { user(id: $id) { connectionToken(where: { slug: "test" }) } }`,
  `mutation($slug: ID!) { disconnect(where: { slug: $slug }) { id } }`,
  `mutation { login(token: "x.y.z") { token } }`,
  `mutation { refreshSession { token } }`,
  `subscription { connectionChanged(slug: "A B") { id } }`,
  `{ __type(name: "Query") { name fields { name } } }`,
  getIntrospectionQuery(),
  `{ connection(where: { slug: "test", id: "7" }) { id } }`,
  `{ nothing }`,
  `{ platform ! }`,
] as const;
/** How many of them are valid, and how many parse. */
const VALID = documents.length - 3;
const PARSED = documents.length - 1;
const slug = ["test", "none", "A B", "", 7, null, ["test"], { slug: "test" }, "ж".repeat(300)] as const;
const where = [{ slug: "test" }, { slug: "none" }, { id: "7" }, { slug: "test", id: "7" }, {}, null, "test", { secret: "hush" }] as const;
const kinds = [...Array<"object">(16).fill("object"), "array", "text", "extra", "null"];
const types = ["application/json", "application/json;charset=utf-8", "Application/JSON", "application/graphql+json", "text/plain"];
const accepts = [
  null,
  "*/*",
  "application/json",
  "application/graphql-response+json",
  "application/graphql-response+json, application/json;q=0.9",
  "application/json;q=0.1, application/graphql-response+json",
  "application/json; charset=latin1, application/graphql-response+json",
  "application/json; charset=latin1",
  "*/json, application/graphql-response+json",
  "application/*",
  "text/html, */*;q=0.8",
  "text/event-stream",
  "text/event-stream, application/json",
  "multipart/mixed",
  "multipart/mixed, application/graphql-response+json",
  "image/png",
  "",
];

interface Sent {
  headers: Record<string, string>;
  query: string;
  /** The body, with a comment at the end of its document. */
  bodyWith(comment: string): string;
  /** The body by which the same is asked again: with the document, with its id, or with its hash. */
  again: { body: string; by: "text" | "id" | "hash" };
}

function generate(choose: ReturnType<typeof createRandom>): Sent {
  const by = choose(["text", "text", "id", "hash"] as const) ?? "text";
  const index = choose([...documents.keys()].slice(0, { text: documents.length, id: PARSED, hash: VALID }[by])) ?? 0;
  const query = documents[index] ?? "";
  const variables = choose<unknown>([
    {
      slug: choose(slug),
      where: choose(where),
      ttl: choose([1, -1, "x", null, 2 ** 40]),
      first: choose(slug),
      skip: choose([true, false, "x"]),
      id: choose(slug),
    },
    ...Array.from({ length: 6 }, () => ({ slug: "test", where: { slug: "test" }, first: "test", id: "ada" })),
    undefined,
    null,
    [],
    "x",
    { __proto__: null, constructor: 1 },
  ]);
  const operationName = choose([...Array<undefined>(9).fill(undefined), null, "Token", "A", "B", "Z", 7]);
  const extensions = choose([undefined, {}, null, []]);
  const oddExtensions = choose([
    ...Array<"none">(6).fill("none"),
    { persistedQuery: { version: 1, sha256Hash: "x" } },
    { persistedQuery: 7 },
  ]);
  const kind = choose(kinds);
  const extra = choose(["id", "documentId"]) ?? "";
  /** In two of three requests the first. */
  const mostly = <Value>([usual, ...others]: readonly Value[]) => (choose([true, true, false]) ? usual : choose(others));
  const headers: [string, string | null | undefined][] = [
    ["content-type", mostly(types)],
    ["accept", mostly(accepts)],
    ["authorization", mostly(bearers)],
    ["origin", choose([null, null, WEB_ORIGIN, "https://evil.example"])],
  ];
  const finish = (asked: object) => {
    const body = { ...asked, variables, operationName };
    if (kind === "array") return JSON.stringify([body]);
    if (kind === "text") return `${JSON.stringify(body)} }`;
    if (kind === "extra") return JSON.stringify({ ...body, [extra]: 7 });
    return kind === "null" ? "null" : JSON.stringify(body);
  };
  const textExtensions = by === "text" && oddExtensions !== "none" ? oddExtensions : extensions;
  const bodyWith = (comment: string) => finish({ query: query + comment, extensions: by === "hash" ? undefined : textExtensions });
  const bodies = {
    text: () => bodyWith(""),
    id: () => finish({ documentId: `t${index}`, extensions }),
    hash: () => finish({ extensions: { persistedQuery: { version: 1, sha256Hash: sha256(query) } } }),
  };
  return {
    headers: Object.fromEntries(headers.filter((pair): pair is [string, string] => typeof pair[1] === "string")),
    query,
    bodyWith,
    again: { body: bodies[by](), by },
  };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

async function send(headers: Record<string, string>, body: string) {
  const answer = await test.app.fetch(new Request(`${PUBLIC_URL}/graphql`, { method: "POST", headers, body }));
  // Without the pings of a stream.
  const text = (await answer.text()).replaceAll(/^:\n\n/gm, "");
  const answered = [...answer.headers].filter(([name]) => name !== "x-request-id");
  return { status: answer.status, headers: answered.map((pair) => pair.join(": ")).toSorted(), text };
}

/** Sends a document with its hash, as the same caller. */
async function register({ authorization }: Record<string, string>, query: string): Promise<void> {
  const headers = {
    "content-type": "application/json",
    ...(authorization !== undefined && { authorization }),
  };
  // Which no operation takes.
  const variables = { slug: {}, where: 7, first: {}, id: {} };
  const operationName = query.includes("query B") ? "B" : null;
  const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(query) } };
  await send(headers, JSON.stringify({ query, operationName, variables, extensions }));
}

describe("a prepared operation", () => {
  const REQUESTS = isLong ? 1_500 : 300;

  it(`is answered with the same status, headers and bytes as one that comes for the first time, in ${REQUESTS} generated requests`, async () => {
    const choose = createRandom(20_261_126);
    for (const query of documents) await send({ "content-type": "application/json" }, JSON.stringify({ query }));
    let successes = 0;
    for (let index = 0; index < REQUESTS; index += 1) {
      const { headers, query, bodyWith, again } = generate(choose);
      const first = await send(headers, bodyWith(`\n# ${index}`));
      if (again.by === "hash") await register(headers, query);
      const prepared = await send(headers, again.body);
      expect(prepared, `request ${index}: ${headers["accept"]} ${again.body}`).toEqual(first);
      if (prepared.text.startsWith('{"data":') && !prepared.text.includes('"errors":')) successes += 1;
    }
    // Enough of them ran.
    expect(successes).toBeGreaterThan(REQUESTS / 20);
  });

  it("is found by the whole source of its document, its id or its hash, and by no odd request", async () => {
    const query = "query A { __typename } query B { __typename }";
    const accepted = createAcceptedDocuments();
    for (const source of [query, "subscription { connectionChanged { id } }"]) accepted.add(parse(source), "ada", sha256(source));
    const json = new Headers({ "content-type": "application/json" });
    const trusted = { find: (id: string) => (id === "t" ? query : undefined) };
    const find = (body: unknown, headers = json) => findPrepared({ accepted, trusted }, headers, JSON.stringify(body), async () => "ada");
    expect(find({ query, operationName: "B" })).toMatchObject({ operationName: "B", answerType: "application/json" });
    expect(find({ documentId: "t", operationName: "B" })).toMatchObject({ operationName: "B", variables: null });
    const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(query) } };
    expect(await find({ extensions, operationName: "B" })).toMatchObject({ operationName: "B", variables: null });
    expect(find({ query, extensions, operationName: "B" })).toBeNull();
    expect(find({ query, documentId: "t", operationName: "B" })).toBeNull();
    expect(find({ documentId: "none", operationName: "B" })).toBeNull();
    expect(find({ query })).toBeNull();
    expect(find({ query: `${query} `, operationName: "B" })).toBeNull();
    expect(find({ query, operationName: "B", id: "7" })).toBeNull();
    expect(find([{ query, operationName: "B" }])).toBeNull();
    expect(find({ query: "subscription { connectionChanged { id } }" })).toBeNull();
    expect(find({ query, operationName: "B" }, new Headers({ ...Object.fromEntries(json), accept: "text/event-stream" }))).toBeNull();
  });
});
