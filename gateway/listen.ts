import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { createServerAdapter } from "@whatwg-node/server";
import type { App } from "./app.ts";
import type { Config } from "./config/config.ts";

/** How long a stop waits for running requests and refreshes. */
export const STOP_TIMEOUT_MS = 10_000;

export interface RunningGateway {
  app: App;
  config: Config;
  /** Stops accepting, lets running requests and refreshes finish for at most ten seconds, closes the store. */
  stop(): Promise<void>;
}

/**
 * Opens the port first, so that `PORT=0` knows its public URL, then builds the app behind it; early requests are told to come back.
 * Throws when the port is taken, and what `build` throws.
 */
export async function startGateway(
  config: Config,
  build: (config: Config) => Promise<{ app: App; config: Config }>,
): Promise<RunningGateway> {
  let handle: ReturnType<typeof createServerAdapter> | null = null;
  const server = createServer((request, response) => {
    // Kept alive, a connection would keep a stopping server waiting.
    response.once("close", () => server.listening || server.closeIdleConnections());
    if (!URL.canParse(`http://${request.headers.host}`)) response.writeHead(400).end();
    else if (handle) void handle(request, response);
    else response.writeHead(503, { "retry-after": "1" }).end();
  });
  const port = await listen(server, config.port, config.host);
  // Without XKIT_PUBLIC_URL it names the port.
  const settled = { ...config, port, publicUrl: config.publicUrl.replace(/:0$/, `:${port}`) };
  try {
    const { app, config: complete } = await build(settled);
    handle = createServerAdapter(app.fetch);
    server.on("upgrade", (request, socket, head) =>
      isWebSocket(request) ? app.upgrade(request, socket, head) : serveWithoutUpgrade(server, request, socket, head),
    );
    return { app, config: complete, stop: () => stop(server, app) };
  } catch (error) {
    server.close();
    throw error;
  }
}

const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === "websocket";

/** Headers that offer another protocol, HTTP/2 as `h2c` for one: an offer may be passed over (RFC 9110 section 7.8). */
const OFFERS: readonly string[] = ["connection", "upgrade", "http2-settings"];

/** Node parses nothing after an offer of another protocol: the request is put back before its body, without the offer, and read anew. */
function serveWithoutUpgrade(
  server: Server,
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const lines = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && !OFFERS.includes(name.toLowerCase()) ? [`${name}: ${rawHeaders[index + 1] ?? ""}`] : [],
  );
  const request = [`${method} ${url} HTTP/${httpVersion}`, ...lines, "Connection: close", "", ""].join("\r\n");
  // Node decodes them as Latin-1.
  socket.unshift(Buffer.concat([Buffer.from(request, "latin1"), head]));
  server.emit("connection", socket);
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve(portOf(server.address()));
    });
  });
}

const portOf = (address: AddressInfo | string | null): number => (address && typeof address === "object" ? address.port : 0);

async function stop(server: Server, app: App): Promise<void> {
  const deadline = startDeadline();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  app.endSubscriptions();
  await Promise.race([closed, deadline.passed]);
  server.closeAllConnections();
  await Promise.race([app.close(), deadline.passed]);
  deadline.clear();
}

function startDeadline(): { passed: Promise<void>; clear: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_TIMEOUT_MS)));
  return { passed, clear: () => clearTimeout(timer) };
}
