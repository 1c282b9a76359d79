import { afterEach, describe, expect, it } from "vitest";
import { createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { ask, sendTo, startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore } from "../../test/support/vault.ts";
import { MAXIMUM_HISTORY } from "../custody/history.ts";

let test: TestApp;
afterEach(() => test?.close());

const FIELDS = `history(first: 50) { edges { node { kind at firstAt count by { id } code problem { title } addedScopes removedScopes } } }`;
const nodesIn = ({ edges }: { edges: { node: Record<string, unknown> }[] }) => edges.map(({ node }) => node);

async function historyOf(user: TestUser) {
  const { data, errors } = await user.graphql(`{ connection(where: { slug: "test" }) { ${FIELDS} } }`);
  expect(errors).toEqual([]);
  return nodesIn(data.connection.history);
}
const kindsOf = async (user: TestUser): Promise<string[]> => (await historyOf(user)).map(({ kind }) => String(kind));
const now = () => new Date(test.clock.now()).toISOString();
const disconnect = (user: TestUser) => user.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);

async function connected(options: TestAppOptions = {}): Promise<TestUser> {
  test = await startTestApp(options);
  const ada = await test.signIn("ada");
  await ada.connect();
  return ada;
}

async function refresh(user: TestUser, times = 1): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    test.clock.advance(HOUR_MS);
    await askToken(user);
  }
}

describe.each(databaseKinds)("a connection's history on %s", (database) => {
  it("says what happened, by whom and why, the newest first", async () => {
    const ada = await connected({ database });
    const connectedAt = now();
    await refresh(ada, 3);
    test.provider.controls.revokeGrants();
    await refresh(ada);
    const brokeAt = now();
    await ada.connect();
    await disconnect(ada);
    expect(await historyOf(ada)).toMatchObject([
      { kind: "DISCONNECTED", by: { id: "ada" } },
      { kind: "HEALED", by: { id: "ada" }, code: null },
      { kind: "RECONNECTED", by: { id: "ada" } },
      { kind: "BROKE", at: brokeAt, by: null, code: "invalid_grant", problem: { title: "Test no longer accepts this connection." } },
      { kind: "REFRESHED", count: 3, firstAt: new Date(Date.parse(connectedAt) + HOUR_MS).toISOString() },
      { kind: "CONNECTED", at: connectedAt, by: { id: "ada" }, count: 1 },
    ]);
  });

  it("shows refreshes that are not written yet, and a refresh writes nothing of its own", async () => {
    const ada = await connected({ database });
    await refresh(ada, 2);
    expect(await historyOf(ada)).toMatchObject([{ kind: "REFRESHED", count: 2 }, { kind: "CONNECTED" }]);
    const rows = await inStore(test, (query) => query.selectFrom("connection_history").select("kind").execute());
    expect(rows).toEqual([{ kind: "connected" }]);
  });

  it("says when the connector was wrong and when it worked again, and nothing of a provider that was away for a while", async () => {
    const ada = await connected({ database });
    test.provider.controls.always({ status: 503 });
    await refresh(ada);
    test.provider.controls.always({ status: 400, body: { error: "invalid_scope", error_description: "Call 0800 to go on" } });
    await refresh(ada);
    test.provider.controls.always(null);
    await refresh(ada, 2);
    const history = await historyOf(ada);
    expect(history).toMatchObject([
      { kind: "REFRESHED", count: 2 },
      { kind: "HEALED" },
      { kind: "MISCONFIGURED", code: "invalid_scope" },
      { kind: "CONNECTED" },
    ]);
    expect(JSON.stringify(history)).not.toMatch(/0800[ .]/);
  });

  it("says that it works again where the provider was away before it did, and servers are told", async () => {
    const ada = await connected({ database });
    const failAs = async (answer: Parameters<typeof test.provider.controls.always>[0]) => {
      test.provider.controls.always(answer);
      await refresh(ada);
    };
    for (const status of [503, 503]) await failAs({ status });
    await failAs(null);
    expect(await kindsOf(ada)).toEqual(["REFRESHED", "CONNECTED"]);
    await failAs({ status: 400, body: { error: "invalid_scope" } });
    await failAs({ status: 503 });
    await failAs(null);
    expect(await kindsOf(ada)).toEqual(["REFRESHED", "HEALED", "MISCONFIGURED", "REFRESHED", "CONNECTED"]);
    await failAs({ status: 400, body: { error: "invalid_scope" } });
    test.provider.controls.always(null);
    await ada.connect();
    const events = await inStore(test, (query) => query.selectFrom("events").select("type").orderBy("number").execute());
    // When the connector is told of is the clock's. The second time its user has mended it.
    const told = events.map(({ type }) => type).filter((type) => !type.startsWith("connector."));
    expect(told).toEqual(["connection.enabled", "connection.healed"]);
    const healings = await inStore(test, (query) => query.selectFrom("connector_healings").select("count").execute());
    expect(healings).toHaveLength(1);
  });

  it("says which scopes came and went", async () => {
    const ada = await connected({ database });
    test.provider.controls.next({ answer: { scope: "read" } });
    await refresh(ada);
    test.provider.controls.next({ answer: { scope: "read admin" } });
    await refresh(ada);
    expect((await historyOf(ada)).filter(({ kind }) => kind === "SCOPES_CHANGED")).toMatchObject([
      { addedScopes: ["admin"], removedScopes: [] },
      { addedScopes: [], removedScopes: ["write"] },
    ]);
  });

  it("says that a connection is of another account than before it was disconnected", async () => {
    const ada = await connected({ database });
    await disconnect(ada);
    await ada.connect();
    expect(await kindsOf(ada)).toEqual(["CONNECTED", "DISCONNECTED", "CONNECTED"]);
    await disconnect(ada);
    test.provider.controls.account = { id: "other", label: "other@example.test" };
    await ada.connect();
    expect((await kindsOf(ada)).slice(0, 2)).toEqual(["ACCOUNT_CHANGED", "CONNECTED"]);
  });

  it("says that a connection is of another account also where the last one was connected many entries ago", async () => {
    const ada = await connected({ database });
    const row = await inStore(test, (query) => query.selectFrom("connection_history").selectAll().executeTakeFirstOrThrow());
    const newer = Array.from({ length: MAXIMUM_HISTORY }, (_, index) => ({
      ...row,
      kind: "scopes_changed" as const,
      account: null,
      number: row.number + index + 1,
    }));
    await inStore(test, (query) => query.insertInto("connection_history").values(newer).execute());
    await disconnect(ada);
    test.provider.controls.account = { id: "other", label: "other@example.test" };
    await ada.connect();
    expect((await kindsOf(ada)).slice(0, 3)).toEqual(["ACCOUNT_CHANGED", "CONNECTED", "DISCONNECTED"]);
    const { data } = await ada.graphql(`{ connection(where: { slug: "test" }) { history(first: 200) { totalCount edges { cursor } } } }`);
    expect([data.connection.history.totalCount, data.connection.history.edges.length]).toEqual([MAXIMUM_HISTORY, MAXIMUM_HISTORY]);
  });

  it("has pages as every list: its number of entries, where a page is, and no cursor of another list", async () => {
    const ada = await connected({ database });
    await disconnect(ada);
    await ada.connect();
    await refresh(ada);
    const page = async (after: string | null) => {
      const query = `query ($after: String) { connection(where: { slug: "test" }) {
        history(first: 1, after: $after) { totalCount edges { cursor node { kind } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
      return ada.graphql(query, { after });
    };
    const first = (await page(null)).data.connection.history;
    expect(first).toMatchObject({ totalCount: 4, edges: [{ node: { kind: "REFRESHED" } }], pageInfo: { hasPreviousPage: false } });
    expect(first.pageInfo.startCursor).toBe(first.edges[0].cursor);
    const second = (await page(first.pageInfo.endCursor)).data.connection.history;
    expect(second).toMatchObject({ totalCount: 4, edges: [{ node: { kind: "CONNECTED" } }], pageInfo: { hasPreviousPage: true } });
    const other = Buffer.from(JSON.stringify(["users", "ada"])).toString("base64url");
    expect((await page(other)).errors[0]?.extensions.code).toBe("BAD_USER_INPUT");
  });

  it("keeps the newest entries alone, and reads them page by page", async () => {
    const ada = await connected({ database });
    for (let time = 0; time < 3; time += 1) await disconnect(ada).then(() => ada.connect());
    const page = async (after: string | null) => {
      const query = `query ($after: String) { connection(where: { slug: "test" }) { history(first: 3, after: $after) { edges { node { kind } } pageInfo { hasNextPage endCursor } } } }`;
      return (await ada.graphql(query, { after })).data.connection.history;
    };
    const first = await page(null);
    const second = await page(first.pageInfo.endCursor);
    const third = await page(second.pageInfo.endCursor);
    expect([first, second, third].map(({ edges, pageInfo }) => [edges.length, pageInfo.hasNextPage])).toEqual([
      [3, true],
      [3, true],
      [1, false],
    ]);
    const row = await inStore(test, (query) =>
      query.selectFrom("connection_history").selectAll().where("number", "=", 7).executeTakeFirstOrThrow(),
    );
    const newer = Array.from({ length: MAXIMUM_HISTORY }, (_, index) => ({ ...row, number: index + 8 }));
    await inStore(test, (query) => query.insertInto("connection_history").values(newer).execute());
    await disconnect(ada);
    const all = await ada.graphql(`{ connection(where: { slug: "test" }) { history(first: 100) { edges { node { kind } } } } }`);
    expect(all.data.connection.history.edges).toHaveLength(MAXIMUM_HISTORY);
    const kept = await inStore(test, (query) => query.selectFrom("connection_history").select("number").orderBy("number").execute());
    expect([kept[0]?.number, kept.at(-1)?.number]).toEqual([9, 108]);
  });

  it("is the members' to see in a group, and a server's, and no other user's", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada", "acme");
    await ada.connect();
    const grace = await test.signIn("grace", "acme");
    const bob = await test.signIn("bob");
    const { id } = (await ada.graphql(`{ connection(where: { slug: "test" }) { id } }`)).data.connection;
    expect(await kindsOf(grace)).toEqual(["CONNECTED"]);
    const asBob = await bob.graphql(`query ($id: ID!) { connection(where: { id: $id }) { ${FIELDS} } }`, { id });
    expect(asBob.data).toEqual({ connection: null });
    const asked = `{ group(id: "acme") { connections { history { edges { node { kind by { id } } } } } } }`;
    const server = await ask(sendTo(test.app), asked, {}, await createServerHeaders(test));
    expect(nodesIn(server.data.group.connections[0].history)).toMatchObject([{ kind: "CONNECTED", by: { id: "ada" } }]);
  });
});
