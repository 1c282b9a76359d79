import { afterEach, describe, expect, it } from "vitest";
import { createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore, onlyAuthorization } from "../../test/support/vault.ts";
import { expectEnd } from "../upstream-suite/ends.ts";

let test: TestApp;
afterEach(() => test?.close());

const FIELDS = `enabled authorization { status errorCode errorMessage health healthCode healthChangedAt connectedAt connectedBy { id name } problem { title advice isAlarm } }`;
const CONNECTION = `{ connection(where: { slug: "test" }) { ${FIELDS} } }`;
const connectionOf = async (user: TestUser) => (await user.graphql(CONNECTION)).data.connection;
const healthOf = async (user: TestUser) => (await connectionOf(user)).authorization;
const now = () => new Date(test.clock.now()).toISOString();

async function connected(options: TestAppOptions = {}): Promise<TestUser> {
  test = await startTestApp(options);
  const ada = await test.signIn("ada");
  await ada.connect();
  return ada;
}

describe.each(databaseKinds)("a connection's health on %s", (database) => {
  it("is the result of the last refresh, and since when", async () => {
    const ada = await connected({ database });
    const connectedAt = now();
    expect(await healthOf(ada)).toMatchObject({ health: "WORKING", healthCode: null, healthChangedAt: connectedAt, problem: null });
    test.clock.advance(HOUR_MS);
    const failedAt = now();
    test.provider.controls.always({ status: 503, body: { error: "down", error_description: "Call 0800 to go on" } });
    expect((await askToken(ada)).__typename).toBe("TemporarilyUnavailable");
    const failing = { health: "UNAVAILABLE", healthCode: "http_503", healthChangedAt: failedAt, status: "ACTIVE" };
    expect(await healthOf(ada)).toMatchObject({ ...failing, problem: { title: "Test is not available right now." } });
    test.clock.advance(HOUR_MS);
    await askToken(ada);
    expect(await healthOf(ada)).toMatchObject(failing);
    test.provider.controls.always({ status: 400, body: { error: "invalid_scope", error_description: "Call 0800 to go on" } });
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("ConnectorMisconfigured");
    expect(await healthOf(ada)).toMatchObject({ health: "MISCONFIGURED", healthCode: "invalid_scope", healthChangedAt: now() });
    expect(JSON.stringify(await healthOf(ada))).not.toMatch(/0800[ .]/);
    test.provider.controls.always(null);
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect(await healthOf(ada)).toMatchObject({ health: "WORKING", healthCode: null, healthChangedAt: now(), connectedAt, problem: null });
    test.provider.controls.revokeGrants();
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("ReconnectRequired");
    expect(await healthOf(ada)).toMatchObject({
      status: "ERROR",
      health: "RECONNECT_REQUIRED",
      healthCode: "invalid_grant",
      healthChangedAt: now(),
      connectedAt,
    });
  });

  it("says that a token has expired that nothing can refresh, from that moment on", async () => {
    test = await startTestApp({ database });
    test.provider.controls.always("omit-refresh-token");
    const ada = await test.signIn("ada");
    await ada.connect();
    const endsAt = new Date((await onlyAuthorization(test)).expires_at ?? 0);
    expectEnd(endsAt, test.clock.now() + HOUR_MS);
    test.clock.advance(endsAt.getTime() - test.clock.now() - 1);
    expect(await healthOf(ada)).toMatchObject({ health: "WORKING" });
    test.clock.advance(1);
    expect((await askToken(ada)).__typename).toBe("ReconnectRequired");
    expect(await healthOf(ada)).toMatchObject({
      health: "RECONNECT_REQUIRED",
      healthCode: "expired",
      healthChangedAt: endsAt.toISOString(),
    });
  });

  it("says that stored secrets do not open, until the connection is connected again", async () => {
    const ada = await connected({ database });
    const row = await onlyAuthorization(test);
    await inStore(test, (query) => query.updateTable("authorizations").set({ sealed_refresh_token: row.sealed_access_token }).execute());
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("ConnectorMisconfigured");
    expect(await healthOf(ada)).toMatchObject({ health: "MISCONFIGURED", healthCode: "unopened", healthChangedAt: now() });
    await ada.connect();
    expect(await healthOf(ada)).toMatchObject({ health: "WORKING", healthChangedAt: now() });
  });

  it("is sent to subscribers", async () => {
    const ada = await connected({ database });
    test.clock.advance(HOUR_MS);
    test.provider.controls.always({ status: 503, body: {} });
    const events = await ada.browser.fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${await ada.bearer()}` },
      body: JSON.stringify({ query: `subscription { connectionChanged { authorization { health } } }` }),
    });
    const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
    await askToken(ada);
    let text = "";
    while (!text.includes("connectionChanged")) text += (await reader?.read())?.value ?? "";
    expect(text).toContain(`"health":"UNAVAILABLE"`);
    await reader?.cancel();
  });

  it("has the time of the reconnect after a disconnect", async () => {
    const ada = await connected({ database });
    test.clock.advance(HOUR_MS);
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    expect(await connectionOf(ada)).toEqual({ enabled: false, authorization: null });
    test.clock.advance(HOUR_MS);
    await ada.connect();
    expect(await healthOf(ada)).toMatchObject({ connectedAt: now(), healthChangedAt: now() });
  });
});

describe.each(databaseKinds)("what a provider said, on %s", (database) => {
  it("is given to servers and the log, and to no user", async () => {
    const ada = await connected({ database });
    const server = await createServerHeaders(test);
    const asServer = (query: string) => test.graphql(query, {}, server);
    const TOKEN = `accessToken(where: { slug: "test" }) { __typename ... on ConnectorMisconfigured { message } ... on TemporarilyUnavailable { message } }`;
    for (const error of ["invalid_client", "0800.evil.example"]) {
      test.provider.controls.always({ status: 400, body: { error, error_description: "Call 0800 to go on" } });
      test.clock.advance(HOUR_MS);
      const toUser = (await ada.graphql(`{ ${TOKEN} }`)).data;
      expect(JSON.stringify(toUser)).toMatch(/Misconfigured|TemporarilyUnavailable/);
      expect(JSON.stringify(toUser)).not.toMatch(/0800[ .]/);
      const toServer = await asServer(`{ user(id: "ada") { ${TOKEN} } }`);
      expect(JSON.stringify(toServer.data)).toContain("Call 0800 to go on");
    }
    expect(test.logged.join("\n")).toContain("Call 0800 to go on");
    test.provider.controls.denyNext("something_new", "Call 0800 to go on");
    const ben = await test.signIn("ben");
    expect(await (await ben.connect()).text()).not.toMatch(/0800[ .]/);
    expect(JSON.stringify(await connectionOf(ben))).not.toMatch(/0800[ .]/);
    const seen = await asServer(`{ user(id: "ben") { connection(where: { slug: "test" }) { ${FIELDS} } } }`);
    expect(seen.data.user.connection.authorization.errorMessage).toContain("Call 0800 to go on");
  });
});

describe.each(databaseKinds)("a group's connection on %s", (database) => {
  it("names the member who connected it, to each member and to servers", async () => {
    test = await startTestApp({ database });
    const [ada, ben] = [await test.signIn("ada", "acme"), await test.signIn("ben", "acme")];
    await test.app.provisionUser({ id: "ada", name: "Ada" });
    await ada.connect();
    for (const user of [ada, ben]) expect(await healthOf(user)).toMatchObject({ connectedBy: { id: "ada", name: "Ada" } });
    await ben.connect();
    expect(await healthOf(ada)).toMatchObject({ connectedBy: { id: "ben", name: null } });
    const seen = await test.graphql(
      `{ group(id: "acme") { connection(where: { slug: "test" }) { ${FIELDS} } } }`,
      {},
      await createServerHeaders(test),
    );
    expect(seen.data.group.connection.authorization.connectedBy).toEqual({ id: "ben", name: null });
  });

  it("shows an attempt and its failure only to the member who made it", async () => {
    test = await startTestApp({ database });
    const [ada, ben] = [await test.signIn("ada", "acme"), await test.signIn("ben", "acme")];
    const started = (await ada.graphql(`mutation { connect(slug: "test") { authorization { id authorizeUrl } } }`)).data.connect
      .authorization;
    expect(await connectionOf(ben)).toEqual({ enabled: false, authorization: null });
    test.provider.controls.denyNext();
    await ada.browser.fetch((await test.provider.authorize(started.authorizeUrl)).href);
    expect(await healthOf(ada)).toMatchObject({ status: "ERROR", errorCode: "access_denied", health: null, problem: { isAlarm: false } });
    expect(await connectionOf(ben)).toEqual({ enabled: false, authorization: null });
    const path = `/api/platform_user/authorizations/test/${started.id}`;
    const read = async (user: TestUser) => user.browser.fetch(path, { headers: { authorization: `Bearer ${await user.bearer()}` } });
    expect((await read(ada)).status).toBe(200);
    expect((await read(ben)).status).toBe(404);
    await ben.connect();
    expect(await healthOf(ada)).toMatchObject({ status: "ACTIVE", connectedBy: { id: "ben" } });
  });
});
