import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Authorization, Connection, Viewer, ViewerConnections } from "../../schema/upstream.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { createContextFactory } from "../context.ts";
import { theGateway } from "../custody/audit-event.ts";
import { RequestAudit } from "../custody/request-audit.ts";
import type { Principal } from "../http/pipeline.ts";
import { noLimits } from "../http/rate-limits.ts";
import { createLog } from "../runtime/log.ts";
import { noTelemetry } from "../runtime/telemetry.ts";
import { openServices } from "../services.ts";
import { memoizePlatform, memoizeViewer } from "./memoize.ts";
import { createOwnUsers } from "./own-users.ts";
import type { Adapter } from "./upstream.ts";
import { wrapAdapter } from "./wrap.ts";

const no = () => Promise.reject(new Error("not in this test"));

/** An adapter that has nothing, and notes what it was asked. */
function counting() {
  const asked: string[] = [];
  const answer = <Value>(what: string, value: Value): Promise<Value> => (asked.push(what), Promise.resolve(value));
  async function* watch(): AsyncGenerator<never, void> {}
  const connections: ViewerConnections = {
    find: (where) => answer(`find ${where.slug ?? where.id}`, null),
    list: (slug) => answer(`list ${slug}`, []),
    accessToken: () => answer("accessToken", { type: "TokenWithheld", message: "" }),
    start: no,
    submit: no,
    disconnect: no,
    findAuthorization: () => answer<Authorization | null>("findAuthorization", null),
    watch: async (): Promise<AsyncIterable<Connection>> => watch(),
    watchAuthorization: async (): Promise<AsyncIterable<Authorization>> => watch(),
  };
  return { connections, asked };
}

const anExchange = { request: new Request(PUBLIC_URL), limits: noLimits, requestId: "1" };
const createRequestAudit = () =>
  new RequestAudit(
    {
      record() {},
      lastUsedAt: async () => null,
      forget: async () => false,
      persons: { provide: no, find: no, list: no, forget: no },
      reader: { list: no, find: no, show: no },
    },
    anExchange,
    () => theGateway,
  );

describe("the connections of one request", () => {
  it("are read once, by slug and all together, until the request itself changes them", async () => {
    const { connections, asked } = counting();
    const memoized = memoizeViewer(connections, () => connections, createRequestAudit());
    await Promise.all([memoized.list("test"), memoized.list(null), memoized.list("other"), memoized.find({ slug: "test" })]);
    expect(await memoized.list("test")).toBe(await memoized.list("test"));
    await memoized.find({ slug: "test" });
    expect(asked).toEqual(["list null", "find test"]);
    await expect(memoized.start("test", { id: null, returnTo: null })).rejects.toThrow("not in this test");
    await memoized.list(null);
    expect(asked.slice(2)).toEqual(["list null"]);
  });

  it.each<[string, (connections: ViewerConnections) => Promise<unknown>]>([
    ["starting", (memoized) => memoized.start("test", { id: null, returnTo: null }).catch(() => {})],
    ["submitting", (memoized) => memoized.submit("state", []).catch(() => {})],
    ["disconnecting", (memoized) => memoized.disconnect({ slug: "test" }).catch(() => {})],
    ["what a watch of connections tells", async (memoized) => (await memoized.watch(null))[Symbol.asyncIterator]().next()],
    ["what a watch of an authorization tells", async (memoized) => (await memoized.watchAuthorization("1"))[Symbol.asyncIterator]().next()],
  ])("are read again after %s", async (_name, change) => {
    const { connections, asked } = counting();
    const memoized = memoizeViewer(connections, () => connections, createRequestAudit());
    for (let count = 0; count < 2; count += 1) {
      await memoized.list(null);
      await memoized.find({ slug: "test" });
      await change(memoized);
    }
    expect(asked).toEqual(["list null", "find test", "list null", "find test"]);
  });

  it("are asked for a token each time, and read again after it", async () => {
    const { connections, asked } = counting();
    const memoized = memoizeViewer(connections, () => connections, createRequestAudit());
    const request = { minimumTtl: null, rejected: null, verify: null };
    for (let count = 0; count < 2; count += 1) {
      await memoized.list(null);
      await memoized.accessToken({ slug: "test" }, request);
    }
    expect(asked).toEqual(["list null", "accessToken", "list null", "accessToken"]);
  });

  it("are read once for each owner that a server names", async () => {
    const { connections, asked } = counting();
    const platform = { findUser: no, findGroup: no, provisionUser: no, revokeUserTokens: no, connectionsOf: () => connections };
    const memoized = memoizePlatform(platform, createRequestAudit());
    for (const id of ["ada", "ben", "ada"]) await memoized.connectionsOf({ kind: "user", id }).list(null);
    expect(asked).toEqual(["list null", "list null"]);
  });
});

describe("the context of a request", () => {
  const viewer: Viewer = { userId: "ada", groupId: null, name: null };
  const principals: readonly Principal[] = [
    { kind: "user", viewer, sessionId: null, credential: "x" },
    { kind: "platform", keyId: "pk" },
  ];

  it.each(principals)("reads the connections of an asker once: $kind", async (principal) => {
    const { connections, asked } = counting();
    const app = await startTestApp();
    const services = await openServices(app.config, app.clock, createLog("silent"));
    const adapter: Adapter = {
      catalog: { getPlatform: no, listConnectors: no, findConnector: no },
      users: createOwnUsers(services.auth, () => connections),
      forPlatform: () => ({ findUser: no, findGroup: no, provisionUser: no, revokeUserTokens: no, connectionsOf: () => connections }),
      pages: null,
      webhook: null,
      check: no,
      degradation: () => null,
      endSubscriptions() {},
      close: no,
    };
    const upstream = wrapAdapter(adapter, { origins: services.auth.origins, telemetry: noTelemetry });
    const exchange = { ...anExchange, authenticate: async () => principal };
    const linkPage = () => Promise.reject(new TypeError("Nothing is started here."));
    const contexts = createContextFactory(services.auth, upstream, { linkPage, audits: services.audit });
    const { user, platform } = await contexts.create(exchange, new Headers());
    for (let count = 0; count < 2; count += 1) {
      await user?.connections.list(null);
      await platform?.connectionsOf({ kind: "user", id: "ada" }).list(null);
    }
    expect(asked).toEqual(["list null"]);
    await services.close();
    await app.close();
  });
});

describe("an operation", () => {
  let test: TestApp;
  let ada: TestUser;
  beforeEach(async () => {
    test = await startTestApp();
    ada = await test.signIn("ada");
  });
  afterEach(() => test.close());

  it("shows what its own mutations did", async () => {
    const inside = "connector { connections { id enabled authorization { status } } }";
    const { data } = await ada.graphql(`mutation {
      first: connect(slug: "test") { ${inside} }
      second: connect(slug: "test", id: "12345678-second") { ${inside} }
    }`);
    expect([data.first, data.second].map(({ connector }) => connector.connections.length)).toEqual([1, 2]);
  });

  it("shows the connections of each event as they are then", async () => {
    const controller = new AbortController();
    const response = await ada.browser.fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${await ada.bearer()}` },
      body: JSON.stringify({ query: "subscription { connectionChanged { connector { connections { id } } } }" }),
      signal: controller.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const counts: number[] = [];
    let text = "";
    const until = async (count: number) => {
      while (counts.length < count) {
        text += (await reader?.read())?.value ?? "";
        const events = [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data ?? ""));
        counts.splice(0, counts.length, ...events.map(({ data }) => data.connectionChanged.connector.connections.length));
      }
    };
    for (let count = 1; count <= 3; count += 1) {
      await ada.graphql(`mutation ($id: ID) { connect(slug: "test", id: $id) { id } }`, { id: `12345678-${count}` });
      await until(count);
    }
    expect(counts).toEqual([1, 2, 3]);
    await reader?.cancel();
  });
});
