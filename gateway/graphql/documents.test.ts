import { getIntrospectionQuery, parse } from "graphql";
import { createYoga } from "graphql-yoga";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { schema } from "../../schema/index.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { acceptDocuments, type Accepting, createAcceptedDocuments, MAXIMUM_DOCUMENT_BYTES } from "./documents.ts";

const padded = (bytes: number): string => {
  const query = "{ __typename }";
  return `#${"x".repeat(bytes - query.length - 2)}\n${query}`;
};

describe("the length of a document", () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  it("is limited, in bytes", async () => {
    expect((await test.graphql(padded(MAXIMUM_DOCUMENT_BYTES))).data).toEqual({ __typename: "Query" });
    const inCharacters = `#${"ж".repeat(MAXIMUM_DOCUMENT_BYTES / 2)}\n{ __typename }`;
    for (const query of [padded(MAXIMUM_DOCUMENT_BYTES + 1), inCharacters]) {
      const { status, errors } = await test.graphql(query);
      expect(status).toBe(400);
      expect(errors).toEqual([
        { message: "The document is longer than 16384 bytes.", extensions: { code: "BAD_USER_INPUT", path: "query" } },
      ]);
    }
  });

  it("is checked before the document is parsed", async () => {
    const { errors } = await test.graphql(`{${"x".repeat(MAXIMUM_DOCUMENT_BYTES)}`);
    expect(errors.map(({ message }) => message)).toEqual(["The document is longer than 16384 bytes."]);
  });
});

describe("documents that are kept", () => {
  const CACHE_BYTES = 1_048_576;

  async function ask(queries: readonly string[], sender = "ada", documents = createAcceptedDocuments(CACHE_BYTES, CACHE_BYTES)) {
    const accepting: Accepting["accepting"] = {};
    const yoga = createYoga<Accepting>({
      schema,
      logging: false,
      parserAndValidationCache: false,
      plugins: [acceptDocuments(documents)],
    });
    const headers = { "content-type": "application/json" };
    for (const query of queries) {
      delete accepting.document;
      const request = { method: "POST", headers, body: JSON.stringify({ query }) };
      await (await yoga.fetch("http://gateway/graphql", request, { accepting })).text();
      if (accepting.document) documents.add(accepting.document, sender);
    }
    return documents;
  }

  const distinct = (count: number, make: (index: number) => string) => Array.from({ length: count }, (_, index) => make(index));

  it("are parsed once", async () => {
    expect((await ask(distinct(3, () => "{ __typename }"))).size).toBe(1);
  });

  it("take a bounded amount of memory, however many come", async () => {
    const documents = await ask(distinct(200, (index) => `#${index}${"x".repeat(15_000)}\n{ __typename }`));
    expect(documents.size).toBeGreaterThan(1);
    expect(documents.bytes).toBeLessThanOrEqual(CACHE_BYTES);
  });

  it("of one caller push out no other caller's", async () => {
    const documents = createAcceptedDocuments(CACHE_BYTES, CACHE_BYTES / 4);
    const many = distinct(200, (index) => `#${index}${"x".repeat(15_000)}\n{ __typename }`);
    await ask(["{ __typename }"], "ada", documents);
    await ask(many, "mallory", documents);
    expect(documents.find("{ __typename }")).toBeDefined();
    expect(documents.find(many[0] ?? "")).toBeUndefined();
    expect(documents.find(many.at(-1) ?? "")).toBeDefined();
    expect(documents.bytes).toBeLessThan(CACHE_BYTES / 2);
  });

  it("of one caller are the latest used", async () => {
    const documents = createAcceptedDocuments(CACHE_BYTES, CACHE_BYTES / 4);
    await ask(["{ __typename }"], "ada", documents);
    for (const query of distinct(100, (index) => `#${index}${"x".repeat(15_000)}\n{ __typename }`)) {
      await ask([query], "ada", documents);
      expect(documents.find("{ __typename }")).toBeDefined();
    }
  });

  it("are counted by their tokens too, which take more memory than the source", async () => {
    const documents = await ask(
      distinct(20, (index) => `query Q${index} { ${distinct(300, (field) => `a${field}:__typename`).join(" ")} }`),
    );
    expect(documents.size).toBe(2);
  });

  it.each([
    ["does not parse", (index: number) => `#${index}\n{ platform { nam`],
    ["does not validate", (index: number) => `#${index}\n{ platform { nam } }`],
  ])("do not include a refused one, which %s", async (_name, make) => {
    expect((await ask([...distinct(5, make), getIntrospectionQuery()])).size).toBe(1);
  });
});

describe("registrations", () => {
  const BYTES = 1_048_576;
  const documentOf = (index: number, length = 1_000) => parse(`#${index}${"x".repeat(length)}\n{ __typename }`);
  const hashOf = (index: number) => index.toString(16).padStart(64, "0");

  it("are found by their own senders alone", () => {
    const documents = createAcceptedDocuments(BYTES, BYTES);
    const document = documentOf(1);
    documents.add(document, "ada", hashOf(1));
    expect(documents.findByHash(hashOf(1), "ada")).toBe(document);
    expect(documents.findByHash(hashOf(1), "mallory")).toBeUndefined();
    documents.add(documentOf(1), "mallory", hashOf(1));
    expect(documents.findByHash(hashOf(1), "mallory")).toBe(document);
    // No hash leads to what a sender with a space in its name registered.
    documents.add(documentOf(2), "ada mallory", hashOf(2));
    expect(documents.findByHash(`${hashOf(2)} ada`, "mallory")).toBeUndefined();
    expect(documents.size).toBe(2);
  });

  it("keep a document that its first sender has no more room for", () => {
    const documents = createAcceptedDocuments(BYTES, BYTES / 4);
    documents.add(documentOf(0), "mallory");
    documents.add(documentOf(0), "ada", hashOf(0));
    for (let index = 1; index < 200; index += 1) documents.add(documentOf(index), "mallory", hashOf(index));
    expect(documents.findByHash(hashOf(0), "ada")).toBeDefined();
    expect(documents.findByHash(hashOf(1), "mallory")).toBeUndefined();
    expect(documents.findByHash(hashOf(199), "mallory")).toBeDefined();
  });

  it("of one sender push out no other's, and have that sender's share of the memory", () => {
    const documents = createAcceptedDocuments(BYTES, BYTES / 4);
    documents.add(documentOf(0), "ada", hashOf(0));
    for (let index = 1; index < 1_000; index += 1) documents.add(documentOf(index), "mallory", hashOf(index));
    expect(documents.findByHash(hashOf(0), "ada")).toBeDefined();
    expect(documents.bytes).toBeLessThan(BYTES / 2);
  });

  it("take a bounded amount of memory, however many senders there are", () => {
    const documents = createAcceptedDocuments(BYTES, BYTES / 4);
    for (let sender = 0; sender < 3_000; sender += 1) documents.add(documentOf(0), `user ${sender}`, hashOf(0));
    expect(documents.bytes).toBeLessThanOrEqual(BYTES);
    expect(documents.findByHash(hashOf(0), "user 2999")).toBeDefined();
    expect(documents.findByHash(hashOf(0), "user 0")).toBeUndefined();
  });

  it("end with what they find, and leave nothing behind", () => {
    const documents = createAcceptedDocuments(BYTES, BYTES / 4);
    for (let index = 0; index < 300; index += 1)
      for (const sender of ["ada", "grace"]) documents.add(documentOf(index, 15_000), `${sender} ${index % 20}`, hashOf(index));
    expect(documents.bytes).toBeLessThanOrEqual(BYTES);
    const found = Array.from({ length: 300 }, (_, index) => documents.findByHash(hashOf(index), `ada ${index % 20}`)).filter(Boolean);
    expect(found.length).toBeLessThanOrEqual(documents.size);
    expect(found.length).toBeGreaterThan(0);
  });

  it("of the operator's documents may take the whole of the memory", () => {
    const documents = createAcceptedDocuments(BYTES, BYTES / 4);
    for (let index = 0; index < 12; index += 1) documents.add(documentOf(index, 15_000), "trusted");
    expect(documents.size).toBe(12);
  });
});
