import { once } from "node:events";
import { createServer, IncomingMessage, type Server } from "node:http";
import { connect as connectTcp, Socket } from "node:net";
import { Duplex, PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import { startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { inStore } from "../../test/support/vault.ts";
import { BAD_CREDENTIAL_LIMIT } from "../http/rate-limits.ts";
import {
  createStatusChannel,
  MAXIMUM_JOINS,
  MAXIMUM_MESSAGE_BYTES,
  MAXIMUM_SOCKETS,
  MAXIMUM_SOCKETS_PER_USER,
  MAXIMUM_UNREAD_BYTES,
  type Subscriber,
} from "./socket.ts";

let test: TestApp;
let ada: TestUser;
let server: Server;
let port: number;
const sockets = new Set<WebSocket>();

beforeEach(async () => {
  test = await startTestApp();
  ada = await test.signIn("ada");
  server = createServer().on("upgrade", test.app.upgrade).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" && address ? address.port : 0;
});
afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  sockets.clear();
  server.close();
  await test.close();
});

/** A socket, and what came over it. */
interface Client {
  socket: WebSocket;
  received: unknown[];
  send(...message: unknown[]): void;
}

async function connect(bearer: string, origin = WEB_ORIGIN, path = "/socket/websocket"): Promise<Client> {
  const query = new URLSearchParams({ token: bearer, vsn: "2.0.0" }).toString();
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}?${query}`, { origin });
  sockets.add(socket);
  const received: unknown[] = [];
  socket.on("message", (data) => void received.push(JSON.parse(Buffer.isBuffer(data) ? data.toString() : "null")));
  await once(socket, "open");
  return { socket, received, send: (...message) => socket.send(JSON.stringify(message)) };
}

const refusalOf = (bearer: string, origin?: string, path?: string) =>
  connect(bearer, origin, path).then(
    () => "accepted",
    (error: unknown) => String(error),
  );

const closeCodeOf = async (socket: WebSocket): Promise<unknown> => (await once(socket, "close"))[0];

async function start(user: TestUser) {
  const { data } = await user.graphql('mutation { connect(slug: "test") { authorization { id authorizeUrl } } }');
  return data.connect.authorization;
}

it("answers a join with the status, and pushes each change until the last", async () => {
  const { id, authorizeUrl } = await start(ada);
  const client = await connect(await ada.bearer());
  const topic = `authorization_status:${id}`;
  client.send("1", "1", topic, "phx_join", {});
  await expect
    .poll(() => client.received)
    .toEqual([["1", "1", topic, "phx_reply", { status: "ok", response: { status: "awaiting_callback" } }]]);
  await ada.browser.fetch((await test.provider.authorize(authorizeUrl)).href);
  await expect.poll(() => client.received.at(-1)).toEqual(["1", null, topic, "status_update", { status: "active" }]);
  client.send("1", "2", topic, "phx_leave", {});
  await expect.poll(() => client.received.at(-1)).toEqual(["1", "2", topic, "phx_reply", { status: "ok", response: {} }]);
});

it("stays open when another process writes to the store", async () => {
  const client = await connect(await ada.bearer());
  const { id } = await start(ada);
  client.send("1", "1", `authorization_status:${id}`, "phx_join", {});
  await inStore(test, (query) => query.insertInto("groups").values({ id: "other", created_at: 0 }).execute());
  await test.startTwin();
  client.send(null, "7", "phoenix", "heartbeat", {});
  await expect.poll(() => client.received).toContainEqual([null, "7", "phoenix", "phx_reply", { status: "ok", response: {} }]);
});

it("answers heartbeats", async () => {
  const client = await connect(await ada.bearer());
  client.send(null, "7", "phoenix", "heartbeat", {});
  await expect.poll(() => client.received).toEqual([[null, "7", "phoenix", "phx_reply", { status: "ok", response: {} }]]);
});

it("shows nobody another user's authorization", async () => {
  const { id } = await start(ada);
  const bob = await connect(await (await test.signIn("bob")).bearer());
  for (const topic of [`authorization_status:${id}`, "authorization_status:no-such-id", "authorization_status:", "room:lobby"])
    bob.send("1", "1", topic, "phx_join", {});
  await expect.poll(() => bob.received).toHaveLength(4);
  for (const message of bob.received)
    expect(message).toMatchObject({ 3: "phx_reply", 4: { status: "error", response: { reason: expect.any(String) } } });
});

it("lets in valid bearers from valid origins at its one path", async () => {
  const bearer = await ada.bearer();
  expect(await refusalOf("nonsense")).toContain("401");
  expect(await refusalOf("")).toContain("401");
  expect(await refusalOf(bearer, "https://evil.example")).toContain("403");
  expect(await refusalOf(bearer, WEB_ORIGIN, "/socket/longpoll")).toContain("404");
  expect(await refusalOf(bearer)).toBe("accepted");
});

it("answers 429 to bad tokens of one address, and goes on letting in good ones from there", async () => {
  const accept = (token: string, address: string) =>
    new Promise<string>((resolve) => {
      const request = new IncomingMessage(Object.defineProperty(new Socket(), "remoteAddress", { value: address }));
      request.url = `/socket/websocket?token=${token}`;
      request.headers = { upgrade: "websocket", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13" };
      request.method = "GET";
      const write = (chunk: Buffer, _encoding: string, done: () => void) => (resolve(chunk.toString()), done());
      test.app.upgrade(request, new Duplex({ read() {}, write }), Buffer.alloc(0));
    });
  const ADDRESS = "203.0.113.5";
  for (let count = 0; count < BAD_CREDENTIAL_LIMIT.count; count += 1) expect(await accept("x.y.z", ADDRESS)).toMatch(/^HTTP.1.1 401 /);
  expect(await accept("x.y.z", ADDRESS)).toMatch(/^HTTP.1.1 429 [^]*retry-after: 1\r\n/);
  expect(await accept("", ADDRESS)).toMatch(/^HTTP.1.1 401 /);
  expect(await accept("x.y.z", "198.51.100.1")).toMatch(/^HTTP.1.1 401 /);
  expect(await accept(await ada.bearer(), ADDRESS)).toMatch(/^HTTP.1.1 101 /);
});

it("bounds what a client may send and follow", async () => {
  const long = await connect(await ada.bearer());
  long.send(null, "1", "phoenix", "heartbeat", "x".repeat(MAXIMUM_MESSAGE_BYTES));
  expect(await closeCodeOf(long.socket)).toBe(1009);
  const wrong = await connect(await ada.bearer());
  wrong.socket.send("hello");
  expect(await closeCodeOf(wrong.socket)).toBe(1008);
  const many = await connect(await ada.bearer());
  for (let index = 0; index <= MAXIMUM_JOINS; index += 1) {
    const { id } = await start(ada);
    many.send("1", String(index), `authorization_status:${id}`, "phx_join", {});
    await expect.poll(() => many.received).toHaveLength(index + 1);
  }
  expect(many.received.at(-1)).toMatchObject({ 4: { status: "error", response: { reason: "too many topics" } } });
});

it("closes when the session ends, and when the gateway stops", async () => {
  const signedIn = await ada.graphql("mutation ($token: String!) { login(token: $token) { token } }", { token: await ada.bearer() });
  const first = await connect(signedIn.data.login.token);
  const second = await connect(await ada.bearer());
  const ended = closeCodeOf(first.socket);
  await ada.graphql("mutation { logout }", {}, { origin: WEB_ORIGIN });
  expect(await ended).toBe(1008);
  expect(second.socket.readyState).toBe(WebSocket.OPEN);
  const stopped = closeCodeOf(second.socket);
  test.app.endSubscriptions();
  expect(await stopped).toBe(1001);
});

it("refuses what can be no bearer, and an address that is none, without logging either", async () => {
  for (const token of ["abc\ndef", "planted, secret"]) expect(await refusalOf(token)).toContain("401");
  const request = connectTcp(port, "127.0.0.1");
  request.end("GET //?planted HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  expect(await text(request)).toMatch(/^HTTP\/1\.1 404 /);
  expect(test.logged.join("\n")).not.toMatch(/unexpected|planted|def/);
});

it("gives one user so many sockets, however many they ask for at once, and another for each that closes", async () => {
  const bearer = await ada.bearer();
  const answers = await Promise.all(Array.from({ length: MAXIMUM_SOCKETS_PER_USER + 2 }, () => refusalOf(bearer)));
  expect(answers.filter((answer) => answer === "accepted")).toHaveLength(MAXIMUM_SOCKETS_PER_USER);
  expect(answers.filter((answer) => answer.includes("429"))).toHaveLength(2);
  expect(await refusalOf(await (await test.signIn("bob")).bearer())).toBe("accepted");
  for (const socket of sockets) socket.terminate();
  await expect.poll(() => refusalOf(bearer)).toBe("accepted");
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

it("counts the sockets that are being opened among those of the process", async () => {
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
  const watchAuthorization = () => {
    throw new Error("not in this test");
  };
  const { channel } = createChannel(async () => {
    await identifying;
    return { userId: "ada", connections: { watchAuthorization }, stillAllowed: async () => true };
  });
  server.removeAllListeners("upgrade").on("upgrade", channel.upgrade);
  const upgrading = once(server, "upgrade");
  const refusal = refusalOf("any");
  await upgrading;
  channel.close();
  identified();
  expect(await refusal).toContain("503");
});

it("stops following a topic that was joined, left and joined again at once, when the socket closes", async () => {
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
  server.removeAllListeners("upgrade").on("upgrade", channel.upgrade);
  const client = await connect("any");
  const topic = "authorization_status:some-authorization";
  for (const [ref, event] of ["phx_join", "phx_leave", "phx_join"].entries()) client.send("1", String(ref), topic, event, {});
  await expect.poll(() => followed).toHaveLength(2);
  followed[0]?.finish();
  await expect.poll(() => client.received).toHaveLength(2);
  client.socket.terminate();
  await expect.poll(() => followed).toMatchObject([{ hasStopped: true }, { hasStopped: true }]);
});

it("cuts a client that sends and never reads, when more than a little waits for it", async () => {
  const watchAuthorization = () => {
    throw new Error("not in this test");
  };
  const { channel } = createChannel(async () => ({ userId: "ada", connections: { watchAuthorization }, stillAllowed: async () => true }));
  server.removeAllListeners("upgrade").on("upgrade", channel.upgrade);
  const accepted = once(server, "connection");
  const client = connectTcp(port, "127.0.0.1").on("error", () => {});
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

it("closes the sockets of those who signed out, though it cannot be said of another whether they did", async () => {
  const isAllowed: Record<string, () => Promise<boolean>> = {
    unknown: () => Promise.reject(new Error("the store is away")),
    out: () => Promise.resolve(false),
  };
  const watchAuthorization = () => {
    throw new Error("not in this test");
  };
  const { channel, logged, tellChange } = createChannel(async (bearer) => ({
    userId: bearer,
    connections: { watchAuthorization },
    stillAllowed: isAllowed[bearer] ?? (() => Promise.resolve(true)),
  }));
  server.removeAllListeners("upgrade").on("upgrade", channel.upgrade);
  const [unknown, out] = [await connect("unknown"), await connect("out")];
  const closed = closeCodeOf(out.socket);
  tellChange();
  expect(await closed).toBe(1008);
  expect(unknown.socket.readyState).toBe(WebSocket.OPEN);
  expect(logged).toHaveLength(1);
});

it("closes when the user changes groups", async () => {
  const client = await connect(await ada.bearer());
  const closed = closeCodeOf(client.socket);
  await test.app.provisionUser({ id: "ada", groupId: "acme" });
  expect(await closed).toBe(1008);
});

it("pushes nothing after its bearer has expired, and closes at the next heartbeat", async () => {
  const { id, authorizeUrl } = await start(ada);
  const client = await connect(await ada.bearer());
  client.send("1", "1", `authorization_status:${id}`, "phx_join", {});
  await expect.poll(() => client.received).toHaveLength(1);
  test.clock.advance(3_600_000);
  await ada.browser.fetch((await test.provider.authorize(authorizeUrl)).href);
  const closed = closeCodeOf(client.socket);
  client.send(null, "2", "phoenix", "heartbeat", {});
  expect(await closed).toBe(1008);
  expect(client.received).toHaveLength(1);
});

it("logs no bearer", async () => {
  const bearer = await ada.bearer();
  await connect(bearer);
  await refusalOf(`${bearer}x`);
  expect(test.logged.join("\n")).not.toContain(bearer);
});
