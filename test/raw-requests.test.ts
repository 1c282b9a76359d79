/** What only a real socket brings to a gateway: bodies without a length, clients that hang up, odd methods, offers of other protocols. */
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../gateway/app.ts";
import { MAXIMUM_PIPELINED_REQUESTS, type RunningGateway, startGateway } from "../gateway/listen.ts";
import { createLog } from "../gateway/runtime/log.ts";
import { type AuthorizationServer, startAuthorizationServer } from "./support/authorization-server.ts";
import { createTestDatabase, type TestDatabase } from "./support/databases.ts";
import { createTestConfig, WEB_ORIGIN } from "./support/test-app.ts";
import { PATIENCE } from "./support/patience.ts";

let provider: AuthorizationServer;
let database: TestDatabase;
let gateway: RunningGateway;
let logged: string[];
let bearer: string;

beforeEach(async () => {
  provider = await startAuthorizationServer();
  database = await createTestDatabase("sqlite");
  logged = [];
  const log = createLog("debug", { write: (line) => void logged.push(line) });
  const config = createTestConfig(provider, database, { env: { PORT: "0", XKIT_PUBLIC_URL: undefined } });
  gateway = await startGateway(config, async (settled) => ({ config: settled, app: await createApp(settled, { log }) }));
  bearer = (await gateway.app.provisionUser({ id: "ada" })).token;
});
afterEach(async () => {
  await gateway.stop();
  await provider.close();
  await database.drop();
});

const open = () => connect(gateway.config.port, "127.0.0.1");

/** Sends bytes as they are, and answers everything that comes back until the gateway closes. */
function sendRaw(bytes: string): Promise<string> {
  const socket = open();
  socket.write(bytes);
  return text(socket);
}

const chunk = (part: string): string => `${part.length.toString(16)}\r\n${part}\r\n`;
const headOf = (method: string, path: string, headers: string[] = []): string =>
  [`${method} ${path} HTTP/1.1`, "Host: x", `Authorization: Bearer ${bearer}`, "Content-Type: application/json", ...headers, "", ""].join(
    "\r\n",
  );

const QUERY = JSON.stringify({ query: "{ viewer { id } }" });

describe("a body without a length", () => {
  const paths = ["/graphql", "/api/platform_user/connections/test"];

  it.each(paths)("is answered with 413 when it is too long, which pages may read: POST %s", async (path) => {
    const head = headOf("POST", path, ["Transfer-Encoding: chunked", `Origin: ${WEB_ORIGIN}`]);
    const answer = await sendRaw(`${head}${chunk("x".repeat(65_536)).repeat(8)}0\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain("longer than 262144 bytes");
    expect(answer.toLowerCase()).toContain(`access-control-allow-origin: ${WEB_ORIGIN}\r\n`);
    expect(answer.toLowerCase()).toContain("\r\nconnection: close\r\n");
  });

  it("is answered though it does not end", async () => {
    const socket = open();
    socket.write(headOf("POST", "/graphql", ["Transfer-Encoding: chunked"]));
    const part = chunk("x".repeat(65_536));
    const answered = once(socket.setEncoding("utf8"), "data");
    // More than is read and thrown away; the gateway closes with the rest of it on its way.
    socket.on("error", () => {});
    for (let sent = 0; sent < 21; sent += 1) socket.write(part);
    expect((await answered).join()).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe("a client that hangs up in the middle of a body", () => {
  it.each([
    ["POST /graphql", "/graphql", "Content-Length: 100"],
    ["POST /graphql in chunks", "/graphql", "Transfer-Encoding: chunked"],
    ["POST /api", "/api/platform_user/connections/test", "Content-Length: 100"],
    ["POST /api in chunks", "/api/platform_user/connections/test", "Transfer-Encoding: chunked"],
  ])("is a line for debugging, and no error: %s", async (_name, path, framing) => {
    const socket = open();
    socket.write(headOf("POST", path, ["Expect: 100-continue", framing]) + chunk('{"id":'));
    // By then the gateway has begun to read.
    await once(socket, "data");
    socket.destroy();
    await vi.waitFor(() => expect(logged.join("\n")).toContain('"status":499'), PATIENCE);
    const levels = logged.map((line): { level: string; msg: string } => JSON.parse(line));
    expect(levels.filter(({ msg }) => msg === "the client closed the connection").map(({ level }) => level)).toEqual(["debug"]);
    expect(levels.filter(({ level }) => level === "error")).toEqual([]);
  });
});

describe("requests that one socket sends before any is answered", () => {
  const pipelined = (count: number) =>
    headOf("GET", "/graphql?query={viewer{id}}").repeat(count - 1) + headOf("GET", "/healthz", ["Connection: close"]);

  it("are answered in their order", async () => {
    const answers = (await sendRaw(pipelined(MAXIMUM_PIPELINED_REQUESTS))).split("HTTP/1.1 200 ").slice(1);
    expect(answers).toHaveLength(MAXIMUM_PIPELINED_REQUESTS);
    expect(answers.at(-1)).toContain("alive");
  });

  it("are answered one after another, so that a socket that is not read holds one answer", async () => {
    const socket = open();
    const subscription = headOf("GET", "/graphql?query=subscription{connectionChanged{id}}", ["Accept: text/event-stream"]);
    socket.write(subscription + headOf("GET", "/healthz"));
    await once(socket, "data");
    await fetch(`http://localhost:${gateway.config.port}/healthz`);
    socket.destroy();
    expect(logged.filter((line) => line.includes('"/healthz"'))).toHaveLength(1);
  });

  it("are limited: a thousand of them cut the socket, and hold no thousand answers", async () => {
    const answer = sendRaw(pipelined(1_000)).catch(() => "");
    expect((await answer).split("HTTP/1.1 ").length - 1).toBeLessThan(MAXIMUM_PIPELINED_REQUESTS);
    expect(logged.filter((line) => line.includes('"request"')).length).toBeLessThanOrEqual(MAXIMUM_PIPELINED_REQUESTS);
  });
});

it("HTTP/1.0 without a host is answered, as health checks ask", async () => {
  expect(await sendRaw("GET /healthz HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
});

it("the app is given the address of the peer", async () => {
  const peers: unknown[] = [];
  const second = await startGateway({ ...gateway.config, port: 0 }, async (settled) => {
    const app = await createApp(settled);
    return { config: settled, app: { ...app, fetch: (request, peer) => (peers.push(peer), app.fetch(request, peer)) } };
  });
  await fetch(`http://127.0.0.1:${second.config.port}/healthz`);
  expect(peers).toEqual([{ address: "127.0.0.1" }]);
  await second.stop();
});

it.each(["/graphql", "/api/platform_user/session", "/nothing"])("TRACE is answered with 405 and the allowed methods: %s", async (path) => {
  const answer = await sendRaw(headOf("TRACE", path, ["Connection: close"]));
  expect(answer).toMatch(/^HTTP\/1\.1 405 /);
  expect(answer.toLowerCase()).toContain("\r\nallow: get, ");
});

describe("an offer of HTTP/2 is ignored, and the request answered", () => {
  const OFFER = ["Connection: Upgrade, HTTP2-Settings, close", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"];

  it.each([
    ["without a body", () => headOf("GET", "/graphql?query={viewer{id}}", OFFER)],
    ["with a body", () => headOf("POST", "/graphql", [...OFFER, `Content-Length: ${QUERY.length}`]) + QUERY],
    ["with a body in chunks", () => `${headOf("POST", "/graphql", [...OFFER, "Transfer-Encoding: chunked"])}${chunk(QUERY)}0\r\n\r\n`],
  ])("%s", async (_name, request) => {
    const answer = await sendRaw(request());
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('{"data":{"viewer":{"id":"ada"}}}');
  });

  it("with a body that follows later", async () => {
    const socket = open();
    const answer = text(socket);
    socket.write(headOf("POST", "/graphql", [...OFFER, "Expect: 100-continue", `Content-Length: ${QUERY.length}`]));
    await once(socket, "data");
    socket.write(QUERY);
    expect(await answer).toContain('{"data":{"viewer":{"id":"ada"}}}');
  });

  it("between the requests that are sent with it, all answered in their order", async () => {
    const keptAlive = ["Connection: Upgrade, HTTP2-Settings", ...OFFER.slice(1)];
    const answer = await sendRaw(
      [
        headOf("GET", "/graphql?query={viewer{id}}"),
        headOf("GET", "/api/first", keptAlive),
        headOf("GET", "/api/second", keptAlive),
        headOf("GET", "/graphql?query={viewer{groupId}}", ["Connection: close"]),
      ].join(""),
    );
    const answers = answer.split("HTTP/1.1 ").slice(1);
    expect(answers.map((each) => each.slice(0, 3))).toEqual(["200", "404", "404", "200"]);
    expect(answers[0]).toContain('{"data":{"viewer":{"id":"ada"}}}');
    expect(answers[1]).toContain("/api/first");
    expect(answers[2]).toContain("/api/second");
    expect(answers[3]).toContain('{"data":{"viewer":{"groupId":null}}}');
  });

  it("but not one of WebSockets elsewhere than at their own path", async () => {
    expect(await sendRaw(headOf("GET", "/graphql", ["Connection: Upgrade", "Upgrade: websocket"]))).toMatch(/^HTTP\/1\.1 404 /);
  });
});

describe("a request with two hosts", () => {
  const twice = ["Host: x\r\nHost: x", "Host: x\r\nHost: evil.example", "Host: x\r\nhost: evil.example"];

  it.each(twice)("is refused, as two parts of a system could each use another one: %j", async (hosts) => {
    for (const path of ["/graphql?query={__typename}", "/healthz"]) {
      const answer = await sendRaw(`GET ${path} HTTP/1.1\r\n${hosts}\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    }
    const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
    expect(await sendRaw(`GET /socket/websocket?token=${bearer}&vsn=2.0.0 HTTP/1.1\r\n${hosts}\r\n${upgrade}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 400 /,
    );
  });

  it("is refused only for its second host", async () => {
    expect(await sendRaw("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
  });
});

it.each(["http://ada:hush@x", "https://:hush@x"])("an address that names a user is refused, and not logged: %s", async (origin) => {
  for (const rest of [
    "POST {}/graphql HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\nHost: x\r\nConnection: close\r\n\r\n{}",
    "GET {}/callback/test?code=hush HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "GET {}/socket/websocket?token=hush HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  ])
    expect(await sendRaw(rest.replace("{}", origin))).toMatch(/^HTTP\/1\.1 400 /);
  expect(logged.join("")).not.toMatch(/hush|unexpected error/);
});
