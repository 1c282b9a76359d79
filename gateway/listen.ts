import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex, Writable } from "node:stream";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import { type App, type AppParts, createApp } from "./app.ts";
import type { Config } from "./config/config.ts";
import { isEventStream } from "./http/event-stream.ts";
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
/** Turns of the event loop in which nothing arrives, before the listener closes. */
const QUIET_TURNS = 5;
/** How long a stop waits for them, in milliseconds. */
const QUIET_TIMEOUT_MS = 1_000;
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
  const server = createServer({
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, config.requestTimeoutMs),
    requestTimeout: config.requestTimeoutMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    keepAliveTimeout: config.keepAliveMs,
  });
  // Without a byte for so long, an answer is not being read. Event streams are never silent: they have pings.
  server.timeout = config.requestTimeoutMs + MAXIMUM_PROVIDER_CALLS * config.providerTimeoutMs;
  server.maxConnections = config.maximumConnections;
  try {
    // A free port is found before the app is built, because the public URL may name it. It is known to no client yet.
    const port = config.port === 0 ? await listen(server, config) : config.port;
    const { app, config: complete } = await build({ ...config, port, publicUrl: config.publicUrl.replace(/:0$/, `:${port}`) });
    const traffic = serve(server, app);
    if (!server.listening) await listen(server, config).catch((error: unknown) => app.close().then(() => Promise.reject(error)));
    let stopping: Promise<void> | undefined;
    return { app, config: complete, stop: (hurry) => (stopping ??= stop({ server, app, traffic, drainMs: config.drainMs }, hurry)) };
  } catch (error) {
    server.close();
    throw error;
  }
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
}

function serve(server: Server, app: App): Traffic {
  const traffic: Traffic = { sockets: new Set(), unanswered: new WeakMap(), streams: new Set(), isDraining: false };
  const { unanswered } = traffic;
  const answer = getRequestListener(
    (request, { incoming, outgoing }) =>
      app.fetch(request, { address: incoming.socket.remoteAddress }).then((response) => {
        if (isEventStream(response)) {
          // The listener is closed: this stream would end at once, and clients do not come back from an end.
          if (!server.listening) outgoing.destroy();
          traffic.streams.add(outgoing);
          outgoing.once("close", () => traffic.streams.delete(outgoing));
        }
        if (traffic.isDraining) outgoing.setHeader("connection", "close");
        return response;
      }),
    { hostname: DEFAULT_HOST, errorHandler: () => new Response("The request names no valid host or path.\n", malformed) },
  );

  server.on("connection", (socket) => {
    // Passing over an upgrade announces a socket a second time.
    if (traffic.sockets.has(socket)) return;
    traffic.sockets.add(socket);
    socket.once("close", () => traffic.sockets.delete(socket));
  });
  server.on("request", (request, response) => {
    const { socket } = request;
    if (namesSeveralHosts(request))
      return void response
        .writeHead(malformed.status, { ...malformed.headers, connection: "close" })
        .end("The request names several hosts.\n");
    const waiting = unanswered.get(socket) ?? new Set();
    if (waiting.size >= MAXIMUM_PIPELINED_REQUESTS) return socket.destroy();
    const previous = [...waiting].at(-1);
    unanswered.set(socket, waiting.add(response));
    response.once("close", () => {
      waiting.delete(response);
      // Kept alive, a connection would keep a stopping server waiting.
      if (!server.listening) server.closeIdleConnections();
    });
    if (!previous) return void answer(request, response);
    // One after another: a socket that is not read holds one answer in memory.
    return void previous.once("close", () => {
      if (!socket.destroyed) void answer(request, response);
    });
  });
  server.on("upgrade", (request, socket, head) => {
    if (namesSeveralHosts(request)) return void socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    if (request.headers.upgrade?.toLowerCase() === "websocket") return app.upgrade(request, socket, head);
    const last = [...(unanswered.get(socket) ?? [])].at(-1);
    if (last) last.once("close", () => ignoreUpgrade(server, request, socket, head));
    else ignoreUpgrade(server, request, socket, head);
  });
  return traffic;
}

/** A proxy and the gateway could each use another of them (RFC 9112 section 3.2). Node keeps only the first. */
const namesSeveralHosts = ({ rawHeaders }: IncomingMessage): boolean =>
  rawHeaders.filter((text, at) => at % 2 === 0 && text.length === "host".length && text.toLowerCase() === "host").length > 1;

function listen(server: Server, { port, host }: Pick<Config, "port" | "host">): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve(portOf(server.address()));
    });
  });
}

const portOf = (address: AddressInfo | string | null): number => (address && typeof address === "object" ? address.port : 0);

interface Stopping {
  server: Server;
  app: App;
  traffic: Traffic;
  drainMs: number;
}

async function stop({ server, app, traffic, drainMs }: Stopping, hurry?: AbortSignal): Promise<void> {
  app.drain();
  traffic.isDraining = true;
  if (drainMs > 0) await delay(drainMs, undefined, { ...(hurry && { signal: hurry }) }).catch(() => {});
  await untilQuiet(server);
  const timedOut = delay(STOP_TIMEOUT_MS, undefined, { ref: false });
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
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

/**
 * Resolves after some turns of the event loop in which nothing arrived: a connection takes one turn to be accepted and another to be read.
 * Closing the listener resets connections that the system has made and that are not accepted yet, and closing idle connections loses
 * requests that are not read yet: at this moment there are none.
 */
async function untilQuiet(server: Server): Promise<void> {
  const deadline = performance.now() + QUIET_TIMEOUT_MS;
  let quietTurns = 0;
  const onArrival = () => void (quietTurns = 0);
  server.on("connection", onArrival).on("request", onArrival);
  for (; quietTurns < QUIET_TURNS && performance.now() < deadline; quietTurns += 1) await nextTurn();
  server.off("connection", onArrival).off("request", onArrival);
}

/** Resolves when the signal is aborted. */
function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve();
    else signal?.addEventListener("abort", () => resolve(), { once: true });
  });
}
