import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";

const flatJson = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

export interface ListeningServer {
  /** `http://127.0.0.1:<port>`, no slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. A handler that throws answers 500. `close` drops the sockets that are still open. */
export async function listen(handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Promise<ListeningServer> {
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => sendText(response, 500, String(error)));
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The test server has no port.");
  const close = () => new Promise<void>((resolve) => (server.close(() => resolve()), server.closeAllConnections()));
  return { url: `http://127.0.0.1:${address.port}`, close };
}

/** A request's body, form or JSON, as flat parameters. */
export async function readParams(request: IncomingMessage): Promise<Record<string, string>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const isJson = request.headers["content-type"]?.startsWith("application/json") === true;
  return isJson ? flatJson.parse(JSON.parse(text)) : Object.fromEntries(new URLSearchParams(text));
}

export function sendJson(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  sendText(response, status, JSON.stringify(body), { "content-type": "application/json", "cache-control": "no-store", ...headers });
}

export function sendText(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, headers).end(body);
}

export function bearerOf(request: IncomingMessage): string {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
}
