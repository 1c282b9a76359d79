import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { InternalError, NetworkError, RateLimitedError, UnauthenticatedError } from "./errors.ts";
import { ConnectionChangedDocument, ViewerDocument } from "../generated/graphql.ts";
import { createTransport } from "./transport.ts";

let server: Server | undefined;
afterEach(() => server?.close());

/** A server that answers everything alike, and a transport to it. */
async function transportTo(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const started = createServer(answer);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const address = started.address();
  return createTransport(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`, fetch);
}

const json =
  (body: unknown, status = 200) =>
  (_request: IncomingMessage, response: ServerResponse) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const changes = { document: ConnectionChangedDocument, variables: {}, authorization: null };

test("an answer is its data", async () => {
  const transport = await transportTo(json({ data: { viewer: null } }));
  expect(await transport.request(ViewerDocument, {})).toEqual({ viewer: null });
});

test.each([
  ["UNAUTHENTICATED", UnauthenticatedError],
  ["RATE_LIMITED", RateLimitedError],
  ["INTERNAL", InternalError],
])("an error of code %s has its own class, its sentence and its facts", async (code, type) => {
  const transport = await transportTo(json({ errors: [{ message: "A sentence.", extensions: { code, retryAfter: 3 } }] }, 400));
  const error = await transport.request(ViewerDocument, {}).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(type);
  expect(error).toMatchObject({ code, message: "A sentence.", facts: { retryAfter: 3 } });
});

test("what is no gateway is a NetworkError, and so is nothing at all", async () => {
  const transport = await transportTo((_request, response) => response.end("<html>"));
  await expect(transport.request(ViewerDocument, {})).rejects.toBeInstanceOf(NetworkError);
  await expect(createTransport("http://127.0.0.1:1", fetch).request(ViewerDocument, {})).rejects.toBeInstanceOf(NetworkError);
});

test("an answer that is cut in the middle is a NetworkError", async () => {
  const transport = await transportTo((_request, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
    response.write('{"data":', () => response.destroy());
  });
  await expect(transport.request(ViewerDocument, {})).rejects.toBeInstanceOf(NetworkError);
});

test("events are read however they are cut, and comments between them are no events", async () => {
  const text =
    ':\n\nevent: next\ndata: {"data":{"connectionChanged":{"id":"é1"}}}\n\nevent: next\r\ndata: {"data":{"connectionChanged":{"id":"2"}}}\r\n\r\nevent: complete\ndata:\n\n';
  const bytes = new TextEncoder().encode(text);
  const transport = await transportTo((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const byte of bytes) response.write(Uint8Array.of(byte));
    response.end();
  });
  const ids: string[] = [];
  for await (const { connectionChanged } of transport.listen(changes)) ids.push(connectionChanged.id);
  expect(ids).toEqual(["é1", "2"]);
});

test("an error in a stream ends it", async () => {
  const transport = await transportTo((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end('event: next\ndata: {"errors":[{"message":"No.","extensions":{"code":"UNAUTHENTICATED"}}]}\n\n');
  });
  await expect(transport.listen(changes).next()).rejects.toBeInstanceOf(UnauthenticatedError);
});

test("a stream ends with its signal, and so does the request", async () => {
  const controller = new AbortController();
  let onClosed = () => {};
  const closed = new Promise<void>((resolve) => (onClosed = resolve));
  const transport = await transportTo((request, response) => {
    request.socket.once("close", onClosed);
    response.writeHead(200, { "content-type": "text/event-stream" }).write(":\n\n", () => controller.abort());
  });
  const next = transport.listen({ ...changes, signal: controller.signal }).next();
  await expect(next).rejects.toMatchObject({ name: "AbortError" });
  await closed;
});
