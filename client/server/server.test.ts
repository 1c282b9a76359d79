/** The server client before a whole gateway, with API keys of its own. */
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { once } from "node:events";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { createServerHeaders } from "../../test/support/caller.ts";
import { PUBLIC_URL, startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { gql } from "@urql/core";
import {
  createServer,
  type GatewayEvent,
  isAccessToken,
  NoAccessTokenError,
  NotFoundError,
  type Server,
  UnauthenticatedError,
} from "./index.ts";
import { walkPages } from "./pages.ts";

let app: TestApp;
let server: Server;
let apiKey: { publishable: string; secret: string };
/** What came to the gateway, by operation. */
const asked: { operation: string; init: RequestInit }[] = [];

const fetchThere: typeof fetch = async (input, init = {}) => {
  const request = new Request(input, init);
  if (!request.url.startsWith(PUBLIC_URL)) return fetch(request);
  request.signal.throwIfAborted();
  asked.push({ operation: /(?:query|mutation|subscription) (\w+)/.exec(typeof init.body === "string" ? init.body : "")?.[1] ?? "", init });
  return app.app.fetch(request);
};

function addressOf(listening: HttpServer): string {
  const address = listening.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
}

async function collect<T>(list: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of list) all.push(one);
  return all;
}

beforeAll(async () => {
  app = await startTestApp();
  const { authorization } = await createServerHeaders(app);
  const [publishable = "", secret = ""] = atob(authorization.replace("Basic ", "")).split(":");
  apiKey = { publishable, secret };
  server = createServer({ url: `${PUBLIC_URL}/`, apiKey, fetch: fetchThere });
  for (const id of ["ada", "bob", "cy"]) await (await app.signIn(id, id === "cy" ? "acme" : null)).connect();
});
afterAll(() => app.close());

test("provisions a user, whose token signs in", async () => {
  const provisioned = await server.provisionUser({ id: "eve", name: "Eve", groupId: "acme" });
  expect(provisioned.user).toEqual({ id: "eve", name: "Eve", groupId: "acme" });
  const { data } = await app.graphql(`{ viewer { id } }`, {}, { authorization: `Bearer ${provisioned.token}` });
  expect(data.viewer.id).toBe("eve");
  expect(await server.user("eve").get()).toEqual(provisioned.user);
  expect(await server.user("never").get()).toBeNull();
});

test("gives a user's and a group's token, or the reason why there is none", async () => {
  const outcome = await server.user("ada").getToken("test", { minimumTtl: 60, purpose: "nightly" });
  expect(outcome).toMatchObject({ __typename: "AccessToken", scopes: ["read", "write"], tokenType: "bearer" });
  if (!isAccessToken(outcome)) throw new Error(outcome.message);
  expect((await server.group("acme").getToken({ slug: "test" })).__typename).toBe("AccessToken");
  const again = await server.user("ada").getToken({ id: outcome.connection.id }, { rejected: outcome.fingerprint });
  expect(isAccessToken(again) && again.fingerprint).not.toBe(outcome.fingerprint);
  await server.provisionUser({ id: "new" });
  expect(await server.user("new").getToken("test")).toMatchObject({
    __typename: "NotConnected",
    connectorUrl: server.connectorUrl("test"),
  });
});

test("says who is not known", async () => {
  await expect(server.user("never").getToken("test")).rejects.toThrow(NotFoundError);
  await expect(server.user("never").connections()).rejects.toThrow("There is no user never. provisionUser makes a user known.");
  await expect(server.group("never").connection("test")).rejects.toThrow("There is no group never.");
});

test("calls the provider's API with a token, and with a new one after a 401, once", async () => {
  const tokens: string[] = [];
  const thirdParty = createHttpServer((request, response) => {
    tokens.push(request.headers.authorization ?? "");
    response.writeHead(tokens.length === 1 ? 401 : 200).end();
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void thirdParty.close());
  await once(thirdParty, "listening");
  const url = addressOf(thirdParty);
  expect((await server.user("bob").fetch("test", url, { method: "POST", body: "hello" })).status).toBe(200);
  expect(new Set(tokens).size).toBe(2);
  expect(tokens.join()).not.toContain("Basic");
  await server.provisionUser({ id: "new" });
  await expect(server.user("new").fetch("test", url)).rejects.toThrow(NoAccessTokenError);
  expect(tokens).toHaveLength(2);
});

test("walks lists over all their pages, and asks for no page that is not needed", async () => {
  const ids = await collect(server.users({ pageSize: 1 }));
  expect(ids.map(({ id }) => id)).toEqual(expect.arrayContaining(["ada", "bob", "cy"]));
  expect(await collect(server.groups())).toEqual([{ id: "acme" }]);
  const connections = await collect(server.connections({}, { pageSize: 2 }));
  expect(connections.map(({ owner }) => owner)).toEqual(
    expect.arrayContaining([
      { kind: "USER", id: "ada" },
      { kind: "GROUP", id: "acme" },
    ]),
  );
  expect(await collect(server.connections({ owner: { user: "bob" }, connector: "test" }))).toHaveLength(1);
  asked.length = 0;
  for await (const { id } of server.users({ pageSize: 1 })) {
    expect(id).toBe("ada");
    break;
  }
  expect(asked).toHaveLength(1);
  await expect(collect(server.users({ pageSize: 0 }))).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
});

test("ends a list with the reason of its signal, also between two entries, and every other call", async () => {
  const given = new AbortController();
  const { signal } = given;
  const seen: string[] = [];
  const walk = async () => {
    for await (const { id } of server.users({ signal })) {
      seen.push(id);
      given.abort(new Error("enough"));
    }
  };
  await expect(walk()).rejects.toThrow("enough");
  expect(seen).toEqual(["ada"]);
  const ada = server.user("ada");
  const connection = server.connection("none");
  const calls = [
    ada.get({ signal }),
    ada.move("acme", { signal }),
    ada.revokeSessions({ signal }),
    ada.revokeTokens({ signal }),
    ada.delete({ signal }),
    ada.getToken("test", { signal }),
    ada.fetch("test", "/me", { signal }),
    ada.connections("test", { signal }),
    ada.connection("test", { signal }),
    collect(ada.history("test", { signal })),
    connection.refresh(undefined, { signal }),
    connection.disable({ signal }),
    connection.enable({ signal }),
    connection.disconnect({ signal }),
    server.provisionUser({ id: "ada" }, { signal }),
    server.importConnections({ connections: [] }, { signal }),
    collect(server.groups({ signal })),
    collect(server.connections({}, { signal })),
    collect(server.auditEvents({}, { signal })),
  ];
  expect(await Promise.all(calls.map((call) => Promise.resolve(call).catch((error: Error) => error.message)))).toEqual(
    calls.map(() => "enough"),
  );
});

test("gives up what is under way when its signal aborts, and what takes too long beside a signal", async () => {
  let onAsked = () => {};
  const silent = createHttpServer((_request, response) => {
    response.writeHead(503).write("{");
    onAsked();
  });
  onTestFinished(() => {
    silent.closeAllConnections();
    silent.close();
  });
  await once(silent.listen(0, "127.0.0.1"), "listening");
  const given = new AbortController();
  onAsked = () => given.abort(new Error("enough"));
  await expect(
    createServer({ url: addressOf(silent), apiKey })
      .user("ada")
      .get({ signal: given.signal }),
  ).rejects.toThrow("enough");
  onAsked = () => {};
  const impatient = createServer({ url: addressOf(silent), apiKey, timeoutMs: 5 });
  await expect(impatient.user("ada").get({ signal: new AbortController().signal })).rejects.toMatchObject({ code: "NETWORK" });
});

test("ends a list whose next page is the same again, in place of asking for ever", async () => {
  const readPage = async () => ({ edges: [{ node: 1 }], pageInfo: { hasNextPage: true, endCursor: "same" } });
  await expect(collect(walkPages(readPage))).rejects.toThrow("The list does not go on");
});

test("follows no redirect, by which the key or a body would reach another host", async () => {
  const arrived: (string | undefined)[] = [];
  const other = createHttpServer((request, response) => {
    arrived.push(request.url);
    response.writeHead(200).end("{}");
  }).listen(0, "127.0.0.1");
  const redirecting = createHttpServer((_request, response) => response.writeHead(307, { location: addressOf(other) }).end()).listen(
    0,
    "127.0.0.1",
  );
  onTestFinished(() => [other, redirecting].forEach((one) => one.close()));
  await Promise.all([once(other, "listening"), once(redirecting, "listening")]);
  const lost = createServer({ url: addressOf(redirecting), apiKey });
  const connections = [{ userId: "dan", connector: "test", accessToken: "a-token" }];
  await expect(lost.importConnections({ connections })).rejects.toMatchObject({
    code: "NETWORK",
    message: "The gateway cannot be reached: it redirects. Give the address that it redirects to as `url`",
  });
  expect(arrived).toEqual([]);
});

test("acts on a connection of any owner, and tells its history", async () => {
  const [connection] = await server.user("ada").connections("test");
  const action = server.connection(connection?.id ?? "");
  expect((await action.disable()).disabledAt).not.toBeNull();
  expect((await server.user("ada").getToken("test")).__typename).toBe("TokenWithheld");
  expect((await action.enable()).enabled).toBe(true);
  app.clock.advance(60_000);
  expect((await action.refresh()).status).toBe("REFRESHED");
  const kinds = (await collect(server.user("ada").history("test", { pageSize: 2 }))).map(({ kind }) => kind);
  expect(kinds).toEqual(expect.arrayContaining(["CONNECTED", "DISABLED", "ENABLED"]));
  expect(await collect(server.user("ada").history({ id: "none" }))).toEqual([]);
  expect((await action.disconnect()).enabled).toBe(false);
  expect((await server.user("ada").connection("test"))?.enabled).toBe(false);
  await expect(server.connection("none").refresh()).rejects.toThrow(NotFoundError);
});

test("moves, signs out and deletes a user, imports connections, and reads the audit", async () => {
  const connections = [{ userId: "dan", connector: "test", accessToken: "a-token" }, { connector: "test" }];
  expect((await server.importConnections({ connections })).map(({ status }) => status)).toEqual(["IMPORTED", "REFUSED"]);
  const dan = server.user("dan");
  expect((await dan.move("acme")).user.groupId).toBe("acme");
  await app.signIn("dan");
  expect(await dan.revokeSessions()).toBe(1);
  await dan.revokeTokens();
  expect((await dan.delete()).connections).toMatchObject([{ connector: "test" }]);
  expect(await dan.get()).toBeNull();
  await expect.poll(async () => (await collect(server.auditEvents())).map(({ action }) => action)).toContain("user.erase");
});

test("follows events over a stream that ends, without missing one", async () => {
  const controller = new AbortController();
  vi.spyOn(Math, "random").mockReturnValue(0);
  onTestFinished(() => void vi.restoreAllMocks());
  const heard: GatewayEvent[] = [];
  const follow = async () => {
    for await (const event of server.events({ signal: controller.signal })) heard.push(event);
  };
  asked.length = 0;
  const following = follow();
  await expect.poll(() => asked.length).toBe(1);
  await (await app.signIn("fay")).connect();
  await expect.poll(() => heard.length).toBe(1);
  app.app.endSubscriptions();
  const [connection] = await server.user("fay").connections();
  await server.connection(connection?.id ?? "").disconnect();
  await expect.poll(() => heard.length).toBe(2);
  expect(heard.map(({ event_type: type }) => type)).toEqual(["connection.enabled", "connection.disabled"]);
  expect(heard[0]?.payload).toMatchObject({ context: { external_id: "fay", kind: "user" }, connection: { external_id: connection?.id } });
  controller.abort();
  await following;
});

test.each([
  [404, "text/html", "<h1>Not found</h1>"],
  [401, "application/json", '{"message":"Unauthorized"}'],
  [200, "text/html", "<div id=root></div>"],
  [307, "text/plain", ""],
])("ends its events with an error where something else answers, with %i and %s", async (status, type, body) => {
  const other = createHttpServer((_request, response) => response.writeHead(status, { "content-type": type, location: "/" }).end(body));
  onTestFinished(() => void other.close());
  await once(other.listen(0, "127.0.0.1"), "listening");
  const message = status === 307 ? "it redirects" : `with status ${status}, is no gateway. Give its address as \`url\``;
  const lost = createServer({ url: addressOf(other), apiKey });
  await expect(collect(lost.events({ signal: AbortSignal.timeout(20_000) }))).rejects.toThrow(message);
  await expect(lost.user("ada").get()).rejects.toThrow(message);
});

test("asks for its events again where a proxy says that the gateway is away", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  onTestFinished(() => void vi.restoreAllMocks());
  const controller = new AbortController();
  let requests = 0;
  const away: typeof fetch = async () => {
    requests += 1;
    if (requests === 2) controller.abort();
    return new Response("Bad Gateway", { status: 502 });
  };
  const patient = createServer({ url: PUBLIC_URL, apiKey, fetch: away });
  expect(await collect(patient.events({ signal: controller.signal }))).toEqual([]);
  expect(requests).toBe(2);
});

test("runs an operation of one's own", async () => {
  const document = gql<{ platform: { name: string } }, Record<string, never>>`
    query Name {
      platform {
        name
      }
    }
  `;
  expect(await server.request(document, {})).toEqual({ platform: { name: "Acme" } });
});

test("sends no cookies, and gives up a request that takes too long", async () => {
  asked.length = 0;
  await server.user("ada").get();
  expect(asked[0]?.init).not.toHaveProperty("credentials");
  const slow: typeof fetch = (_input, init) =>
    new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
  const impatient = createServer({ url: PUBLIC_URL, apiKey, fetch: slow, timeoutMs: 5 });
  await expect(impatient.provisionUser({ id: "ada" })).rejects.toMatchObject({ code: "NETWORK" });
});

test("says what is wrong with its options, and refuses to run in a page", async () => {
  expect(() => createServer({ url: "nowhere", apiKey })).toThrow(TypeError);
  for (const part of ["publishable", "secret"])
    expect(() => createServer({ url: PUBLIC_URL, apiKey: { ...apiKey, [part]: "" } })).toThrow(new RegExp(`^apiKey\\.${part} is missing`));
  const wrong = createServer({ url: PUBLIC_URL, apiKey: { ...apiKey, secret: "wrong" }, fetch: fetchThere });
  await expect(wrong.provisionUser({ id: "ada" })).rejects.toThrow(UnauthenticatedError);
  vi.stubGlobal("window", { document: {} });
  onTestFinished(() => void vi.unstubAllGlobals());
  expect(() => createServer({ url: PUBLIC_URL, apiKey })).toThrow("createServer is for servers");
});
