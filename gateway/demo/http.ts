import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { pageHeaders } from "./pages.ts";

/** Largest form the demo provider reads: 16 KiB. */
const MAX_FORM_BYTES = 16_384;

/** Reads a posted form. Throws `RangeError` when it is too long. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > MAX_FORM_BYTES) throw new RangeError("The form is too long.");
  }
  return new URLSearchParams(text);
}

export function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, pageHeaders).end(html);
}

export function sendJson(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers }).end(JSON.stringify(body));
}

/** Sends the browser on with GET, whatever it came with (RFC 9110 section 15.4.4). */
export function seeOther(response: ServerResponse, location: string): void {
  response.writeHead(303, { location, "cache-control": "no-store" }).end();
}

/** Listens, and resolves to the port. Rejects when the port is taken. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The demo provider has no port.");
  return address.port;
}
