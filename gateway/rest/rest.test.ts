import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { type Caller, callerOf, createServerHeaders, pageOf } from "../../test/support/caller.ts";

let test: TestApp;
let ada: TestUser;
let page: Caller;
let server: Caller;
beforeEach(async () => {
  test = await startTestApp();
  ada = await test.signIn("ada");
  page = (await pageOf(test, "ada")).call;
  server = callerOf(test, await createServerHeaders(test));
});
afterEach(() => test.close());

/** With a user token of this moment: tests move the clock. */
const get = async (path: string) => callerOf(test, { authorization: `Bearer ${await ada.bearer()}` })("GET", `/platform_user${path}`);
const ask = (path: string) => server("GET", `/platform${path}`);

describe("a single connection", () => {
  it("carries a live token with all that is known of it", async () => {
    await ada.connect();
    const { authorization, token_problem } = (await get("/connections/test")).body.connection;
    expect(authorization).toMatchObject({
      access_token: expect.stringMatching(/./),
      token_type: "bearer",
      expires_at: "2026-01-01T01:00:00.000Z",
      fingerprint: expect.stringMatching(/^[\w-]{22}$/),
      scopes: ["read", "write"],
      missing_scopes: [],
    });
    expect(authorization).not.toHaveProperty("credential");
    expect(token_problem).toBeNull();
  });

  it("is refreshed on reading, by minimum_ttl, and by the fingerprint of a refused token", async () => {
    await ada.connect();
    const first = (await get("/connections/test")).body.connection.authorization;
    expect((await get("/connections/test?minimum_ttl=60")).body.connection.authorization.access_token).toBe(first.access_token);
    const second = (await get(`/connections/test?rejected=${first.fingerprint}`)).body.connection.authorization;
    expect(second.access_token).not.toBe(first.access_token);
    test.clock.advance(1_800_000);
    const third = (await get("/connections/test?minimum_ttl=3000")).body.connection.authorization;
    expect(third.access_token).not.toBe(second.access_token);
    const tooLong = await get("/connections/test?minimum_ttl=86400");
    expect(tooLong).toMatchObject({ status: 409, body: { code: "MINIMUM_TTL_UNAVAILABLE", maximum_ttl: expect.any(Number) } });
  });

  it("answers without a token, and asks nobody for one, when that is what is asked", async () => {
    await ada.connect();
    test.clock.advance(4_000_000);
    const { connection } = (await get("/connections/test?access_token=false")).body;
    expect(connection.authorization).not.toHaveProperty("access_token");
    expect(connection.token_problem).toBeNull();
    expect(test.provider.refreshCount()).toBe(0);
  });

  it("says in words and codes that only reconnecting helps", async () => {
    await ada.connect();
    test.provider.controls.revokeGrants();
    test.clock.advance(4_000_000);
    const { status, body } = await get("/connections/test");
    expect(status).toBe(200);
    expect(body.connection).toMatchObject({
      enabled: true,
      authorization: { status: "error" },
      token_problem: { code: "RECONNECT_REQUIRED", reason: "REVOKED", connector_url: "http://localhost:4000/connectors/test" },
    });
    expect(body.connection.authorization).not.toHaveProperty("access_token");
  });

  it("is 503 with Retry-After while the provider is down, in both APIs", async () => {
    await ada.connect();
    test.clock.advance(4_000_000);
    test.provider.controls.always({ status: 503 });
    for (const answer of [await get("/connections/test"), await ask("/users/ada/connections/test")]) {
      expect(answer).toMatchObject({ status: 503, body: { code: "TEMPORARILY_UNAVAILABLE", retry_after: expect.any(Number) } });
      expect(answer.headers.get("retry-after")).toBe(String(answer.body.retry_after));
    }
  });

  it("is 404 to a page where there never was one, apart from an unknown connector", async () => {
    expect(await get("/connections/test")).toMatchObject({ status: 404, body: { code: "NOT_CONNECTED" } });
    expect(await get("/connection/00000000-0000-4000-8000-000000000000")).toMatchObject({ status: 404, body: { code: "NOT_CONNECTED" } });
    expect(await get("/connections/nothing")).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  });

  it("refuses what it cannot do rather than ignore it", async () => {
    const impersonated = await ask("/users/ada/connections/test?provider_user_id=ada@example.com");
    expect(impersonated).toMatchObject({ status: 400, body: { code: "BAD_USER_INPUT", path: "provider_user_id" } });
  });
});

describe("what a server asks", () => {
  it("finds enabled false with 200 for a known owner, and 404 for an unknown one", async () => {
    const absent = { id: null, enabled: false, authorization: null, connector: { slug: "test" }, token_problem: { code: "NOT_CONNECTED" } };
    for (const path of ["/users/ada/connections/test", "/connections/ada/test", "/contexts/ada/connections/test"])
      expect(await ask(path)).toMatchObject({ status: 200, body: { connection: absent } });
    for (const path of [
      "/users/nobody/connections/test",
      "/groups/ada/connections/test",
      "/connections/nobody/test",
      "/contexts/x/connections",
    ])
      expect(await ask(path)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    expect(await ask("/users/ada/connections/nothing")).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  });

  it("gets a user's token and a group's, by slug and by id, and never in a list", async () => {
    await ada.connect();
    const grace = await test.signIn("grace", "acme");
    await grace.connect();
    for (const owner of ["users/ada", "groups/acme", "contexts/ada", "contexts/acme"]) {
      const { connection } = (await ask(`/${owner}/connections/test`)).body;
      const { access_token, credential } = connection.authorization;
      expect(test.provider.liveAccessTokens()).toContain(access_token);
      expect(credential).toBe(access_token);
      const byId = await ask(`/${owner}/connection/${connection.id}`);
      expect(byId.body.connection.authorization.access_token).toBe(access_token);
      const list = await ask(`/${owner}/connections`);
      expect(list.body.connections).toHaveLength(1);
      expect(list.text).not.toContain(access_token);
    }
    expect((await ask("/users/grace/connections/test")).body.connection.enabled).toBe(false);
  });

  it("lists what is enabled, and the removed on demand", async () => {
    await ada.connect();
    await page("DELETE", "/platform_user/connections/test");
    expect((await ask("/users/ada/connections")).body.connections).toEqual([]);
    expect((await ask("/users/ada/connections?include_disabled=true&slug=test")).body.connections).toHaveLength(1);
  });

  it("provisions users again and again, moves them between groups, and clears with null", async () => {
    const post = (user: object) => server("POST", "/platform/users", { user: { external_id: "eve", ...user } });
    expect((await post({ external_group_id: "one", name: "Eve" })).body).toMatchObject({
      access_token: expect.any(String),
      user: { external_id: "eve", external_group_id: "one", name: "Eve" },
    });
    expect((await post({})).body.user).toEqual({ external_id: "eve", external_group_id: "one", name: "Eve" });
    expect((await post({ external_group_id: null })).body.user.external_group_id).toBeNull();
    const { access_token } = (await post({ external_group_id: "two" })).body;
    const eve = callerOf(test, { authorization: `Bearer ${access_token}` });
    const { session } = (await eve("GET", "/platform_user/session")).body;
    expect(session).toEqual({ user: { external_id: "eve", external_group_id: "two", name: "Eve" } });
  });

  it("does not put a user in the place of a group of the same id by way of contexts", async () => {
    const post = (external_id: string) => server("POST", "/platform/contexts", { context: { external_id } });
    await test.signIn("grace", "acme");
    expect(await post("acme")).toMatchObject({ status: 400, body: { code: "BAD_USER_INPUT", path: "context.external_id" } });
    expect((await ask("/contexts/acme")).body.context).toMatchObject({ kind: "group" });
    expect(await ask("/users/acme")).toMatchObject({ status: 404 });
    expect(await post("grace")).toMatchObject({ status: 200, body: { context: { kind: "user" } } });
    await server("POST", "/platform/users", { user: { external_id: "acme" } });
    expect(await post("acme")).toMatchObject({ status: 200, body: { context: { kind: "user" } } });
  });

  it("is refused with a key from a page, and so is a user's bearer where only servers ask", async () => {
    const headers = await createServerHeaders(test);
    const inPage = callerOf(test, { ...headers, origin: WEB_ORIGIN });
    const refused = await inPage("GET", "/platform/users/ada/connections/test");
    expect(refused).toMatchObject({ status: 403, body: { code: "FORBIDDEN", error: expect.stringContaining("API keys are for servers") } });
    expect(await page("GET", "/platform/users/ada/connections/test")).toMatchObject({ status: 403 });
    expect(await server("GET", "/platform_user/connections")).toMatchObject({ status: 403 });
    const wrong = callerOf(test, { authorization: `Basic ${Buffer.from("pk_x:sk_y").toString("base64")}` });
    const answer = await wrong("GET", "/platform/users/ada");
    expect(answer).toMatchObject({ status: 401, body: { code: "UNAUTHENTICATED" } });
    expect(answer.headers.get("www-authenticate")).toMatch(/^Basic/);
  });
});

describe("what a page asks", () => {
  it("starts connecting where the popup ends, or where the page says", async () => {
    const started = await page("POST", "/platform_user/connections/test", {});
    expect(started.status).toBe(201);
    const { authorization, enabled } = started.body.connection;
    expect(enabled).toBe(false);
    expect(authorization).toMatchObject({ status: "awaiting_callback", authorizer: { prototype: { slug: "test" } } });
    expect(new URL(authorization.authorize_url).origin).toBe(test.provider.url);
    const away = await page("POST", "/platform_user/connections/test", { return_to: "https://evil.example/" });
    expect(away).toMatchObject({ status: 400, body: { code: "BAD_USER_INPUT" } });
    expect((await page("POST", "/platform_user/connections/test", { return_to: `${WEB_ORIGIN}/done` })).status).toBe(201);
  });

  it("cannot use the cookie from a foreign origin, nor for anything but sessions", async () => {
    const { cookie } = await pageOf(test, "ada");
    const withCookie = (origin: string) => callerOf(test, { cookie, origin });
    expect((await withCookie("https://evil.example")("POST", "/platform_user/sessions/token")).status).toBe(403);
    expect((await withCookie("https://evil.example")("DELETE", "/platform_user/sessions")).status).toBe(403);
    expect((await withCookie(WEB_ORIGIN)("GET", "/platform_user/connections")).status).toBe(401);
    expect((await withCookie(WEB_ORIGIN)("POST", "/platform_user/sessions/token")).body.access_token).toEqual(expect.any(String));
  });

  it("signs out also when its bearer has expired", async () => {
    test.clock.advance(2 * 3_600_000);
    expect((await page("GET", "/platform_user/session")).status).toBe(401);
    expect((await page("DELETE", "/platform_user/sessions")).status).toBe(204);
  });

  it("is let in by CORS only from a valid origin, with the headers that xkit.js sends", async () => {
    const preflight = (origin: string) =>
      callerOf(test)("OPTIONS", "/platform_user/connections", undefined, {
        origin,
        "access-control-request-method": "DELETE",
        "access-control-request-headers": "authorization,content-type,xkit-js-version",
      });
    const allowed = await preflight(WEB_ORIGIN);
    expect(allowed.headers.get("access-control-allow-origin")).toBe(WEB_ORIGIN);
    expect(allowed.headers.get("access-control-allow-credentials")).toBe("true");
    expect(allowed.headers.get("access-control-allow-headers")).toContain("xkit-js-version");
    expect((await preflight("https://evil.example")).headers.get("access-control-allow-origin")).toBeNull();
  });

  it("is told what is wrong with a body", async () => {
    const post = (body: string, type: string) =>
      test.app.fetch(
        new Request("http://localhost:4000/api/platform_user/connections/test", {
          method: "POST",
          headers: { authorization: bearer, "content-type": type },
          body,
        }),
      );
    const bearer = `Bearer ${await ada.bearer()}`;
    expect((await post("{", "application/json")).status).toBe(400);
    expect((await post("{}", "text/plain")).status).toBe(400);
    expect((await post('{"id":7}', "application/json")).status).toBe(400);
    expect((await post(`{"id":"${"x".repeat(300_000)}"}`, "application/json")).status).toBe(413);
    expect((await post("", "text/plain")).status).toBe(201);
  });

  it("finds nothing where CRM once was", async () => {
    expect((await get("/connection/00000000-0000-4000-8000-000000000000/api_objects")).status).toBe(404);
  });
});

describe("a connector in the user's catalog", () => {
  const read = async () => {
    const [{ connectors }, { connector }] = [(await get("/connectors")).body, (await get("/connectors/test")).body];
    for (const seen of [connectors[0], connector]) expect(seen.connection).toEqual(seen.connections[0] ?? null);
    expect(connectors[0].connections).toEqual(connector.connections);
    return connector.connections;
  };

  it("lists enabled connections only: none that was denied, cancelled or removed", async () => {
    test.provider.controls.denyNext();
    await ada.connect();
    expect(await read()).toEqual([]);
    await page("POST", "/platform_user/connections/test", {});
    expect(await read()).toEqual([]);
    await ada.connect();
    expect(await read()).toEqual([expect.objectContaining({ enabled: true })]);
    await page("DELETE", "/platform_user/connections/test");
    expect(await read()).toEqual([]);
    expect((await get("/connections")).body.connections).toEqual([expect.objectContaining({ enabled: false })]);
  });

  it("is started with the state that its link has", async () => {
    const { authorization } = (await page("POST", "/platform_user/connections/test", {})).body.connection;
    expect(authorization.state).toBe(new URL(authorization.authorize_url).searchParams.get("state"));
    const read = await get(`/authorizations/test/${authorization.id}`);
    expect(read.body.authorization.state).toBeNull();
  });
});
