import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { ask, sendTo, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore, refreshRequests } from "../../test/support/vault.ts";
import type { App } from "../app.ts";

let test: TestApp;
let ada: TestUser;
let id: string;
let server: Record<string, string>;
afterEach(() => test.close());

const DISCONNECT = "mutation ($id: ID!) { disconnectConnection(input: { id: $id }) { connection { id enabled authorization { id } } } }";
const REFRESH = `mutation ($id: ID!) { refreshConnection(input: { id: $id }) {
  status message retryAfter connection { id enabled authorization { status accessToken } } } }`;

const askServer = (query: string, via: Pick<App, "fetch"> = test.app, variables: Record<string, unknown> = { id }) =>
  ask(sendTo(via), query, variables, server);

describe.each(databaseKinds)("a server, on %s", (database) => {
  beforeEach(async () => {
    // Less than the provider's timeout: past that, a refresh is sent once more (rule 5).
    test = await startTestApp({ database, env: { XKIT_REQUEST_DEADLINE_MS: "2000" } });
    ada = await test.signIn("ada");
    await ada.connect();
    id = (await ada.graphql(`{ connection(where: { slug: "test" }) { id } }`)).data.connection.id;
    server = await createServerHeaders(test);
  });

  it("disconnects a user's connection, which is revoked once though two processes are asked at once", async () => {
    const twin = await test.startTwin();
    const answers = await Promise.all([askServer(DISCONNECT), askServer(DISCONNECT, twin), askServer(DISCONNECT, twin)]);
    for (const { data } of answers) expect(data.disconnectConnection.connection).toEqual({ id, enabled: false, authorization: null });
    expect(test.provider.revocations).toHaveLength(1);
    for (const via of [test.app, twin]) expect((await askToken(ada, { via })).__typename).toBe("NotConnected");
  });

  it("refreshes once though two processes are asked at once, and gives the new token", async () => {
    const twin = await test.startTwin();
    const { value } = await askToken(ada);
    const answers = await Promise.all([askServer(REFRESH), askServer(REFRESH, twin)]);
    expect(refreshRequests(test)).toHaveLength(1);
    const tokens = answers.map(({ data }) => data.refreshConnection.connection.authorization.accessToken);
    expect(new Set(tokens)).toEqual(new Set([test.provider.liveAccessTokens().at(-1)]));
    expect(tokens).not.toContain(value);
    expect(answers.map(({ data }) => data.refreshConnection.status)).toContain("REFRESHED");
  });

  it("is answered while the provider takes its time, and the refresh goes on behind it", async () => {
    const held = test.provider.controls.hold();
    const answering = askServer(REFRESH);
    await held.arrived(1);
    test.clock.advance(test.config.requestDeadlineMs);
    expect((await answering).data.refreshConnection).toMatchObject({ status: "TEMPORARILY_UNAVAILABLE", retryAfter: 1 });
    held.release();
    expect((await askToken(ada)).value).toBe(test.provider.liveAccessTokens().at(-1));
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("asks nothing of a provider that is left alone after a failure (rule 4)", async () => {
    test.provider.controls.always({ status: 503 });
    expect((await askServer(REFRESH)).data.refreshConnection.status).toBe("TEMPORARILY_UNAVAILABLE");
    const asked = refreshRequests(test).length;
    expect((await askServer(REFRESH)).data.refreshConnection.status).toBe("TEMPORARILY_UNAVAILABLE");
    expect(refreshRequests(test)).toHaveLength(asked);
    // The grant is as it was: a forced refresh that failed has refreshed nothing.
    test.clock.advance(20_000);
    expect((await askServer(REFRESH)).data.refreshConnection.status).toBe("TEMPORARILY_UNAVAILABLE");
    test.provider.controls.always(null);
    test.clock.advance(HOUR_MS);
    expect((await askServer(REFRESH)).data.refreshConnection.status).toBe("REFRESHED");
  });

  it("is told what only the operator can mend, when the provider refuses the client", async () => {
    test.provider.controls.always({ status: 401, body: { error: "invalid_client" } });
    expect((await askServer(REFRESH)).data.refreshConnection).toMatchObject({
      status: "CONNECTOR_MISCONFIGURED",
      retryAfter: null,
      message: expect.stringContaining("its operator has to correct the connector"),
    });
  });

  it("finds no connection whose connector the configuration no longer has", async () => {
    await inStore(test, (query) => query.updateTable("connections").set({ connector_slug: "gone" }).execute());
    for (const query of [DISCONNECT, REFRESH])
      expect((await askServer(query)).errors[0]).toMatchObject({ extensions: { code: "NOT_FOUND" } });
  });
});

describe("changing a connection by its id", () => {
  beforeEach(async () => {
    test = await startTestApp();
    ada = await test.signIn("ada");
    server = await createServerHeaders(test);
  });

  it("is NOT_FOUND for no connection, FORBIDDEN to its own user and UNAUTHENTICATED without a credential", async () => {
    await ada.connect();
    ({ id } = (await ada.graphql(`{ connection(where: { slug: "test" }) { id } }`)).data.connection);
    for (const query of [DISCONNECT, REFRESH]) {
      expect((await askServer(query, test.app, { id: "nothing" })).errors[0]?.extensions.code).toBe("NOT_FOUND");
      expect((await ada.graphql(query, { id })).errors[0]?.extensions.code).toBe("FORBIDDEN");
      expect((await test.graphql(query, { id })).errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
    }
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("answers BAD_USER_INPUT for a kind of token that the connector does not have", async () => {
    await ada.connect();
    ({ id } = (await ada.graphql(`{ connection(where: { slug: "test" }) { id } }`)).data.connection);
    const query = `mutation ($id: ID!) { refreshConnection(input: { id: $id, kind: "bot" }) { status } }`;
    expect((await askServer(query)).errors[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", path: "kind" });
  });

  it("ends what its user has started and not finished", async () => {
    const { data } = await ada.graphql(`mutation { connect(slug: "test") { id authorization { authorizeUrl } } }`);
    ({ id } = data.connect);
    expect((await askServer(DISCONNECT)).data.disconnectConnection.connection).toMatchObject({ enabled: false, authorization: null });
    expect(await inStore(test, (query) => query.selectFrom("attempts").selectAll().execute())).toEqual([]);
  });
});
