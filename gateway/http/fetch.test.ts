import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { listen, type ListeningServer } from "../../test/support/server-io.ts";
import { fetchResponse, MAX_RESPONSE_BYTES, PROVIDER_TIMEOUT_MS } from "./fetch.ts";

const request = { method: "POST", headers: { "content-type": "text/plain" }, body: "grüße" };
const limits = { timeoutMs: PROVIDER_TIMEOUT_MS };

let server: ListeningServer;
let received: { request: IncomingMessage; body: string }[];
afterEach(() => server.close());

/** A server that keeps what it was sent. */
async function start(answer: (response: ServerResponse) => void): Promise<void> {
  received = [];
  server = await listen(async (incoming, response) => {
    received.push({ request: incoming, body: await text(incoming) });
    answer(response);
  });
}

const failureOf = (sending: Promise<unknown>): Promise<unknown> =>
  sending.then(
    () => null,
    (error: unknown) => error,
  );

describe("a request to a provider", () => {
  const send = (extra: object = {}) => fetchResponse(`${server.url}/token?a=b`, request, { ...limits, ...extra });

  it("keeps its Content-Length, its path and its headers", async () => {
    await start((response) => response.end("fine"));
    expect(await send()).toMatchObject({ status: 200, text: "fine" });
    expect(received[0]?.body).toBe(request.body);
    expect(received[0]?.request).toMatchObject({ method: "POST", url: "/token?a=b" });
    expect(received[0]?.request.headers).toMatchObject({
      "content-length": "7",
      "content-type": "text/plain",
      "user-agent": "xkit-gateway",
    });
  });

  it("uses the connection of the one before it", async () => {
    await start((response) => response.end("fine"));
    for (let sent = 0; sent < 3; sent += 1) {
      await send();
      await nextTurn();
    }
    expect(new Set(received.map(({ request: { socket } }) => socket.remotePort)).size).toBe(1);
  });

  it("is not written where the caller declines once the connection is made", async () => {
    await start((response) => response.end("fine"));
    const asked: number[] = [];
    const mayStillSend = (remainingMs: number) => asked.push(remainingMs) > 1;
    expect(await failureOf(send({ mayStillSend }))).toMatchObject({ code: "not_sent", isSent: false });
    expect(asked[0]).toBeGreaterThan(0);
    expect(asked[0]).toBeLessThanOrEqual(PROVIDER_TIMEOUT_MS);
    expect(received).toHaveLength(0);
    expect(await send({ mayStillSend })).toMatchObject({ text: "fine" });
  });

  it("is not written when the process was suspended past the deadline while it connected", async () => {
    await start((response) => response.end("fine"));
    const sending = failureOf(send({ timeoutMs: 40 }));
    const until = performance.now() + 60;
    while (performance.now() < until);
    expect(await sending).toMatchObject({ isSent: false });
    expect(received).toHaveLength(0);
  });

  it("tells whether it was written when no answer comes", async () => {
    await start(() => {});
    expect(await failureOf(send({ timeoutMs: 1_000 }))).toMatchObject({ code: "timeout", isSent: true });
    await server.close();
    expect(await failureOf(send())).toMatchObject({ code: "unreachable", isSent: false });
  });
});

describe("a compressed answer", () => {
  const send = () => fetchResponse(server.url, request, limits);
  const compressed = (body: string) => (response: ServerResponse) =>
    void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(body));

  it("is read", async () => {
    await start(compressed("fine"));
    expect((await send()).text).toBe("fine");
  });

  it("is refused when it is larger than the limit once it is decompressed", async () => {
    await start(compressed("x".repeat(MAX_RESPONSE_BYTES + 1)));
    expect(await failureOf(send())).toMatchObject({ code: "too_large" });
  });
});
