/** Event streams as a client sees them: through a proxy, and when a gateway stops. */
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "graphql-sse";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createApp } from "../gateway/app.ts";
import { MAXIMUM_SUBSCRIPTIONS_PER_USER } from "../gateway/runtime/subscription-limit.ts";
import { type RunningGateway, startGateway } from "../gateway/listen.ts";
import { type AuthorizationServer, startAuthorizationServer } from "./support/authorization-server.ts";
import { createTestDatabase, type TestDatabase } from "./support/databases.ts";
import { hasNginx, startNginx } from "./support/nginx.ts";
import { createTestConfig } from "./support/test-app.ts";

let provider: AuthorizationServer;
let database: TestDatabase;
let gateway: RunningGateway;
let headers: Record<string, string>;

const start = (config: RunningGateway["config"]) =>
  startGateway(config, async (settled) => ({ config: settled, app: await createApp(settled) }));

beforeEach(async () => {
  provider = await startAuthorizationServer();
  database = await createTestDatabase("sqlite");
  gateway = await start(createTestConfig(provider, database, { env: { PORT: "0", XKIT_PUBLIC_URL: undefined, LOG_LEVEL: "silent" } }));
  const { token } = await gateway.app.provisionUser({ id: "ada" });
  headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
});
afterEach(async () => {
  await gateway.stop();
  await provider.close();
  await database.drop();
});

const SILENT = "subscription { connectionChanged { id } }";

async function startConnecting(): Promise<string> {
  const query = 'mutation { connect(slug: "test") { authorization { id } } }';
  const response = await fetch(`${gateway.config.publicUrl}/graphql`, { method: "POST", headers, body: JSON.stringify({ query }) });
  return (await response.json()).data.connect.authorization.id;
}

it.skipIf(!hasNginx)("streams pass a plain nginx with their first byte at once (needs nginx)", async () => {
  const nginx = await startNginx([gateway.config.port, gateway.config.port]);
  const response = await fetch(`${nginx.url}/graphql`, {
    method: "POST",
    headers: { ...headers, accept: "text/event-stream" },
    body: JSON.stringify({ query: SILENT }),
  });
  const reader = response.body?.getReader();
  const first = await Promise.race([reader?.read(), delay(5_000, null)]);
  expect(Buffer.from(first?.value ?? []).toString()).toBe(":\n\n");
  await reader?.cancel();
  await nginx.close();
});

it("streams tell proxies not to buffer them, and leave the connection to the socket", async () => {
  const response = await gateway.app.fetch(
    new Request(`${gateway.config.publicUrl}/graphql`, {
      method: "POST",
      headers: { ...headers, accept: "text/event-stream" },
      body: JSON.stringify({ query: SILENT }),
    }),
  );
  expect(response.headers.get("x-accel-buffering")).toBe("no");
  expect(response.headers.get("connection")).toBeNull();
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
});

/** A socket on which a subscription was asked for. */
function subscribe(port: number) {
  const body = JSON.stringify({ query: SILENT });
  const socket = connect(port, "127.0.0.1");
  const lines = Object.entries({ ...headers, accept: "text/event-stream", "content-length": body.length });
  socket.write(`POST /graphql HTTP/1.1\r\nHost: localhost\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`);
  return socket;
}

it("streams break when the gateway stops, without the event of completion", async () => {
  const socket = subscribe(gateway.config.port);
  const all = text(socket);
  await once(socket, "readable");
  await gateway.stop();
  const received = await all;
  expect(received).toMatch(/^HTTP\/1\.1 200 /);
  expect(received).toContain(":\n\n");
  expect(received).not.toContain("complete");
  // The last chunk of a whole answer (RFC 9112 section 7.1).
  expect(received).not.toContain("\r\n0\r\n\r\n");
});

it("streams break without the event of completion when their first reading ends after the listener has closed", async () => {
  let hasAsked = () => {};
  const asked = new Promise<void>((resolve) => (hasAsked = resolve));
  let hasClosed = () => {};
  const closed = new Promise<void>((resolve) => (hasClosed = resolve));
  const stopping = await startGateway({ ...gateway.config, port: 0 }, async (config) => {
    const app = await createApp(config);
    const answer: typeof app.fetch = async (request, peer) => {
      hasAsked();
      await closed;
      return app.fetch(request, peer);
    };
    return { config, app: { ...app, fetch: answer, endSubscriptions: () => (app.endSubscriptions(), hasClosed()) } };
  });
  const socket = subscribe(stopping.config.port);
  const received = text(socket).catch(() => "");
  await asked;
  await stopping.stop();
  expect(await received).not.toContain("complete");
});

it("streams are resumed by graphql-sse's client when the gateway is back", async () => {
  const id = await startConnecting();
  const client = createClient({ url: `${gateway.config.publicUrl}/graphql`, headers, retryAttempts: 50, retry: () => delay(100) });
  const received: unknown[] = [];
  const complete = vi.fn<() => void>();
  const dispose = client.subscribe(
    { query: `subscription { authorizationStatus(id: "${id}") { status } }` },
    { next: (value) => void received.push(value.data), error: complete, complete },
  );
  const waiting = { authorizationStatus: { status: "AWAITING_CALLBACK" } };
  await expect.poll(() => received).toEqual([waiting]);
  await gateway.stop();
  gateway = await start(gateway.config);
  await expect.poll(() => received).toEqual([waiting, waiting]);
  expect(complete).not.toHaveBeenCalled();
  dispose();
});

it("streams are not counted for their user when the client is gone before the answer", async () => {
  const body = JSON.stringify({ query: SILENT });
  const request = [
    "POST /graphql HTTP/1.1",
    "Host: localhost",
    "Accept: text/event-stream",
    ...Object.entries(headers).map((header) => header.join(": ")),
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
  for (let gone = 0; gone < MAXIMUM_SUBSCRIPTIONS_PER_USER; gone += 1) {
    const socket = connect(gateway.config.port, "localhost");
    await once(socket, "connect");
    socket.write(request, () => socket.destroy());
    await once(socket, "close");
  }
  await vi.waitFor(async () => {
    const open = new AbortController();
    const response = await fetch(`${gateway.config.publicUrl}/graphql`, {
      method: "POST",
      headers: { ...headers, accept: "text/event-stream" },
      body,
      signal: open.signal,
    });
    const first = await response.body?.getReader().read();
    open.abort();
    expect(Buffer.from(first?.value ?? []).toString()).not.toContain("RATE_LIMITED");
  }, 10_000);
});
