import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import { type App, type AppParts, createApp } from "./app.ts";
import type { Config } from "./config/config.ts";
import { isEventStream } from "./http/event-stream.ts";
import { createReplaceableApp, type ReplaceableApp } from "./replaceable-app.ts";
import { drainFor, listen, untilQuiet } from "./http/listener.ts";
import { ignoreUpgrade } from "./http/ignore-upgrade.ts";

/** How long a stop waits for running requests and refreshes, once the listener is closed. */
export const STOP_TIMEOUT_MS = 10_000;
/** How long a stop then waits for refreshes and the store. */
const CLOSE_TIMEOUT_MS = 10_000;
/** How long a stopping gateway waits for the rest of a header, and for a client's answer to the close of its WebSocket. */
const IDLE_TIMEOUT_MS = 1_000;
/** Longest that the headers of a request may take to arrive. The whole request has `config.requestTimeoutMs`. */
export const HEADERS_TIMEOUT_MS = 20_000;
/** How often both are looked at. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000;
/** Calls of a provider that an answer may have to wait for, one after another. */
const MAXIMUM_PROVIDER_CALLS = 3;
/** Requests that one socket may send before the first of them is answered. */
export const MAXIMUM_PIPELINED_REQUESTS = 16;
/** Stands in for the host in HTTP/1.0, where a request may come without one. */
const DEFAULT_HOST = "localhost";

/** The answer to what is no request of HTTP. */
const malformed = { status: 400, headers: { "content-type": "text/plain", "x-content-type-options": "nosniff" } };

export interface RunningGateway {
  app: App;
  config: Config;
  /**
   * Stops without losing a request: `/readyz` answers 503 and answers close their connections for `config.drainMs`; then the listener
   * closes, streams break, and running requests have `STOP_TIMEOUT_MS` to finish; then refreshes and the store have 10 s. A second call
   * waits for the first.
   * @param hurry Aborted, it skips the drain and cuts running requests. Refreshes still finish.
   */
  stop(hurry?: AbortSignal): Promise<void>;
  /**
   * Serves by another configuration from now on, but at the same address and over the same store. Requests that run are answered by the
   * one before, and streams break, so that their clients come back. Throws what building throws: then nothing has changed.
   */
  reload(config: Config): Promise<void>;
}

/** Builds an app of a configuration whose port is known, which it may complete. */
export type Build = (config: Config) => Promise<{ app: App; config: Config }>;

/**
 * Builds the app, then opens the port, so that a gateway that is starting refuses the connection and a balancer asks another one.
 * Throws when the port is taken, and what building throws.
 * @param parts What `createApp` takes, or a function that builds the app.
 */
export async function startGateway(config: Config, parts: AppParts | Build = {}): Promise<RunningGateway> {
  const build: Build = typeof parts === "function" ? parts : async (settled) => ({ config: settled, app: await createApp(settled, parts) });
  const server = createHttpServer(config);
  try {
    // A free port is found before the app is built, because the public URL may name it. It is known to no client yet.
    const port = config.port === 0 ? await listen(server, config) : config.port;
    const settle = (given: Config): Config => ({ ...given, port, publicUrl: given.publicUrl.replace(/:0$/, `:${port}`) });
    const { app: first, config: complete } = await build(settle(config));
    const app = createReplaceableApp(first);
    const traffic = serve(server, app);
    if (!server.listening) await listen(server, config).catch((error: unknown) => app.close().then(() => Promise.reject(error)));
    let stopping: Promise<void> | undefined;
    return {
      app,
      config: complete,
      stop: (hurry) => (stopping ??= stop({ server, app, traffic, drainMs: config.drainMs }, hurry)),
      async reload(next) {
        const built = await build(settle(next));
        await replace({ app, traffic }, built.app);
      },
    };
  } catch (error) {
    server.close();
    throw error;
  }
}

/** Puts an app in the place of the one that serves. */
async function replace({ app, traffic }: { app: ReplaceableApp; traffic: Traffic }, next: App): Promise<void> {
  traffic.generation += 1;
  // Before their subscriptions end: with a `complete` of their own, clients would not come back.
  for (const stream of traffic.streams) stream.destroy();
  await app.replace(next);
}

function createHttpServer(config: Config): Server {
  const server = createServer({
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, config.requestTimeoutMs),
    requestTimeout: config.requestTimeoutMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    keepAliveTimeout: config.keepAliveMs,
  });
  // Without a byte for so long, an answer is not being read. Event streams are never silent: they have pings.
  server.timeout = config.requestTimeoutMs + MAXIMUM_PROVIDER_CALLS * config.providerTimeoutMs;
  server.maxConnections = config.maximumConnections;
  return server;
}

/** Serves connections that another process accepts. */
export interface ConnectionServer {
  take(socket: Socket): void;
  /** Open connections. */
  count(): number;
  /** Calls `listener` whenever a connection has closed. */
  onClose(listener: () => void): void;
  /** `/readyz` answers 503 from now on, and answers close their connections. */
  drain(): void;
  /** As `RunningGateway.reload`, with an app that is built. */
  reload(next: App): Promise<void>;
  /** Once nothing is taken any more: the rest of what `RunningGateway.stop` does after its drain. */
  finish(hurry?: AbortSignal): Promise<void>;
}

export function serveConnections(config: Config, first: App): ConnectionServer {
  const server = createHttpServer(config);
  const app = createReplaceableApp(first);
  const traffic = serve(server, app);
  // It never listens by itself. From this event on it looks for requests that take too long to arrive.
  server.emit("listening");
  let onClose = () => {};
  const drain = () => {
    app.drain();
    traffic.isDraining = true;
  };
  return {
    take(socket) {
      // As the sockets of a server that listens: a client may end its side before it is answered.
      socket.allowHalfOpen = true;
      socket.once("close", () => onClose());
      server.emit("connection", socket);
    },
    count: () => traffic.sockets.size,
    onClose: (listener) => void (onClose = listener),
    drain,
    reload: (next) => replace({ app, traffic }, next),
    async finish(hurry) {
      drain();
      await finish({ server, app, traffic }, hurry);
    },
  };
}

/** What goes over the sockets of a server. */
interface Traffic {
  sockets: Set<Socket>;
  /** The requests of a socket that are not answered yet. */
  unanswered: WeakMap<Duplex, Set<ServerResponse>>;
  /** Answers under way that are event streams. */
  streams: Set<Writable>;
  /** Whether connections close with their next answer. */
  isDraining: boolean;
  /** Whether no more connections come. */
  isClosed: boolean;
  /** How often the app was replaced. */
  generation: number;
}

function serve(server: Server, app: App): Traffic {
  const traffic: Traffic = {
    sockets: new Set(),
    unanswered: new WeakMap(),
    streams: new Set(),
    isDraining: false,
    isClosed: false,
    generation: 0,
  };
  const { unanswered } = traffic;
  const answer = getRequestListener(
    (request, { incoming, outgoing }) => {
      const { generation } = traffic;
      return app.fetch(request, { address: incoming.socket.remoteAddress }).then((response) => {
        if (isEventStream(response)) {
          // The listener is closed, or the app replaced: this stream would end at once, and clients do not come back from an end.
          if (traffic.isClosed || traffic.generation !== generation) outgoing.destroy();
          traffic.streams.add(outgoing);
          outgoing.once("close", () => traffic.streams.delete(outgoing));
        }
        if (traffic.isDraining) outgoing.setHeader("connection", "close");
        return response;
      });
    },
    { hostname: DEFAULT_HOST, errorHandler: () => new Response("The request has no valid host or path.\n", malformed) },
  );

  server.on("connection", (socket) => {
    // Passing over an upgrade announces a socket a second time.
    if (traffic.sockets.has(socket)) return;
    traffic.sockets.add(socket);
    socket.once("close", () => traffic.sockets.delete(socket));
  });
  server.on("request", (request, response) => {
    const { socket } = request;
    const problem = problemOf(request);
    if (problem !== null)
      return void response.writeHead(malformed.status, { ...malformed.headers, connection: "close" }).end(`${problem}\n`);
    const waiting = unanswered.get(socket) ?? new Set();
    if (waiting.size >= MAXIMUM_PIPELINED_REQUESTS) return socket.destroy();
    const previous = waiting.size > 0 ? [...waiting].at(-1) : undefined;
    unanswered.set(socket, waiting.add(response));
    response.once("close", () => {
      waiting.delete(response);
      // Kept alive, a connection would keep a stopping server waiting.
      if (traffic.isClosed) server.closeIdleConnections();
    });
    if (!previous) return void answer(request, response);
    // One after another: a socket that is not read holds one answer in memory.
    return void previous.once("close", () => {
      if (!socket.destroyed) void answer(request, response);
    });
  });
  server.on("upgrade", (request, socket, head) => {
    if (problemOf(request) !== null) return void socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    if (request.headers.upgrade?.toLowerCase() === "websocket") return app.upgrade(request, socket, head);
    const last = [...(unanswered.get(socket) ?? [])].at(-1);
    if (last) last.once("close", () => ignoreUpgrade(server, request, socket, head));
    else ignoreUpgrade(server, request, socket, head);
  });
  return traffic;
}

/** What is wrong with the head of a request; null for nothing. */
function problemOf(request: IncomingMessage): string | null {
  if (namesSeveralHosts(request)) return "The request has several Host headers.";
  return namesUser(request.url ?? "/") ? "The URL of the request must not contain a user name." : null;
}

/** An error (RFC 9110 section 4.2.4): a `Request` takes no such address, and quotes it where it refuses it. */
function namesUser(target: string): boolean {
  if (target.startsWith("/") || !URL.canParse(target)) return false;
  const { username, password } = new URL(target);
  return username !== "" || password !== "";
}

/** A proxy and the gateway could each use another of them (RFC 9112 section 3.2). Node keeps only the first. */
function namesSeveralHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (name.length === "host".length && name.toLowerCase() === "host") hosts += 1;
  }
  return hosts > 1;
}

interface Finishing {
  server: Server;
  app: App;
  traffic: Traffic;
}

async function stop({ drainMs, ...running }: Finishing & { drainMs: number }, hurry?: AbortSignal): Promise<void> {
  running.app.drain();
  running.traffic.isDraining = true;
  await drainFor(drainMs, hurry);
  await finish(running, hurry);
}

async function finish({ server, app, traffic }: Finishing, hurry?: AbortSignal): Promise<void> {
  await untilQuiet(server);
  traffic.isClosed = true;
  const timedOut = delay(STOP_TIMEOUT_MS, undefined, { ref: false });
  const closed = allClosed(server, traffic);
  // Before their subscriptions end: with a `complete` of their own, clients would not come back.
  for (const stream of traffic.streams) stream.destroy();
  app.endSubscriptions();
  cutUnused(traffic);
  await Promise.race([closed, timedOut, aborted(hurry)]);
  for (const socket of traffic.sockets) socket.destroy();
  await Promise.race([app.close(), delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
}

/**
 * Cuts what would keep the listener from closing: connections that browsers make before they need them, at once, and soon after those
 * with half of a header, and WebSockets whose client does not answer the close. None of them has a request.
 */
function cutUnused({ sockets, unanswered }: Traffic): void {
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  const cutIdle = () => {
    for (const socket of sockets) if (!unanswered.get(socket)?.size) socket.destroy();
  };
  setTimeout(cutIdle, IDLE_TIMEOUT_MS).unref();
}

/** Closes the listener, if there is one. Resolves once all connections have closed. */
async function allClosed(server: Server, { sockets }: Traffic): Promise<void> {
  const closings = Array.from(sockets, (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())));
  await Promise.all([new Promise<void>((resolve) => server.close(() => resolve())), ...closings]);
}

/** Resolves when the signal is aborted. */
function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve();
    else signal?.addEventListener("abort", () => resolve(), { once: true });
  });
}
