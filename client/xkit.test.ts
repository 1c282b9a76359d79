import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createTestClient, followClock, startApp, type TestClient } from "../test/support/client/signed-in.ts";
import { PATIENCE } from "../test/support/patience.ts";
import type { TestApp, TestUser } from "../test/support/test-app.ts";
import { NotFoundError, UnauthenticatedError } from "./api/errors.ts";
import type { XkitListener } from "./api/events.ts";
import { XkitProvider } from "./react/provider.tsx";
import { createServer } from "./server/index.ts";
import { createXkit } from "./xkit.ts";

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

const past = (seconds: number) => {
  app.clock.advance(seconds * 1000);
  followClock(app);
};

describe("the session", () => {
  test("asks nothing when it is created, and needs no window", () => {
    const fresh = createTestClient(app);
    expect(fresh.asked).toEqual([]);
    expect(fresh.xkit.connectorUrl("a b")).toBe("http://localhost:4000/connectors/a%20b");
    fresh.xkit.session.locale = "de_at";
    expect(fresh.xkit.connectorUrl("a", { returnTo: "https://acme.example/?a&b" })).toBe(
      "http://localhost:4000/connectors/a?locale=de-AT&returnTo=https%3A%2F%2Facme.example%2F%3Fa%26b",
    );
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

  test("refuses at once what is no address of a gateway, without repeating it, as a server and a provider do", () => {
    const message = "`url` must be the gateway's http(s) address, as https://connect.example.com, without user name, query or fragment.";
    for (const url of [
      "",
      "localhost",
      "localhost:4000",
      "ftp://connect.example.com",
      "https://connect.example.com/?x=1",
      "https://connect.example.com?",
      "https://connect.example.com/#f",
      "https://someone:planted@connect.example.com",
      "https://someone@connect.example.com/a",
    ]) {
      expect(() => createXkit(url), url).toThrow(new TypeError(message));
      expect(() => createServer({ url, apiKey: { publishable: "pk", secret: "sk" } }), url).toThrow(new TypeError(message));
      expect(() => renderToString(createElement(XkitProvider, { url })), url).toThrow(new TypeError(message));
    }
    for (const url of ["https://connect.example.com", "http://localhost:4000/", "https://[::1]:1/a@b//"])
      expect(createXkit(url).url).toBe(url.replace(/\/+$/, ""));
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
