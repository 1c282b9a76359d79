import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAXIMUM_ANSWER_CHARACTERS, MAXIMUM_ANSWER_OBJECTS } from "../../schema/answer-limit.ts";
import { createServerHeaders } from "../../test/support/caller.ts";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { MAXIMUM_ATTEMPTS } from "../vault/pending.ts";

const CONNECT = `mutation ($id: ID) { connect(slug: "test", id: $id) { id } }`;
const NESTED = "connections { connector { connections { connector { connections { id } } } } }";
/** A page of text, as a connector's description may be. */
const description = "d".repeat(8_000);

const MANY_CONNECTORS = Array.from({ length: 40 }, (_, index) => ({
  slug: `key-${index}`,
  name: "Key",
  description,
  collect: { save_label: "Save", fields: [{ name: "api_key", label: "API key", secret: true }] },
}));

let test: TestApp;
let ada: TestUser;
afterAll(() => test?.close());

const refusal = { status: 400, data: null, codes: ["BAD_USER_INPUT"], paths: ["query"] };
async function judge(answer: ReturnType<TestUser["graphql"]>) {
  const { status, data, errors } = await answer;
  return {
    status,
    data,
    codes: errors.map(({ extensions }) => extensions.code),
    paths: errors.map(({ extensions }) => extensions["path"]),
  };
}

describe("an answer", () => {
  beforeAll(async () => {
    test = await startTestApp({ connector: { description }, connectors: MANY_CONNECTORS });
    ada = await test.signIn("ada");
    for (let count = 0; count < MAXIMUM_ATTEMPTS; count += 1) await ada.graphql(CONNECT, { id: randomUUID() });
  }, 60_000);

  it("is refused where it would hold too many objects, for every caller and field", async () => {
    const server = await createServerHeaders(test);
    for (const query of [
      `{ ${NESTED} }`,
      `{ connectors { ${NESTED} } }`,
      `{ connection(where: { slug: "test" }) { connector { ${NESTED} } } }`,
    ])
      expect(await judge(ada.graphql(query))).toEqual(refusal);
    expect(await judge(test.graphql(`{ user(id: "ada") { ${NESTED} } }`, {}, server))).toEqual(refusal);
  });

  it("is given up to the limit", async () => {
    const query = "{ connections { id authorization { id } connector { slug connections { id } } } }";
    expect(await judge(ada.graphql(query))).toEqual(refusal);
    const once = await ada.graphql("{ connections { id authorization { id } connector { slug } } }");
    expect([once.errors, once.data.connections.length]).toEqual([[], MAXIMUM_ATTEMPTS]);
  });

  it("is refused where its texts would hold too many characters, even for anonymous callers", async () => {
    const aliases = Array.from({ length: 28 }, (_, index) => `a${index}: description`).join(" ");
    expect(MAXIMUM_ANSWER_CHARACTERS).toBeLessThan(28 * MANY_CONNECTORS.length * description.length);
    expect(await judge(test.graphql(`{ connectors { ${aliases} } }`))).toEqual(refusal);
    expect(await judge(ada.graphql(`{ connections { connector { ${aliases} } } }`))).toEqual(refusal);
    expect((await ada.graphql("{ connections { connector { description } } }")).errors).toEqual([]);
  });
});

describe("an event of a subscription", () => {
  const CONNECTIONS = 80;
  const ALIASES = 25;
  const EVENTS = 6;
  const connections = Array.from({ length: ALIASES }, (_, index) => `a${index}: connections { id }`).join(" ");

  it("is counted apart from earlier ones", async () => {
    const ben = await test.signIn("ben");
    const connect = async () => expect((await ben.graphql(CONNECT, { id: randomUUID() })).errors).toEqual([]);
    for (let count = 0; count < CONNECTIONS; count += 1) await connect();
    const response = await ben.browser.fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${await ben.bearer()}` },
      body: JSON.stringify({ query: `subscription { connectionChanged { connector { ${connections} } } }` }),
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (let count = 1; count <= EVENTS; count += 1) {
      await connect();
      while ((text.match(/^event: next$/gm) ?? []).length < count) {
        const { done, value = "" } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error(`The stream ended: ${text.slice(-500)}`);
        text += value;
      }
    }
    await reader?.cancel();
    expect(text.match(/"id"/g)?.length).toBeGreaterThan(MAXIMUM_ANSWER_OBJECTS);
    expect(text).not.toContain("errors");
  });
});
