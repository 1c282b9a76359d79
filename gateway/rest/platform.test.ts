import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Caller, callerOf, createServerHeaders, pageOf } from "../../test/support/caller.ts";
import { startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";

let test: TestApp;
let ada: TestUser;
let server: Caller;
beforeEach(async () => {
  test = await startTestApp();
  ada = await test.signIn("ada");
  server = callerOf(test, await createServerHeaders(test));
});
afterEach(() => test.close());

const ask = (path: string) => server("GET", `/platform${path}`);

describe("a server", () => {
  it("gets enabled false for a known owner without a connection, and 404 for an unknown one", async () => {
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

  it("gets a user's token and a group's, by slug and by id, and in no list", async () => {
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

  it("lists enabled connections, and disabled ones with include_disabled", async () => {
    await ada.connect();
    await (await pageOf(test, "ada")).call("DELETE", "/platform_user/connections/test");
    expect((await ask("/users/ada/connections")).body.connections).toEqual([]);
    expect((await ask("/users/ada/connections?include_disabled=true&slug=test")).body.connections).toHaveLength(1);
  });

  it("provisions a user repeatedly: what is left out stays, null clears", async () => {
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

  it("makes no user by way of contexts where there is a group of this id", async () => {
    const post = (external_id: string) => server("POST", "/platform/contexts", { context: { external_id } });
    await test.signIn("grace", "acme");
    expect(await post("acme")).toMatchObject({ status: 400, body: { code: "BAD_USER_INPUT", path: "context.external_id" } });
    expect((await ask("/contexts/acme")).body.context).toMatchObject({ kind: "group" });
    expect(await ask("/users/acme")).toMatchObject({ status: 404 });
    expect(await post("grace")).toMatchObject({ status: 200, body: { context: { kind: "user" } } });
    await server("POST", "/platform/users", { user: { external_id: "acme" } });
    expect(await post("acme")).toMatchObject({ status: 200, body: { context: { kind: "user" } } });
  });

  it("is refused with its key in a page", async () => {
    const inPage = callerOf(test, { ...(await createServerHeaders(test)), origin: WEB_ORIGIN });
    const refused = await inPage("GET", "/platform/users/ada/connections/test");
    expect(refused).toMatchObject({ status: 403, body: { code: "FORBIDDEN", error: expect.stringContaining("API keys are for servers") } });
  });

  it("is the only one whom the platform API answers, and is refused by the user API", async () => {
    const page = (await pageOf(test, "ada")).call;
    expect(await page("GET", "/platform/users/ada/connections/test")).toMatchObject({ status: 403 });
    expect(await server("GET", "/platform_user/connections")).toMatchObject({ status: 403 });
  });

  it("is refused with a wrong key, with the scheme to use", async () => {
    const wrong = callerOf(test, { authorization: `Basic ${Buffer.from("pk_x:sk_y").toString("base64")}` });
    const answer = await wrong("GET", "/platform/users/ada");
    expect(answer).toMatchObject({ status: 401, body: { code: "UNAUTHENTICATED" } });
    expect(answer.headers.get("www-authenticate")).toMatch(/^Basic/);
  });
});
