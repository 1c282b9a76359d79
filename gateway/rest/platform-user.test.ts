import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { type Caller, callerOf, createServerHeaders, pageOf } from "../../test/support/caller.ts";

let test: TestApp;
let ada: TestUser;
let page: Caller;
beforeEach(async () => {
  test = await startTestApp();
  ada = await test.signIn("ada");
  page = (await pageOf(test, "ada")).call;
});
afterEach(() => test.close());

/** With a user token of this moment: tests move the clock. */
const get = async (path: string) => callerOf(test, { authorization: `Bearer ${await ada.bearer()}` })("GET", `/platform_user${path}`);

describe("a single connection", () => {
  it("holds a live token with its life, scopes and fingerprint", async () => {
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

  it("says whose the bearer is before and after it was read, with viewer=true", async () => {
    await ada.connect();
    const user = { external_id: "ada", external_group_id: null, name: null };
    expect((await get("/connections/test?viewer=true")).body).toMatchObject({
      connection: { authorization: { access_token: expect.any(String) } },
      viewer: { before: user, after: user },
    });
    for (const query of ["", "?viewer=false"]) expect((await get(`/connections/test${query}`)).body).not.toHaveProperty("viewer");
  });

  it("says that the bearer's user has moved to a group while it was read", async () => {
    await ada.connect();
    test.clock.advance(3_600_000);
    const held = test.provider.controls.hold();
    const answer = get("/connections/test?viewer=true");
    await held.arrived(1);
    await test.app.provisionUser({ id: "ada", groupId: "acme" });
    held.release();
    expect((await answer).body.viewer).toEqual({ before: { external_id: "ada", external_group_id: null, name: null }, after: null });
  });

  it("is refreshed by the fingerprint of a refused token", async () => {
    await ada.connect();
    const first = (await get("/connections/test")).body.connection.authorization;
    const second = (await get(`/connections/test?rejected=${first.fingerprint}`)).body.connection.authorization;
    expect(second.access_token).not.toBe(first.access_token);
  });

  it("is refreshed where its token has less life left than minimum_ttl", async () => {
    await ada.connect();
    const first = (await get("/connections/test")).body.connection.authorization;
    expect((await get("/connections/test?minimum_ttl=60")).body.connection.authorization.access_token).toBe(first.access_token);
    test.clock.advance(1_800_000);
    const second = (await get("/connections/test?minimum_ttl=3000")).body.connection.authorization;
    expect(second.access_token).not.toBe(first.access_token);
  });

  it("is 409 for a minimum_ttl that no token has", async () => {
    await ada.connect();
    const tooLong = await get("/connections/test?minimum_ttl=86400");
    expect(tooLong).toMatchObject({ status: 409, body: { code: "MINIMUM_TTL_UNAVAILABLE", maximum_ttl: expect.any(Number) } });
  });

  it("holds no token, and is not refreshed, with access_token=false", async () => {
    await ada.connect();
    test.clock.advance(4_000_000);
    const { connection } = (await get("/connections/test?access_token=false")).body;
    expect(connection.authorization).not.toHaveProperty("access_token");
    expect(connection.token_problem).toBeNull();
    expect(test.provider.refreshCount()).toBe(0);
  });

  it("names the problem, by a code, where the user has to reconnect", async () => {
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
    const server = callerOf(test, await createServerHeaders(test));
    for (const answer of [await get("/connections/test"), await server("GET", "/platform/users/ada/connections/test")]) {
      expect(answer).toMatchObject({ status: 503, body: { code: "TEMPORARILY_UNAVAILABLE", retry_after: expect.any(Number) } });
      expect(answer.headers.get("retry-after")).toBe(String(answer.body.retry_after));
    }
  });

  it("has the scopes that it is asked for, or says which are missing, with a link that asks for them", async () => {
    test.provider.controls.grantedScopes = ["read"];
    await ada.connect();
    expect((await get("/connections/test?scopes=read")).body.connection.authorization.access_token).toEqual(expect.any(String));
    const { authorization, token_problem } = (await get("/connections/test?scopes=read%20write")).body.connection;
    expect(authorization).not.toHaveProperty("access_token");
    expect(token_problem).toMatchObject({ code: "SCOPES_MISSING", missing_scopes: ["write"] });
    expect(new URL(token_problem.connector_url).searchParams.get("scopes")).toBe("write");
    for (const scopes of ["", "admin", "a%20%20b", "%22"])
      expect(await get(`/connections/test?scopes=${scopes}`)).toMatchObject({ status: 400, body: { path: "scopes" } });
  });

  it("is 404 where there never was one, with another code than for an unknown connector", async () => {
    expect(await get("/connections/test")).toMatchObject({ status: 404, body: { code: "NOT_CONNECTED" } });
    expect(await get("/connection/00000000-0000-4000-8000-000000000000")).toMatchObject({ status: 404, body: { code: "NOT_CONNECTED" } });
    expect(await get("/connections/nothing")).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  });

  it("is 400 with a parameter that the gateway does not support", async () => {
    const server = callerOf(test, await createServerHeaders(test));
    const impersonated = await server("GET", "/platform/users/ada/connections/test?provider_user_id=ada@example.com");
    expect(impersonated).toMatchObject({ status: 400, body: { code: "BAD_USER_INPUT", path: "provider_user_id" } });
  });
});

describe("a page", () => {
  it("starts connecting by a link to the provider", async () => {
    const started = await page("POST", "/platform_user/connections/test", {});
    expect(started.status).toBe(201);
    const { authorization, enabled } = started.body.connection;
    expect(enabled).toBe(false);
    expect(authorization).toMatchObject({ status: "awaiting_callback", authorizer: { prototype: { slug: "test" } } });
    expect(new URL(authorization.authorize_url).origin).toBe(test.provider.url);
  });

  it("says what to ask for and who is expected", async () => {
    const start = (body: object) => page("POST", "/platform_user/connections/test", body);
    const { authorize_url } = (await start({ scopes: ["read"], login_hint: "ada@example.test" })).body.connection.authorization;
    expect(Object.fromEntries(new URL(authorize_url).searchParams)).toMatchObject({ scope: "read", login_hint: "ada@example.test" });
    for (const [path, value] of Object.entries({ scopes: ["admin"], login_hint: "x".repeat(321) }))
      expect(await start({ [path]: value })).toMatchObject({ status: 400, body: { code: "BAD_USER_INPUT", path } });
  });

  it("says where connecting leads back to, within the web origins", async () => {
    const away = await page("POST", "/platform_user/connections/test", { return_to: "https://evil.example/" });
    expect(away).toMatchObject({ status: 400, body: { code: "BAD_USER_INPUT" } });
    expect((await page("POST", "/platform_user/connections/test", { return_to: `${WEB_ORIGIN}/done` })).status).toBe(201);
  });

  it("uses its cookie only from a web origin, and only for sessions", async () => {
    const { cookie } = await pageOf(test, "ada");
    const withCookie = (origin: string) => callerOf(test, { cookie, origin });
    expect((await withCookie("https://evil.example")("POST", "/platform_user/sessions/token")).status).toBe(403);
    expect((await withCookie("https://evil.example")("DELETE", "/platform_user/sessions")).status).toBe(403);
    expect((await withCookie(WEB_ORIGIN)("GET", "/platform_user/connections")).status).toBe(401);
    expect((await withCookie(WEB_ORIGIN)("POST", "/platform_user/sessions/token")).body.access_token).toEqual(expect.any(String));
  });

  it("signs out even if its bearer has expired", async () => {
    test.clock.advance(2 * 3_600_000);
    expect((await page("GET", "/platform_user/session")).status).toBe(401);
    expect((await page("DELETE", "/platform_user/sessions")).status).toBe(204);
  });

  it("may ask by CORS from a web origin alone, with the headers that xkit.js sends", async () => {
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

  it("is answered by status for each malformed body", async () => {
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

  it("finds nothing at the former path of CRM objects", async () => {
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

  it("lists enabled connections only, and none that was denied, cancelled or removed", async () => {
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

  it("is connected with the state that its link has", async () => {
    const { authorization } = (await page("POST", "/platform_user/connections/test", {})).body.connection;
    expect(authorization.state).toBe(new URL(authorization.authorize_url).searchParams.get("state"));
    const read = await get(`/authorizations/test/${authorization.id}`);
    expect(read.body.authorization.state).toBeNull();
  });
});

describe("a provider's API", () => {
  const start = async (facts: Record<string, unknown>) => {
    const own = await startTestApp({ facts });
    const user = await own.signIn("ada");
    await user.connect();
    const server = await createServerHeaders(own);
    const ask = async (query: string) => {
      const asUser = callerOf(own, { authorization: `Bearer ${await user.bearer()}` });
      const [byUser, byServer] = [
        await asUser("GET", `/platform_user/connections/test${query}`),
        await callerOf(own, server)("GET", `/platform/users/ada/connections/test${query}`),
      ];
      return [byUser.body.connection.authorization, byServer.body.connection.authorization];
    };
    return { ask, close: own.close };
  };

  it("is told with its address for the account and, where that is asked for, the header that carries the token", async () => {
    const { ask, close } = await start({ api: { base_url: "https://api.example/v1", auth: "X-Access-Token: {access_token}" } });
    for (const authorization of await ask("?authorization_header=true"))
      expect(authorization).toMatchObject({
        api_base_url: "https://api.example/v1",
        authorization_header: { name: "X-Access-Token", value: authorization.access_token },
      });
    for (const authorization of [...(await ask("")), ...(await ask("?authorization_header=false"))])
      expect(authorization).not.toHaveProperty("authorization_header");
    await close();
  });

  it("has no address where none is known, and takes a bearer", async () => {
    const { ask, close } = await start({});
    for (const authorization of await ask("?authorization_header=true"))
      expect(authorization).toMatchObject({
        api_base_url: null,
        authorization_header: { name: "Authorization", value: `Bearer ${authorization.access_token}` },
      });
    await close();
  });
});
