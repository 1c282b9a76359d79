import { once } from "node:events";
import { connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createApp } from "./app.ts";
import type { Config } from "./config/config.ts";
import { SOCKET_PATH } from "./rest/socket.ts";
import { HEADERS_TIMEOUT_MS, type RunningGateway, serveConnections, startGateway, STOP_TIMEOUT_MS } from "./listen.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../test/support/authorization-server.ts";
import { createTestDatabase, type TestDatabase } from "../test/support/databases.ts";
import { findFreePort } from "../test/support/nginx.ts";
import { createTestConfig } from "../test/support/test-app.ts";
import { PATIENCE } from "../test/support/patience.ts";

let provider: AuthorizationServer;
let database: TestDatabase;
let gateway: RunningGateway;
beforeEach(async () => {
  provider = await startAuthorizationServer();
  database = await createTestDatabase("sqlite");
});
afterEach(async () => {
  await gateway.stop();
  await provider.close();
  await database.drop();
});

const configure = (env: Record<string, string> = {}): Config =>
  createTestConfig(provider, database, { env: { PORT: "0", XKIT_PUBLIC_URL: undefined, LOG_LEVEL: "silent", ...env } });

describe("a gateway on a socket", () => {
  const start = async (env?: Record<string, string>) => {
    gateway = await startGateway(configure(env), async (settled) => ({ config: settled, app: await createApp(settled) }));
    return gateway;
  };

  /** Sends bytes as they are, and answers the status line. */
  const sendRaw = async (port: number, bytes: string): Promise<string> => {
    const socket = connect(port, "127.0.0.1").setEncoding("utf8");
    let answer = "";
    socket.on("data", (text: string) => (answer += text));
    socket.end(bytes);
    await once(socket, "close");
    return answer.split("\r\n")[0] ?? "";
  };

  it("listens on a free port, which its public URL names", async () => {
    const { config } = await start();
    expect(config.publicUrl).toBe(`http://localhost:${config.port}`);
    expect(await (await fetch(`${config.publicUrl}/healthz`)).json()).toEqual({ status: "alive" });
  });

  it("keeps the public URL that it was given", async () => {
    const { config } = await start({ XKIT_PUBLIC_URL: "https://connect.example.com" });
    expect(config.publicUrl).toBe("https://connect.example.com");
    expect(config.port).toBeGreaterThan(0);
  });

  it.each([
    ["a host that is none", "GET /healthz HTTP/1.1\r\nHost: a b[\r\n\r\n"],
    ["a path that is an address", "GET //evil.example/healthz HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a whole address", "GET http://evil.example/nothing HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a broken escape", "GET /connect/%E0%A4%A HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["no HTTP", "nonsense\r\n\r\n"],
    ["headers that are too long", `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${"x".repeat(20_000)}\r\n\r\n`],
    [
      "a body that breaks off",
      `POST /graphql HTTP/1.1\r\nHost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"query":`,
    ],
    ["a method that is none", "BREW /graphql HTTP/1.1\r\nHost: x\r\n\r\n"],
  ])("survives %s", async (_name, bytes) => {
    const { config } = await start();
    expect(await sendRaw(config.port, bytes.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"))).not.toMatch(/ [25]\d\d /);
    expect((await fetch(`${config.publicUrl}/healthz`)).status).toBe(200);
  });

  it("refuses connections until it is built", async () => {
    const port = await findFreePort();
    let isBuilding = () => {};
    const building = new Promise<void>((resolve) => (isBuilding = resolve));
    let finish = () => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const starting = startGateway(configure({ PORT: String(port) }), async (settled) => {
      isBuilding();
      await finished;
      return { config: settled, app: await createApp(settled) };
    });
    await building;
    await expect(once(connect(port, "127.0.0.1"), "connect")).rejects.toThrow("ECONNREFUSED");
    finish();
    gateway = await starting;
    expect((await fetch(`${gateway.config.publicUrl}/readyz`)).status).toBe(200);
  });

  it("closes the app that it built when the port is taken", async () => {
    const taken = await start();
    let closed = 0;
    const second = startGateway(taken.config, async (settled) => {
      const app = await createApp(settled);
      return { config: settled, app: { ...app, close: () => ((closed += 1), app.close()) } };
    });
    await expect(second).rejects.toThrow("EADDRINUSE");
    expect(closed).toBe(1);
  });

  it("closes unused, half-used and idle connections when it stops", async () => {
    const { config } = await start();
    const open = () => connect(config.port, "127.0.0.1");
    const [idle, busy, unused, half] = [open(), open(), open(), open()];
    await once(unused, "connect");
    const request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    idle.write(request);
    await once(idle, "data");
    busy.write(request);
    await new Promise<void>((resolve) => half.write(request.slice(0, -2), () => resolve()));
    const closed = Promise.all([idle, busy, unused, half].map((socket) => once(socket.resume(), "close")));
    const startedAt = performance.now();
    await Promise.all([gateway.stop(), closed]);
    expect(performance.now() - startedAt).toBeLessThan(STOP_TIMEOUT_MS);
    await expect(fetch(`${config.publicUrl}/healthz`)).rejects.toThrow("fetch failed");
  });
});

describe("a gateway on a socket with limits", () => {
  /** @param answer Stands in for all that the app answers. */
  const start = async (limits: Partial<Config> = {}, answer?: () => Response) => {
    gateway = await startGateway({ ...configure(), ...limits }, async (settled) => {
      const app = await createApp(settled);
      return { config: settled, app: answer ? { ...app, fetch: async () => answer() } : app };
    });
    return (bytes: string) => {
      const socket = connect(gateway.config.port, "127.0.0.1").setEncoding("utf8");
      socket.write(bytes);
      return socket;
    };
  };
  const REQUEST = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  const HALF_A_BODY = 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"query":';

  it("has defaults of 75 s for idle connections and 30 s for requests", async () => {
    await start();
    const { keepAliveMs, requestTimeoutMs, maximumConnections, drainMs } = gateway.config;
    expect({ keepAliveMs, requestTimeoutMs, maximumConnections }).toEqual({
      keepAliveMs: 75_000,
      requestTimeoutMs: 30_000,
      maximumConnections: 4_000,
    });
    expect(drainMs).toBe(0);
    expect(HEADERS_TIMEOUT_MS).toBeLessThan(30_000);
    const answer = await fetch(`${gateway.config.publicUrl}/healthz`);
    expect(answer.headers.get("keep-alive")).toBe("timeout=75");
  });

  it("answers 408 to half a request, and to a connection without one", async () => {
    const send = await start({ requestTimeoutMs: 500 });
    const halves = {
      headers: "GET /healthz HTTP/1.1\r\nHost: x\r\nCook",
      "a body": HALF_A_BODY,
      "a body in chunks": HALF_A_BODY.replace("Content-Length: 100", "Transfer-Encoding: chunked").replace('{"query":', "9\r\n"),
      "nothing at all": "",
    };
    const ends = Object.entries(halves).map(async ([name, bytes]) => [name, (await text(send(bytes))).slice(0, 13)]);
    expect(await Promise.all(ends)).toEqual(Object.keys(halves).map((name) => [name, "HTTP/1.1 408 "]));
  });

  it("keeps an idle connection for longer than a request may take", async () => {
    const send = await start({ requestTimeoutMs: 300 });
    const socket = send(REQUEST);
    await once(socket, "data");
    // By then a request that is under way would have been ended.
    expect(await Promise.race([once(socket, "close"), delay(2_500, "kept")])).toBe("kept");
    socket.write(REQUEST);
    expect(String(await once(socket, "data"))).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  it("takes up to its limit of connections, and one more for each that ends", async () => {
    const send = await start({ maximumConnections: 2 });
    const held = [send(REQUEST), send(REQUEST)];
    await Promise.all(held.map((socket) => once(socket, "data")));
    const refused = send("");
    await once(refused.resume(), "close");
    held[0]?.destroy();
    const last = REQUEST.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    await vi.waitFor(async () => expect(await text(send(last)).catch(() => "")).toMatch(/^HTTP\/1\.1 200 /), PATIENCE);
    held[1]?.destroy();
  });

  it("cuts a client that does not read a long answer", async () => {
    const send = await start({ requestTimeoutMs: 400, providerTimeoutMs: 100 }, () => new Response("x".repeat(32_000_000)));
    const socket = send(REQUEST).pause();
    await once(socket, "readable");
    await delay(3_000);
    const received = text(socket).then(
      (all) => all.length,
      () => 0,
    );
    expect(await received).toBeLessThan(32_000_000);
  });

  it("ends a stream that a client does not read, and holds a bounded part of it", async () => {
    let produced = 0;
    let cancelled = () => {};
    const end = new Promise<void>((resolve) => (cancelled = resolve));
    const part = Buffer.alloc(65_536, "x");
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      produced += part.length;
      controller.enqueue(part);
    };
    const endless = () => new Response(new ReadableStream({ pull, cancel: () => cancelled() }));
    const send = await start({ requestTimeoutMs: 400, providerTimeoutMs: 100 }, endless);
    const socket = send(REQUEST).pause();
    await end;
    // What the sockets of both sides hold in the kernel, and little more.
    expect(produced).toBeLessThan(32_000_000);
    socket.destroy();
  });

  it("serves requests while it drains, is not ready, and closes each connection with its answer", async () => {
    const send = await start({ drainMs: 60_000 });
    const kept = send(REQUEST);
    await once(kept, "data");
    const hurry = new AbortController();
    const stopping = gateway.stop(hurry.signal);
    const ready = await fetch(`${gateway.config.publicUrl}/readyz`);
    expect({ status: ready.status, connection: ready.headers.get("connection") }).toEqual({ status: 503, connection: "close" });
    const answer = text(kept);
    kept.write(REQUEST);
    expect(await answer).toMatch(/^HTTP\/1\.1 200 (?=[^]*\r\nconnection: close\r\n)/i);
    expect(await text(send(REQUEST))).toMatch(/^HTTP\/1\.1 200 /);
    hurry.abort();
    await stopping;
    await expect(fetch(`${gateway.config.publicUrl}/healthz`)).rejects.toThrow("fetch failed");
  });
});

describe("a gateway whose connections another process accepts", () => {
  const REQUEST = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

  const start = async (limits: Partial<Config> = {}) => {
    const config = { ...configure(), ...limits };
    const app = await createApp(config);
    const server = serveConnections(config, app);
    const accepting = createServer(server.take).listen(0, "127.0.0.1");
    await once(accepting, "listening");
    const address = accepting.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const stop = async () => {
      accepting.close();
      await server.finish();
    };
    gateway = { app, config, stop, reload: async () => {} };
    return { server, stop, send: (bytes: string) => connect(port, "127.0.0.1").end(bytes), open: () => connect(port, "127.0.0.1") };
  };

  it("answers a client that has ended its side", async () => {
    const { send } = await start();
    expect(await text(send(REQUEST))).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("answers 408 to half a request, and to a connection without one", async () => {
    const { open } = await start({ requestTimeoutMs: 500 });
    const sockets = ["", "GET /healthz HTTP/1.1\r\nHost: x\r\nCook"].map((bytes) => {
      const socket = open();
      socket.write(bytes);
      return socket;
    });
    const answers = await Promise.all(sockets.map((socket) => text(socket)));
    expect(answers.map((answer) => answer.slice(0, 13))).toEqual(["HTTP/1.1 408 ", "HTTP/1.1 408 "]);
  });

  it("hands WebSockets to the app", async () => {
    const { open } = await start();
    const socket = open();
    socket.write(`GET ${SOCKET_PATH} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it("closes each connection with its answer while it drains, and waits for none that is idle when it stops", async () => {
    const { server, open, stop } = await start();
    const [drained, idle] = [open(), open()];
    for (const socket of [drained, idle]) {
      socket.write(REQUEST);
      await once(socket, "data");
    }
    expect(server.count()).toBe(2);
    server.drain();
    drained.write(REQUEST);
    expect(await text(drained)).toMatch(/^HTTP\/1\.1 200 (?=[^]*\r\nconnection: close\r\n)/i);
    const closed = once(idle.resume(), "close");
    const startedAt = performance.now();
    await Promise.all([stop(), closed]);
    expect(performance.now() - startedAt).toBeLessThan(STOP_TIMEOUT_MS);
    expect(server.count()).toBe(0);
  });
});
