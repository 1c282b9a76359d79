import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

/** What offers another protocol, HTTP/2 as `h2c` for one. */
const OFFERS: readonly string[] = ["upgrade", "http2-settings"];

/**
 * Answers a request that offers another protocol as if it did not, which a server may do (RFC 9110 section 7.8).
 * Node stops parsing at the offer: the request is put back without it, before what follows, and the socket is parsed from there.
 * Call it once earlier requests of the socket are answered, or the answers change places.
 */
export function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? headerLine(name, rawHeaders[index + 1] ?? "") : []));
  const start = [`${method} ${url} HTTP/${httpVersion}`, ...lines, "", ""].join("\r\n");
  // Node decodes headers as Latin-1.
  socket.unshift(Buffer.concat([Buffer.from(start, "latin1"), head]));
  server.emit("connection", socket);
}

function headerLine(name: string, value: string): string[] {
  if (OFFERS.includes(name.toLowerCase())) return [];
  if (name.toLowerCase() !== "connection") return [`${name}: ${value}`];
  const options = value.split(",").filter((option) => !OFFERS.includes(option.trim().toLowerCase()));
  return options.length > 0 ? [`${name}: ${options.join(",")}`] : [];
}
