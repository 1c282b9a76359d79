import { describe, expect, it, onTestFinished, vi } from "vitest";
import { GatewayError } from "../../../schema/errors.ts";
import { sendJson, sendText } from "../../../test/support/server-io.ts";
import { asAda, plainConnection, sessionOf, startScriptedXkit } from "../../../test/support/scripted-xkit.ts";
import { MAXIMUM_ANSWER_BYTES } from "./rest-client.ts";
import { anyToken } from "../../upstream-suite/harness.ts";

const SLACK = { slug: "slack" };
const READ = "GET /platform_user/connections/slack";
const SESSION = "GET /platform_user/session";
const LIST = "GET /platform_user/connections";

async function start(options: { timeoutMs?: number } = {}) {
  const fake = await startScriptedXkit(options);
  fake.on("GET /platform_user/session", sessionOf("ada", null));
  return { ...fake, connections: asAda(fake) };
}

const unavailableFor = (retryAfter: number) => ({ code: "UPSTREAM_UNAVAILABLE", facts: { retryAfter } });

describe("an upstream's failure becomes", () => {
  const answers: [string, number, object, Record<string, string>, object][] = [
    ["401 UNAUTHENTICATED", 401, { error: "expired" }, {}, { code: "UNAUTHENTICATED" }],
    ["403 FORBIDDEN", 403, { error: "no" }, {}, { code: "FORBIDDEN" }],
    ["400 BAD_USER_INPUT", 400, { error: "slug: no" }, {}, { code: "BAD_USER_INPUT", facts: {} }],
    [
      "429 TEMPORARILY_UNAVAILABLE after Retry-After",
      429,
      {},
      { "retry-after": "17" },
      { code: "TEMPORARILY_UNAVAILABLE", facts: { retryAfter: 17 } },
    ],
    [
      "503 TEMPORARILY_UNAVAILABLE after retry_after",
      503,
      { retry_after: 9 },
      {},
      { code: "TEMPORARILY_UNAVAILABLE", facts: { retryAfter: 9 } },
    ],
    [
      "429 TEMPORARILY_UNAVAILABLE for an hour at most, after a Retry-After of centuries",
      429,
      {},
      { "retry-after": "99999999999" },
      { code: "TEMPORARILY_UNAVAILABLE", facts: { retryAfter: 3_600 } },
    ],
    [
      "503 TEMPORARILY_UNAVAILABLE for an hour at most, after a retry_after of centuries",
      503,
      { retry_after: 1e20 },
      {},
      { code: "TEMPORARILY_UNAVAILABLE", facts: { retryAfter: 3_600 } },
    ],
    [
      "409 MINIMUM_TTL_UNAVAILABLE with a day at most, after a maximum_ttl of centuries",
      409,
      { code: "MINIMUM_TTL_UNAVAILABLE", maximum_ttl: 99_999_999_999 },
      {},
      { code: "MINIMUM_TTL_UNAVAILABLE", facts: { maximumTtl: 86_400 } },
    ],
    ["500 UPSTREAM_UNAVAILABLE that may pass", 500, {}, {}, { code: "UPSTREAM_UNAVAILABLE", facts: { retryAfter: 2 } }],
    ["500 UPSTREAM_UNAVAILABLE after Retry-After", 500, {}, { "retry-after": "40" }, unavailableFor(40)],
    ["302 UPSTREAM_UNAVAILABLE that may pass, and is not followed", 302, {}, { location: "/api/elsewhere" }, unavailableFor(2)],
    ["418 UPSTREAM_UNAVAILABLE that may pass", 418, {}, {}, unavailableFor(2)],
    ["200 with an error UPSTREAM_UNAVAILABLE that may pass", 200, { error: "no", connections: [] }, {}, unavailableFor(2)],
    ["200 with another shape UPSTREAM_UNAVAILABLE after Retry-After", 200, { connections: 1 }, { "retry-after": "9" }, unavailableFor(9)],
  ];
  it.each(answers)("%s", async (_title, status, body, headers, expected) => {
    const { on, connections, requests } = await start();
    on(LIST, (_request, response) => sendJson(response, status, body, headers));
    await expect(connections.list(null)).rejects.toMatchObject(expected);
    expect(requests.filter((request) => request.includes("elsewhere"))).toEqual([]);
  });

  it.each([
    ["a parameter of the query", "slug", "slug"],
    ["a parameter that was not sent", "id", undefined],
    ["anything else", "token-of-a-third-party", undefined],
  ])("BAD_USER_INPUT with the path where that names %s", async (_what, path, expected) => {
    const { on, connections } = await start();
    on(LIST, (_request, response) => sendJson(response, 400, { error: "no", path }));
    const failure: unknown = await connections.list("slack").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "BAD_USER_INPUT" });
    expect(failure instanceof GatewayError && failure.facts.path).toBe(expected);
  });

  it("UPSTREAM_UNAVAILABLE that may pass when it is no JSON, or larger than 1 MiB", async () => {
    const { on, connections } = await start();
    on(LIST, (_request, response) => sendText(response, 200, "<html>"));
    await expect(connections.list(null)).rejects.toMatchObject(unavailableFor(2));
    on(LIST, (_request, response) => sendText(response, 200, `{"connections":[],"x":"${"x".repeat(MAXIMUM_ANSWER_BYTES)}"}`));
    await expect(connections.list(null)).rejects.toMatchObject(unavailableFor(2));
    await expect(connections.list(null)).rejects.toThrow("more than 1048576 bytes");
  });

  it.each([401, 403, 404])("UPSTREAM_UNAVAILABLE that may pass when it is a proxy's page with status %i", async (status) => {
    const { on, connections } = await start();
    for (const page of ["<html>", "", '"nothing"', "[]"]) {
      on(LIST, (_request, response) => sendText(response, status, page));
      await expect(connections.list(null)).rejects.toMatchObject(unavailableFor(2));
    }
  });

  it.each([
    ["a redirect", 302, ""],
    ["no JSON", 200, "<html>"],
    ["a proxy's page of what is not found", 404, "<html>"],
    ["larger than 1 MiB", 200, "x".repeat(MAXIMUM_ANSWER_BYTES + 1)],
  ])("TemporarilyUnavailable for a token when it is %s", async (_what, status, text) => {
    const { on, connections } = await start();
    on(READ, (_request, response) => sendText(response, status, text));
    expect(await connections.accessToken(SLACK, anyToken)).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 2 });
  });

  it("UPSTREAM_UNAVAILABLE when it takes too long, counted over headers and body", async () => {
    const { on, connections } = await start({ timeoutMs: 50 });
    on(LIST, (_request, response) => void response.writeHead(200).write("{"));
    await expect(connections.list(null)).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE", message: expect.stringContaining("50 ms") });
  });

  it("TemporarilyUnavailable for a token while it is away, slow or busy", async () => {
    const { on, connections, server } = await start({ timeoutMs: 500 });
    on(READ, () => {});
    expect(await connections.accessToken(SLACK, anyToken)).toMatchObject({ type: "TemporarilyUnavailable" });
    on(READ, (_request, response) => sendJson(response, 429, {}, { "retry-after": "5" }));
    expect(await connections.accessToken(SLACK, anyToken)).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 5 });
    await server.close();
    await expect(connections.list(null)).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE", facts: { retryAfter: 2 } });
  });

  it("TemporarilyUnavailable for a token when it cannot be asked at all, or not for the bearer's user", async () => {
    const { on, connections, server } = await start({ timeoutMs: 1_000 });
    on(READ, plainConnection("token"));
    for (const status of [503, 429]) {
      on(SESSION, (_request, response) => sendJson(response, status, {}, { "retry-after": "7" }));
      expect(await connections.accessToken(SLACK, anyToken)).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 7 });
    }
    on(SESSION, () => {});
    expect(await connections.accessToken(SLACK, anyToken)).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 2 });
    on(SESSION, (_request, response) => sendJson(response, 401, {}));
    await expect(connections.accessToken(SLACK, anyToken)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    on(SESSION, (_request, response) => sendJson(response, 404, {}));
    await expect(connections.accessToken(SLACK, anyToken)).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
    await server.close();
    expect(await connections.accessToken(SLACK, anyToken)).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 2 });
  });

  it("UPSTREAM_UNAVAILABLE, not UNAUTHENTICATED, when the gateway's own key pair is refused", async () => {
    const { on, upstream } = await start();
    on("GET /platform/users/ada", (_request, response) => sendJson(response, 401, {}));
    const asked = upstream.forPlatform().findUser("ada");
    await expect(asked).rejects.toMatchObject({
      code: "UPSTREAM_UNAVAILABLE",
      message: expect.stringContaining("XKIT_UPSTREAM_SECRET_KEY"),
    });
  });
});

describe("an operation", () => {
  it("gives all that it sends one deadline", async () => {
    const timers = vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const { on, connections, requests } = await start({ timeoutMs: 2_000 });
    on(SESSION, (_request, response) => {
      timers.advanceTimersByTime(1_200);
      sendJson(response, 200, sessionOf("ada", null));
    });
    on(READ, (_request, response) => {
      timers.advanceTimersByTime(700);
      sendJson(response, 200, plainConnection("token"));
    });
    expect(await connections.accessToken(SLACK, anyToken)).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 2 });
    expect(requests).toEqual([SESSION, `${READ}?authorization_header=true&viewer=true`, SESSION]);
  });
});

describe("the client", () => {
  it("asks a read once more when its connection breaks, and a write never", async () => {
    const { on, connections, requests } = await start();
    let drops = 0;
    const drop = (_request: unknown, response: { destroy(): void }) => {
      drops += 1;
      response.destroy();
    };
    on(LIST, (request, response) => (drops === 0 ? drop(request, response) : sendJson(response, 200, { connections: [] })));
    expect(await connections.list(null)).toEqual([]);
    on("DELETE /platform_user/connections/slack", drop);
    await expect(connections.disconnect(SLACK)).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
    expect(requests.filter((request) => request.startsWith("DELETE"))).toHaveLength(1);
    on(LIST, drop);
    await expect(connections.list(null)).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
    expect(requests.filter((request) => request === LIST)).toHaveLength(4);
  });

  it("sends a user's bearer to the user API, and the key pair to the platform API, without an Origin", async () => {
    const { on, upstream, connections, requests, headers } = await start();
    on(READ, plainConnection("token"));
    on("GET /platform/users/a%2Fb/connections/slack", plainConnection("token"));
    await connections.accessToken(SLACK, anyToken);
    await upstream.forPlatform().connectionsOf({ kind: "user", id: "a/b" }).accessToken(SLACK, anyToken);
    const sent = requests.map((request, index) => [request, headers[index]?.authorization]);
    expect(sent).toContainEqual([`${READ}?authorization_header=true&viewer=true`, "Bearer bearer"]);
    expect(sent).toContainEqual(["GET /platform_user/session", "Bearer bearer"]);
    expect(sent).toContainEqual([
      "GET /platform/users/a%2Fb/connections/slack?authorization_header=true",
      `Basic ${btoa("pk_scripted:sk_scripted")}`,
    ]);
    expect(headers.every((each) => each.origin === undefined)).toBe(true);
  });

  it("sends no request with an id that would lead to another address", async () => {
    const { upstream, requests } = await start();
    for (const id of [".", ".."]) await expect(upstream.forPlatform().findUser(id)).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
    expect(requests).toEqual([]);
  });

  it.each([
    ["tells whose it is", { owner: { kind: "user", external_id: "ada" } }],
    ["does not tell whose it is", {}],
  ])("reads a token once, between two reads of who is asking, where the connection %s", async (_how, stated) => {
    const { on, connections, requests } = await start();
    on(READ, plainConnection("token", stated));
    expect(await connections.accessToken(SLACK, anyToken)).toMatchObject({ type: "AccessToken", value: "token" });
    expect(requests).toEqual([SESSION, `${READ}?authorization_header=true&viewer=true`, SESSION]);
  });

  it("tries a read again within the time that the first try has left", async () => {
    const timers = vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { on, connections } = await start({ timeoutMs: 2_000 });
    on(LIST, (_request, response) => {
      on(LIST, () => void timers.advanceTimersByTime(600));
      timers.advanceTimersByTime(1_500);
      response.destroy();
    });
    await expect(connections.list(null)).rejects.toMatchObject({ message: expect.stringContaining("2000 ms") });
  });
});
