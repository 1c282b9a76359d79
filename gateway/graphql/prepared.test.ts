import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getIntrospectionQuery, parse } from "graphql";
import { createAcceptedDocuments } from "./documents.ts";
import { findPrepared } from "./prepared.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";

let test: TestApp;
let ada: TestUser;
let bearers: (string | null)[];
beforeAll(async () => {
  test = await startTestApp();
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
  `{ connection(where: { slug: "test", id: "7" }) { id } }`,
  `query($id: ID!) { user(id: $id) { connectionToken(where: { slug: "test" }) } }`,
  `mutation($slug: ID!) { disconnect(where: { slug: $slug }) { id } }`,
  `mutation { login(token: "x.y.z") { token } }`,
  `mutation { refreshSession { token } }`,
  `subscription { connectionChanged(slug: "A B") { id } }`,
  `{ __type(name: "Query") { name fields { name } } }`,
  getIntrospectionQuery(),
  `{ nothing }`,
  `{ platform ! }`,
] as const;
const slug = ["test", "none", "A B", "", 7, null, ["test"], { slug: "test" }, "ж".repeat(300)] as const;
const where = [{ slug: "test" }, { slug: "none" }, { id: "7" }, { slug: "test", id: "7" }, {}, null, "test", { secret: "hush" }] as const;
const bodies = [...Array<"object">(16).fill("object"), "array", "text", "extra", "null"];
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
  /** The body, with a comment at the end of its document. */
  bodyWith(comment: string): string;
}

function generate(choose: ReturnType<typeof createRandom>): Sent {
  const query = choose(documents) ?? "";
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
  const extensions = choose([undefined, {}, null, [], { persistedQuery: { version: 1, sha256Hash: "x" } }]);
  const kind = choose(bodies);
  const extra = choose(["id", "documentId"]) ?? "";
  /** In two of three requests the first. */
  const mostly = <Value>([usual, ...others]: readonly Value[]) => (choose([true, true, false]) ? usual : choose(others));
  const headers: [string, string | null | undefined][] = [
    ["content-type", mostly(types)],
    ["accept", mostly(accepts)],
    ["authorization", mostly(bearers)],
    ["origin", choose([null, null, WEB_ORIGIN, "https://evil.example"])],
  ];
  const bodyWith = (comment: string) => {
    const body = { query: query + comment, variables, operationName, extensions };
    if (kind === "array") return JSON.stringify([body]);
    if (kind === "text") return `${JSON.stringify(body)} }`;
    if (kind === "extra") return JSON.stringify({ ...body, [extra]: 7 });
    return kind === "null" ? "null" : JSON.stringify(body);
  };
  return { headers: Object.fromEntries(headers.filter((pair): pair is [string, string] => typeof pair[1] === "string")), bodyWith };
}

async function send(headers: Record<string, string>, body: string) {
  const answer = await test.app.fetch(new Request(`${PUBLIC_URL}/graphql`, { method: "POST", headers, body }));
  // Without the pings of a stream.
  const text = (await answer.text()).replaceAll(/^:\n\n/gm, "");
  return { status: answer.status, headers: [...answer.headers].map((pair) => pair.join(": ")).toSorted(), text };
}

describe("a prepared operation", () => {
  const REQUESTS = 1_500;

  it(`is answered with the same status, headers and bytes as one that comes for the first time, in ${REQUESTS} generated requests`, async () => {
    const choose = createRandom(20_261_126);
    for (const query of documents) await send({ "content-type": "application/json" }, JSON.stringify({ query }));
    let successes = 0;
    for (let index = 0; index < REQUESTS; index += 1) {
      const { headers, bodyWith } = generate(choose);
      const first = await send(headers, bodyWith(`\n# ${index}`));
      const prepared = await send(headers, bodyWith(""));
      expect(prepared, `request ${index}: ${headers["accept"]} ${bodyWith("")}`).toEqual(first);
      if (prepared.text.startsWith('{"data":') && !prepared.text.includes('"errors":')) successes += 1;
    }
    // Enough of them ran.
    expect(successes).toBeGreaterThan(REQUESTS / 20);
  });

  it("is found by the whole source of its document, and by no odd request", () => {
    const accepted = createAcceptedDocuments();
    for (const source of ["query A { __typename } query B { __typename }", "subscription { connectionChanged { id } }"])
      accepted.add(parse(source), "ada");
    const json = new Headers({ "content-type": "application/json" });
    const find = (body: unknown, headers = json) => findPrepared(accepted, headers, JSON.stringify(body));
    const query = "query A { __typename } query B { __typename }";
    expect(find({ query, operationName: "B" })).toMatchObject({ operationName: "B", answerType: "application/json" });
    expect(find({ query })).toBeNull();
    expect(find({ query: `${query} `, operationName: "B" })).toBeNull();
    expect(find({ query, operationName: "B", id: "7" })).toBeNull();
    expect(find([{ query, operationName: "B" }])).toBeNull();
    expect(find({ query: "subscription { connectionChanged { id } }" })).toBeNull();
    expect(find({ query, operationName: "B" }, new Headers({ ...Object.fromEntries(json), accept: "text/event-stream" }))).toBeNull();
  });
});
