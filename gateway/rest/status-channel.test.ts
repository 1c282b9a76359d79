import { once } from "node:events";
import { IncomingMessage } from "node:http";
import { connect as connectTcp, Socket } from "node:net";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { closeCodeOf, type SocketServer, startSocketServer } from "../../test/support/socket-server.ts";
import { createStatusChannel, MAXIMUM_SOCKETS, MAXIMUM_UNREAD_BYTES, type Subscriber } from "./socket.ts";

let server: SocketServer | undefined;
afterEach(() => {
  server?.close();
  server = undefined;
});

/** A channel of its own, whose subscribers are what the test says. */
function createChannel(identify: (bearer: string) => Promise<Subscriber>) {
  const logged: object[] = [];
  const listeners: (() => void)[] = [];
  const channel = createStatusChannel({
    identify,
    isValidOrigin: () => true,
    onSignInChange: (listener) => (listeners.push(listener), () => {}),
    log: { error: (facts: object) => void logged.push(facts) },
  });
  return { channel, logged, tellChange: () => listeners.forEach((listener) => listener()) };
}

/** Follows nothing. */
const connections: Subscriber["connections"] = {
  watchAuthorization() {
    throw new Error("not in this test");
  },
};

describe("the status channel", () => {
  it("counts sockets that are being opened among those of the process", async () => {
    const { channel } = createChannel(() => new Promise(() => {}));
    const upgrade = () => {
      const request = new IncomingMessage(new Socket());
      request.url = "/socket/websocket?token=anybody";
      const socket = new PassThrough();
      channel.upgrade(request, socket, Buffer.alloc(0));
      return socket;
    };
    const opening = Array.from({ length: MAXIMUM_SOCKETS }, upgrade);
    expect(await text(upgrade())).toMatch(/^HTTP\/1\.1 503 /);
    const [first] = opening;
    await once(first?.destroy() ?? upgrade(), "close");
    expect(upgrade().readableLength).toBe(0);
  });

  it("refuses a socket that is still being opened when the gateway stops", async () => {
    let identified = () => {};
    const identifying = new Promise<void>((resolve) => (identified = resolve));
    const { channel } = createChannel(async () => {
      await identifying;
      return { userId: "ada", connections, stillAllowed: async () => true };
    });
    server = await startSocketServer(channel.upgrade, "https://app.example");
    const upgrading = once(server.http, "upgrade");
    const refusal = server.refusalOf("any");
    await upgrading;
    channel.close();
    identified();
    expect(await refusal).toContain("503");
  });

  it("stops following a topic that was joined twice once the socket closes", async () => {
    const followed: { finish(): void; hasStopped: boolean }[] = [];
    const watchAuthorization = async () => {
      const one = { finish: () => {}, hasStopped: false };
      const ended = new Promise<IteratorReturnResult<undefined>>((resolve) => {
        one.finish = () => resolve({ done: true, value: undefined });
      });
      followed.push(one);
      const iterator: AsyncIterableIterator<never> = {
        [Symbol.asyncIterator]: () => iterator,
        next: () => ended,
        return: async () => ((one.hasStopped = true), { done: true, value: undefined }),
      };
      return iterator;
    };
    const { channel } = createChannel(async () => ({ userId: "ada", connections: { watchAuthorization }, stillAllowed: async () => true }));
    server = await startSocketServer(channel.upgrade, "https://app.example");
    const client = await server.connect("any");
    const topic = "authorization_status:some-authorization";
    for (const [ref, event] of ["phx_join", "phx_leave", "phx_join"].entries()) client.send("1", String(ref), topic, event, {});
    await expect.poll(() => followed).toHaveLength(2);
    followed[0]?.finish();
    await expect.poll(() => client.received).toHaveLength(2);
    client.socket.terminate();
    await expect.poll(() => followed).toMatchObject([{ hasStopped: true }, { hasStopped: true }]);
  });

  it("cuts a client that sends and never reads", async () => {
    const { channel } = createChannel(async () => ({ userId: "ada", connections, stillAllowed: async () => true }));
    server = await startSocketServer(channel.upgrade, "https://app.example");
    const accepted = once(server.http, "connection");
    const client = connectTcp(server.port, "127.0.0.1").on("error", () => {});
    client.write(
      "GET /socket/websocket?token=any HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    const [taken] = await accepted;
    let mostWaiting = 0;
    const message = JSON.stringify([null, "1", "x".repeat(4_000), "phx_leave", {}]);
    // A text frame with a mask of zeros (RFC 6455 section 5.2). Its answer repeats the topic.
    const frame = Buffer.concat([Buffer.from([0x81, 0xfe, message.length >> 8, message.length & 0xff, 0, 0, 0, 0]), Buffer.from(message)]);
    const chunk = Buffer.concat(Array.from({ length: 16 }, () => frame));
    for (let sent = 0; sent < 1_000 && !taken.destroyed; sent += 1) {
      await new Promise<void>((resolve) => client.write(chunk, () => resolve()));
      mostWaiting = Math.max(mostWaiting, taken.writableLength);
    }
    expect(taken.destroyed).toBe(true);
    expect(mostWaiting).toBeLessThan(10 * MAXIMUM_UNREAD_BYTES);
    client.destroy();
  });

  it("closes the sockets of users who signed out, even if the check of another user fails", async () => {
    const isAllowed: Record<string, () => Promise<boolean>> = {
      unknown: () => Promise.reject(new Error("the store is away")),
      out: () => Promise.resolve(false),
    };
    const { channel, logged, tellChange } = createChannel(async (bearer) => ({
      userId: bearer,
      connections,
      stillAllowed: isAllowed[bearer] ?? (() => Promise.resolve(true)),
    }));
    server = await startSocketServer(channel.upgrade, "https://app.example");
    const [unknown, out] = [await server.connect("unknown"), await server.connect("out")];
    const closed = closeCodeOf(out.socket);
    tellChange();
    expect(await closed).toBe(1008);
    expect(unknown.socket.readyState).toBe(WebSocket.OPEN);
    expect(logged).toHaveLength(1);
  });
});
