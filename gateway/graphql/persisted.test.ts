import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, print, stripIgnoredCharacters, visit } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError } from "../config/config.ts";
import { createXkit } from "../../client/index.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestAppOptions, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { clientOperations } from "./client-operations.ts";
import { readTrustedDocuments } from "./trusted-documents.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const VIEWER = "query Viewer { viewer { id } }";
const PLATFORM = "query Platform($is: Boolean!) { platform { name @include(if: $is) } }";
const DISCONNECT = `mutation { disconnect(where: { slug: "test" }) { id } }`;

const folder = mkdtempSync(join(tmpdir(), "xkit-documents-"));
afterAll(() => rmSync(folder, { recursive: true }));

function writeManifest(name: string, manifest: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof manifest === "string" ? manifest : JSON.stringify(manifest));
  return path;
}

interface Asked {
  query?: unknown;
  documentId?: unknown;
  variables?: unknown;
  extensions?: unknown;
}

async function post({ app }: TestApp, body: Asked, headers: Record<string, string> = {}) {
  const init = { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
  const answer = await app.fetch(new Request(`${PUBLIC_URL}/graphql`, init));
  return { status: answer.status, body: await answer.json() };
}

async function get({ app }: TestApp, parameters: Record<string, string>, headers: Record<string, string> = {}) {
  const answer = await app.fetch(new Request(`${PUBLIC_URL}/graphql?${new URLSearchParams(parameters)}`, { headers }));
  return { status: answer.status, body: await answer.json() };
}

const hashed = (query: string) => ({ persistedQuery: { version: 1, sha256Hash: sha256(query) } });
const refusal = (message: string, extensions: object, status: number) => ({ status, body: { errors: [{ message, extensions }] } });
const NOT_FOUND = refusal("PersistedQueryNotFound", { code: "PERSISTED_QUERY_NOT_FOUND" }, 200);
const bearerOf = async (user: TestUser) => ({ authorization: `Bearer ${await user.bearer()}` });

const startTrusting = (manifest: unknown, env: TestAppOptions["env"] = {}) =>
  startTestApp({ env: { XKIT_TRUSTED_DOCUMENTS: writeManifest("manifest.json", manifest), ...env } });

describe("a trusted document", () => {
  let test: TestApp;
  let ada: Record<string, string>;
  beforeAll(async () => {
    test = await startTrusting({ viewer: VIEWER, platform: PLATFORM, disconnect: DISCONNECT, wrong: "{ nothing }" });
    ada = await bearerOf(await test.signIn());
  });
  afterAll(() => test.close());

  it("runs by its id, the first time and again", async () => {
    for (let time = 0; time < 3; time += 1) {
      expect(await post(test, { documentId: "viewer" }, ada)).toEqual({ status: 200, body: { data: { viewer: { id: "ada" } } } });
      const named = await post(test, { documentId: "platform", variables: { is: true } });
      expect(named).toEqual({ status: 200, body: { data: { platform: { name: "Acme" } } } });
    }
  });

  it("runs by the hash of its source, and by Apollo's way to name an id", async () => {
    expect((await post(test, { documentId: `sha256:${sha256(VIEWER)}` }, ada)).body).toEqual({ data: { viewer: { id: "ada" } } });
    const extensions = { persistedQuery: { version: 1, sha256Hash: "viewer" } };
    for (let time = 0; time < 2; time += 1)
      expect((await post(test, { extensions }, ada)).body).toEqual({ data: { viewer: { id: "ada" } } });
  });

  it("runs by GET, with its variables, unless it is a mutation", async () => {
    const variables = JSON.stringify({ is: true });
    expect((await get(test, { documentId: "platform", variables })).body).toEqual({ data: { platform: { name: "Acme" } } });
    for (let time = 0; time < 2; time += 1) expect((await get(test, { documentId: "disconnect" }, ada)).status).toBe(405);
  });

  it("of an id that is unknown is refused with a single error", async () => {
    const expected = refusal("No document of XKIT_TRUSTED_DOCUMENTS has this documentId.", { code: "PERSISTED_DOCUMENT_NOT_FOUND" }, 400);
    expect(await post(test, { documentId: "unknown" }, ada)).toEqual(expected);
    expect(await post(test, { documentId: "constructor" }, ada)).toEqual(expected);
    expect(await get(test, { documentId: "unknown" }, ada)).toEqual(expected);
  });

  it("is asked for without a document, by a string", async () => {
    const expected = refusal(
      "documentId: send either a documentId, as a string, or a query.",
      { code: "BAD_USER_INPUT", path: "documentId" },
      400,
    );
    for (const body of [{ documentId: "viewer", query: VIEWER }, { documentId: 7 }, { documentId: ["viewer"] }])
      expect(await post(test, body, ada)).toEqual(expected);
  });

  it("which the schema does not fit is refused like one that was sent", async () => {
    const sent = await post(test, { query: "{ nothing }" });
    expect(sent.body).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT" } }] });
    expect(await post(test, { documentId: "wrong" })).toEqual(sent);
  });
});

describe("a manifest", () => {
  const read = (...manifests: unknown[]) =>
    readTrustedDocuments({ paths: manifests.map((manifest, index) => writeManifest(`${index}.json`, manifest)), only: false });
  const problemsOf = (...manifests: unknown[]) => {
    try {
      read(...manifests);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems.map((problem) => problem.replaceAll(`${folder}/`, ""));
      throw error;
    }
    return [];
  };

  it.each([
    ["graphql-codegen and Relay", { viewer: VIEWER }],
    [
      "Apollo",
      {
        format: "apollo-persisted-query-manifest",
        version: 1,
        operations: [{ id: "viewer", name: "Viewer", type: "query", body: VIEWER }],
      },
    ],
    ["Apollo Kotlin", { viewer: { name: "Viewer", source: VIEWER } }],
  ])("is one of %s", (_name, manifest) => {
    const documents = read(manifest);
    expect(documents.find("viewer")).toBe(VIEWER);
    expect(documents.find("format")).toBeUndefined();
    expect(documents.find("toString")).toBeUndefined();
  });

  it("may be one of several, such as those of former releases of a front end", () => {
    const documents = read({ viewer: VIEWER }, { platform: PLATFORM, viewer: VIEWER });
    expect([documents.find("viewer"), documents.find("platform")]).toEqual([VIEWER, PLATFORM]);
  });

  it("that cannot be read refuses the start, and says why", () => {
    expect(problemsOf("{", [VIEWER], { viewer: 7 })).toEqual(
      [0, 1, 2].map(
        (index) =>
          `XKIT_TRUSTED_DOCUMENTS names ${index}.json, which must be a JSON object of documents by id, or a persisted query manifest of Apollo (version 1)`,
      ),
    );
    expect(problemsOf({ viewer: VIEWER }, { viewer: PLATFORM })).toEqual([
      'XKIT_TRUSTED_DOCUMENTS names 1.json, where the document "viewer" differs from the document with the same id in an earlier manifest',
    ]);
    expect(problemsOf({ long: `#${"x".repeat(16_384)}\n${VIEWER}`, wrong: "{" })).toEqual([
      'XKIT_TRUSTED_DOCUMENTS names 0.json, where the document "long" is longer than 16384 bytes',
      'XKIT_TRUSTED_DOCUMENTS names 0.json, where the document "wrong" does not parse (Syntax Error: Expected Name, found <EOF>.)',
    ]);
    expect(() => readTrustedDocuments({ paths: [join(folder, "none.json")], only: false })).toThrow("cannot be read (ENOENT)");
  });
});

describe("where trusted documents alone may run", () => {
  let test: TestApp;
  let ada: TestUser;
  beforeAll(async () => {
    test = await startTrusting({ viewer: VIEWER }, { XKIT_TRUSTED_DOCUMENTS_ONLY: "on" });
    ada = await test.signIn();
    await ada.connect();
  });
  afterAll(() => test.close());

  it("any other is refused, before it is validated", async () => {
    const expected = refusal("This gateway runs only trusted documents: send the documentId of one.", { code: "FORBIDDEN" }, 403);
    const headers = await bearerOf(ada);
    for (const query of [
      `query Viewer { viewer { id } platform { name } }`,
      "{ viewer { id } }",
      "{ __schema { types { name } } }",
      "{ nothing }",
    ]) {
      expect(await post(test, { query }, headers)).toEqual(expected);
      expect(await get(test, { query }, headers)).toEqual(expected);
      expect(await post(test, { query, extensions: hashed(query) }, headers)).toEqual(expected);
      expect(await post(test, { extensions: hashed(query) }, headers)).toEqual(NOT_FOUND);
    }
  });

  it("one runs also as a text, whatever its layout, the names of its fragments, and `__typename`", async () => {
    const headers = await bearerOf(ada);
    for (const query of [VIEWER, "query Viewer{viewer{id __typename}}"])
      expect((await post(test, { query }, headers)).body).toMatchObject({ data: { viewer: { id: "ada" } } });
    expect((await post(test, { documentId: "viewer" }, headers)).body).toMatchObject({ data: { viewer: { id: "ada" } } });
  });

  it("this project's own client works", async () => {
    const xkit = createXkit(PUBLIC_URL, {
      getToken: () => ada.bearer(),
      fetch: (input, init) => {
        const request = new Request(input, init);
        request.headers.set("origin", WEB_ORIGIN);
        return test.app.fetch(request);
      },
    });
    expect(await xkit.getConnection("test")).toMatchObject({ enabled: true });
    expect(await xkit.getConnectionToken("test")).toEqual(expect.any(String));
  });

  it("every operation of this project's own client is one, as its builds and urql's cache print it", () => {
    const { allows } = readTrustedDocuments({ paths: [], only: true });
    const others = clientOperations.filter((text) => text.includes("...")).map((text) => parse(text));
    expect(others.length).toBeGreaterThan(10);
    for (const document of others) {
      const renamed = visit(document, {
        FragmentSpread: (node) => ({ ...node, name: { ...node.name, value: `Short${node.name.value}` } }),
        FragmentDefinition: (node) => ({ ...node, name: { ...node.name, value: `Short${node.name.value}` } }),
      });
      const [operation, ...fragments] = renamed.definitions;
      const definitions = [...fragments.toReversed(), ...(operation ? [operation] : [])];
      const text = stripIgnoredCharacters(print({ ...renamed, definitions })).replaceAll(/}(?=[^}]*$)/g, " __typename}");
      expect(allows(parse(text)), text).toBe(true);
      expect(allows(parse(text.replace("__typename", "a:__typename"))), text).toBe(false);
    }
  });
});

describe("an automatic persisted query", () => {
  let test: TestApp;
  let ada: Record<string, string>;
  let mallory: Record<string, string>;
  beforeAll(async () => {
    test = await startTestApp();
    ada = await bearerOf(await test.signIn("ada"));
    mallory = await bearerOf(await test.signIn("mallory"));
  });
  afterAll(() => test.close());

  it("is not found until its document was sent with the hash, then runs by the hash", async () => {
    const query = "query First { viewer { id } }";
    expect(await post(test, { extensions: hashed(query) }, ada)).toEqual(NOT_FOUND);
    expect(await get(test, { extensions: JSON.stringify(hashed(query)) }, ada)).toEqual(NOT_FOUND);
    await post(test, { query }, ada);
    expect(await post(test, { extensions: hashed(query) }, ada)).toEqual(NOT_FOUND);
    const expected = { status: 200, body: { data: { viewer: { id: "ada" } } } };
    expect(await post(test, { query, extensions: hashed(query) }, ada)).toEqual(expected);
    expect(await post(test, { extensions: hashed(query) }, ada)).toEqual(expected);
    expect(await get(test, { extensions: JSON.stringify(hashed(query)) }, ada)).toEqual(expected);
  });

  it("is registered by GET too, as urql does it", async () => {
    const query = "query ByGet { viewer { id } }";
    const { persistedQuery } = hashed(query);
    const extensions = JSON.stringify({ persistedQuery: { ...persistedQuery, miss: true } });
    expect((await get(test, { query, extensions }, ada)).body).toEqual({ data: { viewer: { id: "ada" } } });
    expect((await get(test, { extensions }, ada)).body).toEqual({ data: { viewer: { id: "ada" } } });
  });

  it("of another sender is not found, nor told apart from one that nobody sent", async () => {
    const query = "query Secret { viewer { id } }";
    await post(test, { query, extensions: hashed(query) }, ada);
    expect(await post(test, { extensions: hashed(query) }, mallory)).toEqual(NOT_FOUND);
    expect(await post(test, { extensions: hashed(query) })).toEqual(NOT_FOUND);
    await post(test, { query, extensions: hashed(query) }, mallory);
    expect((await post(test, { extensions: hashed(query) }, mallory)).body).toEqual({ data: { viewer: { id: "mallory" } } });
    expect((await post(test, { extensions: hashed(query) }, ada)).body).toEqual({ data: { viewer: { id: "ada" } } });
  });

  it("with another hash than its own is refused, and runs nothing", async () => {
    const expected = refusal(
      "extensions.persistedQuery.sha256Hash is not the SHA-256 of the query.",
      { code: "BAD_USER_INPUT", path: "extensions.persistedQuery.sha256Hash" },
      400,
    );
    const query = "query Mismatch { viewer { id } }";
    for (const hash of [sha256(VIEWER), sha256(query).toUpperCase(), "", "x"])
      expect(await post(test, { query, extensions: { persistedQuery: { version: 1, sha256Hash: hash } } }, ada)).toEqual(expected);
    expect(await post(test, { query, extensions: hashed(VIEWER) }, ada)).toEqual(expected);
  });

  it("of another version is not supported, so that clients send the document alone", async () => {
    const expected = refusal("PersistedQueryNotSupported", { code: "PERSISTED_QUERY_NOT_SUPPORTED" }, 200);
    for (const persistedQuery of [{ ...hashed(VIEWER).persistedQuery, version: 2 }, { version: 1 }, 7, "x", {}])
      expect(await post(test, { query: VIEWER, extensions: { persistedQuery } }, ada)).toEqual(expected);
    expect((await post(test, { query: VIEWER, extensions: { persistedQuery: null } }, ada)).status).toBe(200);
  });

  it.each(["{ nothing }", "{ platform !", `#${"x".repeat(16_384)}\n{ __typename }`])(
    "is not kept where its document is refused",
    async (query) => {
      const { body } = await post(test, { query, extensions: hashed(query) }, ada);
      expect(body).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT" } }] });
      expect(await post(test, { extensions: hashed(query) }, ada)).toEqual(NOT_FOUND);
    },
  );
});
