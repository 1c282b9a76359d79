import { IncomingMessage } from "node:http";
import { connect as connectTcp, Socket } from "node:net";
import { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { closeCodeOf, type SocketServer, startSocketServer } from "../../test/support/socket-server.ts";
import { startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { inStore } from "../../test/support/vault.ts";
import { BAD_CREDENTIAL_LIMIT } from "../http/rate-limits.ts";
import { MAXIMUM_JOINS, MAXIMUM_MESSAGE_BYTES, MAXIMUM_SOCKETS_PER_USER } from "./socket.ts";

let test: TestApp;
let ada: TestUser;
let server: SocketServer;
beforeEach(async () => {
  test = await startTestApp();
  ada = await test.signIn("ada");
  server = await startSocketServer(test.app.upgrade, WEB_ORIGIN);
});
afterEach(async () => {
  server.close();
  await test.close();
});

async function start(user: TestUser) {
  const { data } = await user.graphql('mutation { connect(slug: "test") { authorization { id authorizeUrl } } }');
  return data.connect.authorization;
}

describe("the socket", () => {
  it("answers a join with the status, and pushes each change until the last one", async () => {
    const { id, authorizeUrl } = await start(ada);
    const client = await server.connect(await ada.bearer());
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
    const client = await server.connect(await ada.bearer());
    const { id } = await start(ada);
    client.send("1", "1", `authorization_status:${id}`, "phx_join", {});
    await inStore(test, (query) => query.insertInto("groups").values({ id: "other", created_at: 0 }).execute());
    await test.startTwin();
    client.send(null, "7", "phoenix", "heartbeat", {});
    await expect.poll(() => client.received).toContainEqual([null, "7", "phoenix", "phx_reply", { status: "ok", response: {} }]);
  });

  it("answers heartbeats", async () => {
    const client = await server.connect(await ada.bearer());
    client.send(null, "7", "phoenix", "heartbeat", {});
    await expect.poll(() => client.received).toEqual([[null, "7", "phoenix", "phx_reply", { status: "ok", response: {} }]]);
  });

  it("refuses to follow another user's authorization, and unknown topics", async () => {
    const { id } = await start(ada);
    const bob = await server.connect(await (await test.signIn("bob")).bearer());
    for (const topic of [`authorization_status:${id}`, "authorization_status:no-such-id", "authorization_status:", "room:lobby"])
      bob.send("1", "1", topic, "phx_join", {});
    await expect.poll(() => bob.received).toHaveLength(4);
    for (const message of bob.received)
      expect(message).toMatchObject({ 3: "phx_reply", 4: { status: "error", response: { reason: expect.any(String) } } });
  });

  it("accepts valid bearers from valid origins at its one path only", async () => {
    const bearer = await ada.bearer();
    expect(await server.refusalOf("nonsense")).toContain("401");
    expect(await server.refusalOf("")).toContain("401");
    expect(await server.refusalOf(bearer, "https://evil.example")).toContain("403");
    expect(await server.refusalOf(bearer, WEB_ORIGIN, "/socket/longpoll")).toContain("404");
    expect(await server.refusalOf(bearer)).toBe("accepted");
  });

  it("answers 429 to further bad tokens of an address, and accepts good ones from there", async () => {
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

  it("closes on a message that is too long", async () => {
    const long = await server.connect(await ada.bearer());
    long.send(null, "1", "phoenix", "heartbeat", "x".repeat(MAXIMUM_MESSAGE_BYTES));
    expect(await closeCodeOf(long.socket)).toBe(1009);
  });

  it("closes on a message that is not JSON", async () => {
    const wrong = await server.connect(await ada.bearer());
    wrong.socket.send("hello");
    expect(await closeCodeOf(wrong.socket)).toBe(1008);
  });

  it("refuses to follow one topic too many", async () => {
    const many = await server.connect(await ada.bearer());
    for (let index = 0; index <= MAXIMUM_JOINS; index += 1) {
      const { id } = await start(ada);
      many.send("1", String(index), `authorization_status:${id}`, "phx_join", {});
      await expect.poll(() => many.received).toHaveLength(index + 1);
    }
    expect(many.received.at(-1)).toMatchObject({ 4: { status: "error", response: { reason: "too many topics" } } });
  });

  it("closes when its session ends, and no other socket does", async () => {
    const signedIn = await ada.graphql("mutation ($token: String!) { login(token: $token) { token } }", { token: await ada.bearer() });
    const first = await server.connect(signedIn.data.login.token);
    const second = await server.connect(await ada.bearer());
    const ended = closeCodeOf(first.socket);
    await ada.graphql("mutation { logout }", {}, { origin: WEB_ORIGIN });
    expect(await ended).toBe(1008);
    expect(second.socket.readyState).toBe(WebSocket.OPEN);
  });

  it("closes when the gateway stops", async () => {
    const { socket } = await server.connect(await ada.bearer());
    const stopped = closeCodeOf(socket);
    test.app.endSubscriptions();
    expect(await stopped).toBe(1001);
  });

  it("refuses a bearer of other characters, and does not log it", async () => {
    for (const token of ["abc\ndef", "planted, secret"]) expect(await server.refusalOf(token)).toContain("401");
    expect(test.logged.join("\n")).not.toMatch(/unexpected|planted|def/);
  });

  it("refuses an address that cannot be parsed, and does not log it", async () => {
    const request = connectTcp(server.port, "127.0.0.1");
    request.end("GET //?planted HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    expect(await text(request)).toMatch(/^HTTP\/1\.1 404 /);
    expect(test.logged.join("\n")).not.toMatch(/unexpected|planted/);
  });

  it("gives one user a limited number at once, and one more for each that closes", async () => {
    const bearer = await ada.bearer();
    const answers = await Promise.all(Array.from({ length: MAXIMUM_SOCKETS_PER_USER + 2 }, () => server.refusalOf(bearer)));
    expect(answers.filter((answer) => answer === "accepted")).toHaveLength(MAXIMUM_SOCKETS_PER_USER);
    expect(answers.filter((answer) => answer.includes("429"))).toHaveLength(2);
    expect(await server.refusalOf(await (await test.signIn("bob")).bearer())).toBe("accepted");
    server.terminateAll();
    await expect.poll(() => server.refusalOf(bearer)).toBe("accepted");
  });

  it("closes when the user changes groups", async () => {
    const client = await server.connect(await ada.bearer());
    const closed = closeCodeOf(client.socket);
    await test.app.provisionUser({ id: "ada", groupId: "acme" });
    expect(await closed).toBe(1008);
  });

  it("pushes nothing after its bearer has expired, and closes at the next heartbeat", async () => {
    const { id, authorizeUrl } = await start(ada);
    const client = await server.connect(await ada.bearer());
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
    await server.connect(bearer);
    await server.refusalOf(`${bearer}x`);
    expect(test.logged.join("\n")).not.toContain(bearer);
  });
});
