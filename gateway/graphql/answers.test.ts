import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { PATIENCE } from "../../test/support/patience.ts";

let test: TestApp;
let ada: TestUser;
beforeEach(async () => {
  test = await startTestApp();
  ada = await test.signIn();
});
afterEach(() => test.close());

describe("every GraphQL answer", () => {
  it.each<[string, RequestInit]>([
    ["an answer", { method: "POST", headers: { "content-type": "application/json" }, body: `{"query":"{ __typename }"}` }],
    ["an error", { method: "POST", headers: { "content-type": "application/json" }, body: "{" }],
    ["a wrong type", { method: "POST", body: "{" }],
    ["a wrong method", { method: "PUT" }],
    ["a preflight", { method: "OPTIONS", headers: { origin: WEB_ORIGIN } }],
    ["the page", { headers: { accept: "text/html" } }],
    ["a refused bearer", { method: "POST", headers: { "content-type": "application/json", authorization: "Bearer x.y.z" }, body: "{}" }],
  ])("is not cached: %s", async (_name, init) => {
    const { headers } = await test.app.fetch(new Request(`${PUBLIC_URL}/graphql`, init));
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
  });
});

describe("an operation with nothing but a wrong argument", () => {
  it.each([
    `{ connectionToken(where: { slug: "No Slug" }) }`,
    `{ connectionToken(where: { slug: "test" }, minimumTtl: 86401) }`,
    `mutation { connect(slug: "test", id: "x") { id } }`,
  ])("is answered with 400: %s", async (query) => {
    const { status, errors } = await ada.graphql(query);
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", path: expect.any(String) } }]);
  });

  it("is answered with 200 where another field has an answer", async () => {
    const { status, data } = await ada.graphql(`{ viewer { id } connectionToken(where: { slug: "No Slug" }) }`);
    expect(status).toBe(200);
    expect(data).toEqual({ viewer: { id: "ada" }, connectionToken: null });
  });
});

describe("the outage of one provider", () => {
  it("is answered with 200: the gateway itself can do its work", async () => {
    const bea = await test.signIn("bea");
    await bea.connect();
    test.clock.advance(3_600_000);
    test.provider.controls.always({ status: 503 });
    const { status, errors } = await bea.graphql(`{ connectionToken(where: { slug: "test" }) }`);
    test.provider.controls.always(null);
    expect([status, errors[0]?.extensions.code]).toEqual([200, "TEMPORARILY_UNAVAILABLE"]);
  });
});

describe("an invalid credential", () => {
  it.each(["Bearer x.y.z", "Bearer ", "Digest x", "Basic Zm9v", "Bearer a, Bearer b"])(
    "refuses the whole request: %s",
    async (authorization) => {
      const { status, headers, data, errors } = await test.graphql("{ platform { name } }", {}, { authorization });
      expect({ status, data, code: errors[0]?.extensions.code }).toEqual({ status: 401, data: undefined, code: "UNAUTHENTICATED" });
      expect(headers.get("www-authenticate")).toBe("Bearer");
    },
  );
});

describe("an unexpected error", () => {
  it("is masked, with an id under which it is logged once", async () => {
    const { app } = test;
    const authorization = `Bearer ${await ada.bearer()}`;
    await app.close();
    test.logged.length = 0;
    const { errors } = await test.graphql("{ viewer { id } }", {}, { authorization });
    const { extensions, message } = errors[0] ?? { extensions: { code: "" }, message: "" };
    expect(extensions).toEqual({ code: "INTERNAL", id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(message).toBe(`Something went wrong here, not with your request. Tell the operator this id: ${String(extensions["id"])}`);
    expect(test.logged.filter((line) => line.includes(String(extensions["id"])))).toHaveLength(1);
    expect(test.logged.filter((line) => JSON.parse(line).level === "error")).toHaveLength(1);
  });
});

describe("subscriptions", () => {
  const subscribe = async (query: string, headers: Record<string, string> = {}) => {
    const init = { method: "POST", headers: { "content-type": "application/json", accept: "text/event-stream", ...headers } };
    return test.app.fetch(new Request(`${PUBLIC_URL}/graphql`, { ...init, body: JSON.stringify({ query }) }));
  };
  const asAda = async () => ({ authorization: `Bearer ${await ada.bearer()}` });

  it("report an authorization by server-sent events until it is final", async () => {
    const { data } = await ada.graphql(`mutation { connect(slug: "test") { authorization { id authorizeUrl } } }`);
    const { id, authorizeUrl } = data.connect.authorization;
    const response = await subscribe(`subscription { authorizationStatus(id: "${id}") { status } }`, await asAda());
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("cache-control")).toBe("no-store");
    await ada.browser.fetch((await test.provider.authorize(authorizeUrl)).href);
    const events = (await response.text()).matchAll(/^data: (\{.*\})$/gm);
    const last = [...events].map(([, event]) => JSON.parse(event ?? "").data.authorizationStatus.status).at(-1);
    expect(last).toBe("ACTIVE");
  });

  it.each([
    [`connectionChanged(slug: "A B") { id }`, "BAD_USER_INPUT", "slug"],
    [`authorizationStatus(id: "") { id }`, "BAD_USER_INPUT", "id"],
    [`authorizationStatus(id: "7") { id }`, "NOT_FOUND", undefined],
    [`authorizationStatus(id: "00000000-0000-4000-8000-000000000000") { id }`, "NOT_FOUND", undefined],
  ])("end with an error: %s", async (selection, code, path) => {
    const text = await (await subscribe(`subscription { ${selection} }`, await asAda())).text();
    const [event] = [...text.matchAll(/^data: (\{.*\})$/gm)].map(([, data]) => JSON.parse(data ?? ""));
    expect(event.errors[0].extensions).toEqual({ code, ...(path && { path }) });
  });

  it("are for signed-in users", async () => {
    expect(await (await subscribe("subscription { connectionChanged { id } }")).text()).toContain("UNAUTHENTICATED");
  });
});

describe("readiness", () => {
  it("ends with the store, and liveness does not", async () => {
    const onPostgres = await startTestApp({ database: "postgres" });
    const statusOf = async (path: string) => (await onPostgres.app.fetch(new Request(`${PUBLIC_URL}${path}`))).status;
    expect(await statusOf("/readyz")).toBe(200);
    await onPostgres.database.drop();
    await vi.waitUntil(async () => (await statusOf("/readyz")) === 503, PATIENCE);
    expect(await statusOf("/healthz")).toBe(200);
    await onPostgres.provider.close();
  });
});
