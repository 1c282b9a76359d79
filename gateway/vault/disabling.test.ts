import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { callerOf, createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { ask, sendTo, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore, refreshRequests } from "../../test/support/vault.ts";

let test: TestApp;
let ada: TestUser;
let id: string;
let server: Record<string, string>;
afterEach(() => test.close());

const CONNECTION = `connection { id enabled disabledAt authorization { status health healthCode problem { title advice } } }`;
const askServer = async (name: string, fields = CONNECTION) => {
  const { data, errors } = await ask(sendTo(test.app), `mutation ($id: ID!) { ${name}(input: { id: $id }) { ${fields} } }`, { id }, server);
  expect(errors).toEqual([]);
  return data[name];
};
const disable = () => askServer("disableConnection");
const enable = () => askServer("enableConnection");

const only = { where: { slug: "test" } };
const read = async (user: TestUser) => (await user.graphql(`{ connection(where: { slug: "test" }) { id enabled } }`)).data.connection;
const WORDS = "Only the people who run this app can enable it again";

describe.each(databaseKinds)("a disabled connection, on %s", (database) => {
  beforeEach(async () => {
    test = await startTestApp({ database, provider: { graceSeconds: 5 } });
    ada = await test.signIn("ada");
    await ada.connect();
    ({ id } = await read(ada));
    server = await createServerHeaders(test);
  });

  it("gives no token in any process, keeps its grant, and gives the very token again once it is enabled", async () => {
    const twin = await test.startTwin();
    const { value } = await askToken(ada);
    expect((await askToken(ada, { via: twin })).value).toBe(value);
    expect((await disable()).connection).toMatchObject({ enabled: false, disabledAt: "2026-01-01T00:00:00.000Z" });
    expect(await askToken(ada)).toMatchObject({ __typename: "TokenWithheld", message: expect.stringContaining("is disabled") });
    await expect.poll(async () => (await askToken(ada, { via: twin })).__typename).toBe("TokenWithheld");
    expect((await ada.graphql(`{ connectionToken(where: { slug: "test" }) }`)).data).toEqual({ connectionToken: null });
    expect(test.provider.revocations).toEqual([]);
    expect((await enable()).connection).toMatchObject({ enabled: true, disabledAt: null, authorization: { health: "WORKING" } });
    expect((await askToken(ada)).value).toBe(value);
    await expect.poll(async () => (await askToken(ada, { via: twin })).value).toBe(value);
  });

  it("says to its user what is wrong, and who can mend it", async () => {
    await disable();
    const { data } = await ada.graphql(`{ connection(where: { slug: "test" }) { enabled disabledAt authorization {
      status health healthCode healthChangedAt problem { title advice } } } }`);
    expect(data.connection).toEqual({
      enabled: false,
      disabledAt: "2026-01-01T00:00:00.000Z",
      authorization: {
        status: "ACTIVE",
        health: "MISCONFIGURED",
        healthCode: "disabled",
        healthChangedAt: "2026-01-01T00:00:00.000Z",
        problem: { title: "This Test connection was disabled.", advice: `${WORDS}. Please ask them.` },
      },
    });
    const rest = callerOf(test, { authorization: `Bearer ${await ada.bearer()}` });
    expect((await rest("GET", "/platform_user/connections/test")).body.connection).toMatchObject({
      enabled: false,
      disabled_at: "2026-01-01T00:00:00.000Z",
      token_problem: { code: "TOKEN_WITHHELD", message: expect.stringContaining("is disabled") },
    });
  });

  it("is not connected again by its user, also once it was disconnected", async () => {
    await disable();
    const connect = `mutation { connect(slug: "test") { id } }`;
    for (const step of ["disabled", "disconnected as well"]) {
      const { errors } = await ada.graphql(connect);
      expect([step, errors[0]?.extensions.code, errors[0]?.message]).toEqual([step, "FORBIDDEN", expect.stringContaining(WORDS)]);
      const page = await ada.browser.fetch("/connect/test");
      expect([page.status, await page.text()]).toEqual([403, expect.stringContaining(WORDS)]);
      await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    }
    expect(test.provider.revocations).toHaveLength(1);
    await enable();
    expect(await read(ada)).toEqual({ id, enabled: false });
    await ada.connect();
    expect(await read(ada)).toEqual({ id, enabled: true });
  });

  it("is not replaced by another connection to its account, whose consent leaves the kept grant alone", async () => {
    await disable();
    const page = await ada.connect("test", "?id=22222222-2222-4222-8222-222222222222");
    expect(await page.text()).toContain("This Test connection was disabled.");
    expect(test.provider.revocations).toEqual([]);
    expect((await askToken(ada)).__typename).toBe("TokenWithheld");
    await enable();
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("is not replaced by another connection once its user has disconnected it, as its account is not known any more", async () => {
    await disable();
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    const page = await ada.connect("test", "?id=22222222-2222-4222-8222-222222222222");
    expect(await page.text()).toContain("This Test connection was disabled.");
    expect((await askToken(ada)).__typename).not.toBe("AccessToken");
  });

  it("is in the history, and servers are told, both when it is disabled and when it is enabled", async () => {
    await disable();
    await enable();
    const { data } = await ada.graphql(`{ connection(where: { id: "${id}" }) { history { edges { node { kind } } } } }`);
    const kinds = data.connection.history.edges.map(({ node }: { node: { kind: string } }) => node.kind);
    expect(kinds).toEqual(["ENABLED", "DISABLED", "CONNECTED"]);
    const events = await inStore(test, (query) => query.selectFrom("events").select("type").orderBy("number").execute());
    expect(events.map(({ type }) => type)).toEqual(["connection.enabled", "connection.disabled", "connection.enabled"]);
  });

  it("refuses what was started before, and asks nothing of the provider for it", async () => {
    const started = await ada.browser.fetch("/connect/test");
    const callback = await test.provider.authorize(started.headers.get("location") ?? "");
    const asked = test.provider.tokenRequests.length;
    await disable();
    const page = await ada.browser.fetch(callback.href);
    expect([page.status, await page.text()]).toEqual([403, expect.stringContaining(WORDS)]);
    expect(test.provider.tokenRequests).toHaveLength(asked);
  });

  it("is not enabled by a reconnect that is under way, which leaves its grant as it was", async () => {
    const { value } = await askToken(ada);
    const held = test.provider.controls.hold();
    const connecting = ada.connect();
    await held.arrived(1);
    await disable();
    held.release();
    expect(await (await connecting).text()).toContain("This Test connection was disabled.");
    expect((await askToken(ada)).__typename).toBe("TokenWithheld");
    expect(test.provider.revocations).toEqual([]);
    await enable();
    expect((await askToken(ada)).value).toBe(value);
  });

  it("keeps the tokens of a refresh that is under way, for when it is enabled", async () => {
    test.clock.advance(HOUR_MS);
    const held = test.provider.controls.hold();
    const answer = askToken(ada);
    await held.arrived(1);
    await disable();
    held.release();
    expect((await answer).__typename).toBe("TokenWithheld");
    await enable();
    expect((await askToken(ada)).value).toBe(test.provider.liveAccessTokens().at(-1));
    expect(refreshRequests(test)).toHaveLength(1);
    expect(test.logged.join("\n")).not.toMatch(/does not verify|cannot be decrypted/);
  });

  it("keeps the tokens of a refresh whose first answer was lost", async () => {
    test.clock.advance(HOUR_MS);
    let lose = () => {};
    const until = new Promise<void>((resolve) => (lose = resolve));
    test.provider.controls.next({ until, next: "lose" });
    const answer = askToken(ada);
    await expect.poll(() => refreshRequests(test).length).toBe(1);
    await disable();
    lose();
    expect((await answer).__typename).toBe("TokenWithheld");
    await enable();
    expect((await askToken(ada)).value).toBe(test.provider.liveAccessTokens().at(-1));
    expect(refreshRequests(test)).toHaveLength(2);
    expect(test.logged.join("\n")).not.toMatch(/does not verify|cannot be decrypted/);
  });

  it("is not enabled by a write access to the store", async () => {
    await disable();
    await inStore(test, (query) => query.updateTable("connections").set({ disabled_at: null }).execute());
    expect((await askToken(ada, { ...only, via: await test.startTwin() })).__typename).toBe("ConnectorMisconfigured");
    expect(test.logged.join("\n")).toContain("does not verify and is refused");
  });

  it("is not refreshed for a server, and nothing changes where it is disabled or enabled already", async () => {
    const first = await disable();
    test.clock.advance(1_000);
    expect(await disable()).toEqual(first);
    expect(await askServer("refreshConnection", "status message retryAfter")).toEqual({
      status: "DISABLED",
      message: "The Test connection is disabled: enable it first.",
      retryAfter: null,
    });
    expect(test.provider.refreshCount()).toBe(0);
    await enable();
    const { connection } = await enable();
    expect(connection).toMatchObject({ enabled: true });
  });

  it("comes after the owner's other connections of its connector", async () => {
    test.provider.controls.account = { id: "user-2", label: "user-2@example.test" };
    await ada.connect("test", "?id=22222222-2222-4222-8222-222222222222");
    await disable();
    expect(await askToken(ada)).toMatchObject({ __typename: "AccessToken", connection: { id: "22222222-2222-4222-8222-222222222222" } });
    expect((await askToken(ada, { where: { id } })).__typename).toBe("TokenWithheld");
  });

  it("of a group says so to its members and to servers", async () => {
    const grace = await test.signIn("grace", "acme");
    await grace.connect();
    ({ id } = await read(grace));
    await disable();
    expect(await askToken(grace)).toMatchObject({ __typename: "TokenWithheld", message: expect.stringContaining("is disabled") });
    const query = `{ group(id: "acme") { accessToken(where: { slug: "test" }) { __typename ... on TokenWithheld { message } } } }`;
    const { data } = await ask(sendTo(test.app), query, {}, server);
    expect(data.group.accessToken).toEqual({
      __typename: "TokenWithheld",
      message: expect.stringContaining("only a server with an API key can enable it"),
    });
  });
});
