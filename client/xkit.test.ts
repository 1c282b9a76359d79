import { createServer } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { TestApp, TestUser } from "../test/support/test-app.ts";
import { NoAccessTokenError, NotFoundError, TemporarilyUnavailableError, UnauthenticatedError } from "./api/errors.ts";
import type { XkitListener } from "./api/events.ts";
import { createTestClient, followClock, startApp, type TestClient } from "../test/support/client/signed-in.ts";
import { isAccessToken } from "./api/types.ts";
import { createXkit } from "./xkit.ts";
import { PATIENCE } from "../test/support/patience.ts";

let app: TestApp;
let user: TestUser;
let client: TestClient;
let count = 0;

beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  vi.useRealTimers();
  await app.close();
});
beforeEach(async () => {
  user = await app.signIn(`user-${++count}`);
  client = createTestClient(app, user.browser);
  await client.xkit.login(await user.bearer());
});
afterEach(() => app.provider.controls.always(null));

const past = (seconds: number) => {
  app.clock.advance(seconds * 1000);
  followClock(app);
};

describe("the session", () => {
  test("asks nothing when it is created, and needs no window", () => {
    const fresh = createTestClient(app);
    expect(fresh.asked).toEqual([]);
    expect(fresh.xkit.connectorUrl("a b")).toBe("http://localhost:4000/connectors/a%20b");
  });

  test("is resumed by its cookie, once for all who ask", async () => {
    const page = createTestClient(app, user.browser);
    await Promise.all([page.xkit.listConnectors(), page.xkit.listConnections(), page.xkit.getPlatform()]);
    expect(page.asked.filter((operation) => operation === "RefreshSession")).toHaveLength(1);
    expect(page.xkit.session.viewer?.id).toBe(`user-${count}`);
  });

  test("is nobody's without a cookie, which does not keep the catalog from being read", async () => {
    const stranger = createTestClient(app);
    expect((await stranger.xkit.listConnectors()).map(({ slug }) => slug)).toEqual(["test"]);
    expect(stranger.xkit.session.viewer).toBeNull();
    await expect(stranger.xkit.listConnections()).rejects.toBeInstanceOf(UnauthenticatedError);
  });

  test("is renewed when its token has expired, one renewal for all who ask", async () => {
    past(3600);
    const before = client.asked.length;
    await Promise.all([client.xkit.listConnections(), client.xkit.listConnections(), client.xkit.getConnectionToken("test")]);
    expect(client.asked.slice(before).filter((operation) => operation === "RefreshSession")).toHaveLength(1);
  });

  test("asks the callback for a user token when the cookie no longer serves", async () => {
    const other = createTestClient(app);
    const getToken = vi.fn<() => Promise<string>>(() => user.bearer());
    await other.xkit.login(getToken);
    await other.browser.fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", origin: "http://localhost:5173" },
      body: JSON.stringify({ query: "mutation { logout }" }),
    });
    past(3600);
    await other.xkit.listConnections();
    expect(getToken).toHaveBeenCalledTimes(2);
  });

  test("does not hide a failed login, and leaves nobody signed in", async () => {
    await expect(client.xkit.login("not a token")).rejects.toBeInstanceOf(UnauthenticatedError);
    await expect(client.xkit.getAccessToken()).rejects.toBeInstanceOf(UnauthenticatedError);
  });

  test("ends with logout: no token is given any more, and the listener hears of it", async () => {
    await user.connect();
    await client.xkit.getConnectionToken("test");
    const heard = vi.fn<XkitListener<"config:update">>();
    client.xkit.on("config:update", heard);
    await client.xkit.logout();
    expect(heard).toHaveBeenCalledWith({ viewer: null });
    await expect(client.xkit.getConnectionToken("test")).rejects.toBeInstanceOf(UnauthenticatedError);
  });

  test("refuses a URL that is none at once", () => {
    expect(() => createXkit("localhost")).toThrow(TypeError);
  });
});

describe("connections", () => {
  test("are named by slug, { slug }, { id } or themselves", async () => {
    await user.connect();
    const connection = await client.xkit.getConnection("test");
    expect((await client.xkit.getConnection({ slug: "test" })).id).toBe(connection.id);
    expect((await client.xkit.getConnection({ id: connection.id })).id).toBe(connection.id);
    expect((await client.xkit.getConnection(connection)).id).toBe(connection.id);
  });

  test("that were never made are a NotFoundError, and a shell that names the connector", async () => {
    await expect(client.xkit.getConnection("test")).rejects.toBeInstanceOf(NotFoundError);
    expect(await client.xkit.getConnectionOrConnector("test")).toEqual({ connector: expect.objectContaining({ slug: "test" }) });
    await expect(client.xkit.getConnector("none")).rejects.toBeInstanceOf(NotFoundError);
  });

  test("are told of when they are disconnected, as they were", async () => {
    await user.connect();
    const removed = vi.fn<XkitListener<"connection:remove">>();
    client.xkit.on("connection:remove", removed);
    const before = await client.xkit.disconnect("test");
    expect(before.enabled).toBe(true);
    expect(removed).toHaveBeenCalledWith(before);
    expect(await client.xkit.getConnectionToken("test")).toBeNull();
  });

  test("change live while somebody listens", async () => {
    const changed = new Promise((resolve) =>
      client.xkit.on("connection:change", (connection) => connection?.enabled && resolve(connection)),
    );
    await vi.waitFor(() => expect(client.asked).toContain("ConnectionChanged"), PATIENCE);
    await user.connect();
    expect(await changed).toMatchObject({ connector: { slug: "test" } });
  });

  test("are listened to again at once when the session token has ended the stream, and what changed then is told", async () => {
    const changes: unknown[] = [];
    client.xkit.on("connection:change", (connection) => changes.push(connection));
    await vi.waitFor(() => expect(client.asked).toContain("ConnectionChanged"), PATIENCE);
    past(3600);
    const waits = vi.spyOn(globalThis, "setTimeout");
    await user.connect();
    await vi.waitFor(() => expect(changes.length).toBeGreaterThan(0), PATIENCE);
    expect(waits.mock.calls.map(([, delayMs]) => delayMs)).not.toContain(2_000);
    waits.mockRestore();
  });

  test("are started without a page, for a server to send the browser on", async () => {
    await expect(client.xkit.connect("test")).rejects.toBeInstanceOf(TypeError);
    const started = await client.xkit.startConnecting("test");
    expect(started.authorization).toMatchObject({ status: "AWAITING_CALLBACK", authorizeUrl: expect.stringContaining("/authorize") });
  });
});

describe("access tokens", () => {
  test("are asked for once by many callers at a time, and given from memory to who wants no check", async () => {
    await user.connect();
    const tokens = await Promise.all([1, 2, 3].map(() => client.xkit.getConnectionToken("test")));
    await client.xkit.getConnectionToken("test", { verify: false });
    expect(new Set(tokens).size).toBe(1);
    expect(client.asked.filter((operation) => operation === "AccessToken")).toHaveLength(1);
  });

  test("are new when they are asked for again after the provider has refused the one before its expiry", async () => {
    await user.connect();
    const first = await client.xkit.getConnectionToken("test");
    app.provider.controls.expireAccessTokens();
    const second = await client.xkit.getConnectionToken("test");
    expect(second).not.toBe(first);
    expect((await fetch(app.provider.apiUrl, { headers: { authorization: `Bearer ${second}` } })).status).toBe(200);
    past(30);
    app.provider.controls.revokeGrants();
    expect(await client.xkit.getConnectionToken("test")).toBeNull();
    expect(await client.xkit.getConnection("test")).toMatchObject({ authorization: { status: "ERROR" } });
  });

  test("are never given beyond their expiry", async () => {
    await user.connect();
    const first = await client.xkit.getToken("test");
    if (!isAccessToken(first) || first.expiresAt === null) throw new TypeError("There is a token that expires.");
    past((Date.parse(first.expiresAt) - Date.now()) / 1000 + 1);
    const second = await client.xkit.getToken("test");
    expect(second).toMatchObject({ __typename: "AccessToken" });
    expect(second).not.toMatchObject({ value: first.value });
  });

  test("are asked for again where memory's has less than a minute left, which the gateway alone may still give", async () => {
    await user.connect();
    const first = await client.xkit.getToken("test");
    if (!isAccessToken(first) || first.expiresAt === null) throw new TypeError("There is a token that expires.");
    past((Date.parse(first.expiresAt) - Date.now()) / 1000 - 90);
    app.provider.controls.always({ status: 503 });
    await client.xkit.getToken("test");
    past(31);
    const before = client.asked.length;
    expect(await client.xkit.getToken("test", { verify: false })).toMatchObject({ __typename: "TemporarilyUnavailable" });
    expect(client.asked.slice(before)).toContain("AccessToken");
  });

  test("are asked for again where memory's does not live as long as the caller needs", async () => {
    await user.connect();
    await client.xkit.getToken("test");
    await client.xkit.getToken("test", { minimumTtl: 10, verify: false });
    expect(client.asked.filter((operation) => operation === "AccessToken")).toHaveLength(1);
    expect(await client.xkit.getToken("test", { minimumTtl: 86_400, verify: false })).toMatchObject({
      __typename: "MinimumTtlUnavailable",
    });
  });

  test("say why when there is none: null where connecting helps, an error where it does not", async () => {
    expect(await client.xkit.getToken("test")).toMatchObject({
      __typename: "NotConnected",
      connectorUrl: client.xkit.connectorUrl("test"),
    });
    expect(await client.xkit.getConnectionToken("test")).toBeNull();
    await user.connect();
    past(7200);
    app.provider.controls.always({ status: 503 });
    await expect(client.xkit.getConnectionToken("test")).rejects.toBeInstanceOf(TemporarilyUnavailableError);
  });
});

describe("fetch", () => {
  test("calls the third party with the connection's token", async () => {
    await user.connect();
    const response = await client.xkit.fetch("test", app.provider.apiUrl, { headers: { "x-own": "kept" } });
    expect(response.status).toBe(200);
  });

  /** A third party that refuses the first token it sees, and echoes what comes with any other. */
  async function startThirdParty() {
    const refused = new Set<string>();
    const server = createServer(async (request, response) => {
      const token = request.headers.authorization ?? "";
      if (refused.size === 0) refused.add(token);
      const chunks: Buffer[] = await request.toArray();
      response.writeHead(refused.has(token) ? 401 : 200).end(Buffer.concat(chunks));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`, close: () => server.close() };
  }

  test.each([
    ["a string", "body"],
    ["bytes", new TextEncoder().encode("body")],
    ["a form", new URLSearchParams({ body: "" })],
    ["a blob", new Blob(["body"])],
  ])("brings a new token after a 401, once, with the same body: %s", async (_kind, body) => {
    await user.connect();
    const thirdParty = await startThirdParty();
    const response = await client.xkit.fetch("test", thirdParty.url, { method: "POST", body });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("body");
    thirdParty.close();
  });

  test("brings a new token after a 401 for a Request, body and all", async () => {
    await user.connect();
    const thirdParty = await startThirdParty();
    const response = await client.xkit.fetch("test", new Request(thirdParty.url, { method: "PUT", body: "body" }));
    expect(await response.text()).toBe("body");
    thirdParty.close();
  });

  test("returns the 401 of a streamed body, which cannot be sent again, and has the new token at the next call", async () => {
    await user.connect();
    const thirdParty = await startThirdParty();
    const init = { method: "POST", body: new Blob(["streamed"]).stream(), duplex: "half" };
    expect(await client.xkit.fetch("test", thirdParty.url, init)).toMatchObject({ status: 401 });
    expect(await client.xkit.fetch("test", thirdParty.url)).toMatchObject({ status: 200 });
    thirdParty.close();
  });

  test("says what the user can do when there is no token to send", async () => {
    const error = await client.xkit.fetch("test", app.provider.apiUrl).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NoAccessTokenError);
    expect(error).toMatchObject({ outcome: { __typename: "NotConnected", connectorUrl: client.xkit.connectorUrl("test") } });
  });

  test("sends no body a second time with the token of a user who has signed in meanwhile", async () => {
    await user.connect();
    const other = await app.signIn(`other-${count}`);
    await other.connect();
    const thirdParty = await startThirdParty();
    const sent: (string | null)[] = [];
    const inner = createTestClient(app, user.browser);
    const xkit = createXkit(app.config.publicUrl, {
      async fetch(input, init) {
        const response = await inner.fetch(input, init);
        if (!(input instanceof Request)) return response;
        sent.push(input.headers.get("authorization"));
        await xkit.login(await other.bearer());
        return response;
      },
    });
    await xkit.login(await user.bearer());
    expect(await xkit.fetch("test", thirdParty.url, { method: "POST", body: "body" })).toMatchObject({ status: 401 });
    expect(sent).toHaveLength(1);
    thirdParty.close();
  });

  test("ends at once with the caller's signal", async () => {
    await user.connect();
    await expect(client.xkit.fetch("test", app.provider.apiUrl, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});
