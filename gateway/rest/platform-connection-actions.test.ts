import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Caller, callerOf, createServerHeaders, pageOf } from "../../test/support/caller.ts";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";

let test: TestApp;
let ada: TestUser;
let server: Caller;
let id: string;
beforeEach(async () => {
  test = await startTestApp();
  ada = await test.signIn("ada");
  await ada.connect();
  server = callerOf(test, await createServerHeaders(test));
  ({ id } = (await server("GET", "/platform/users/ada/connections/test")).body.connection);
});
afterEach(() => test.close());

describe("a server", () => {
  it("disconnects a connection of any owner by its id, as often as it asks", async () => {
    for (const _time of [1, 2])
      expect(await server("DELETE", `/platform/connection/${id}`)).toMatchObject({
        status: 200,
        body: { connection: { id, enabled: false, authorization: null, owner: { kind: "user", external_id: "ada" } } },
      });
    expect(test.provider.revocations).toHaveLength(1);
  });

  it("refreshes a token, and is told what became of it without a token", async () => {
    const refreshed = await server("POST", `/platform/connection/${id}/refresh`);
    expect(refreshed).toMatchObject({
      status: 200,
      body: { connection: { id, enabled: true }, refresh: { status: "refreshed", message: expect.any(String), retry_after: null } },
    });
    expect(test.provider.liveAccessTokens().some((token) => refreshed.text.includes(token))).toBe(false);
    expect((await server("POST", `/platform/connection/${id}/refresh`, {})).body.refresh).toMatchObject({
      status: "still_fresh",
      retry_after: 30,
    });
  });

  it("disables a connection, and enables it", async () => {
    const disabled = await server("POST", `/platform/connection/${id}/disable`);
    expect(disabled).toMatchObject({ status: 200, body: { connection: { id, enabled: false, disabled_at: "2026-01-01T00:00:00.000Z" } } });
    const read = async () => (await server("GET", `/platform/users/ada/connections/test`)).body.connection;
    expect(await read()).toMatchObject({ enabled: false, token_problem: { code: "TOKEN_WITHHELD" } });
    const enabled = await server("POST", `/platform/connection/${id}/enable`);
    expect(enabled).toMatchObject({ status: 200, body: { connection: { id, enabled: true, disabled_at: null } } });
    expect((await read()).authorization.access_token).toEqual(expect.any(String));
  });

  it("is told of a connection that is not there, and of a kind of token that is none", async () => {
    expect(await server("DELETE", "/platform/connection/nothing")).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    expect(await server("POST", "/platform/connection/nothing/refresh")).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    const kind = await server("POST", `/platform/connection/${id}/refresh`, { kind: "not a kind" });
    expect(kind).toMatchObject({ status: 400, body: { code: "BAD_USER_INPUT", path: "kind" } });
  });

  it("alone may do so: a user's bearer is refused", async () => {
    const { call } = await pageOf(test, "ada");
    expect((await call("DELETE", `/platform/connection/${id}`)).status).toBe(403);
    expect((await call("POST", `/platform/connection/${id}/refresh`, {})).status).toBe(403);
    expect(test.provider.refreshCount()).toBe(0);
  });
});
