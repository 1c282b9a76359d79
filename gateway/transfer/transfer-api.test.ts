/** What servers import and delete by GraphQL and REST. */
import { afterEach, describe, expect, it } from "vitest";
import { callerOf, createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { importInto, issueLine, whileTimePasses } from "../../test/support/importing.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { askToken, inStore, startConnected } from "../../test/support/vault.ts";

const account = { id: "a-1", label: "Ada at work" };
const importing = `mutation ($input: ImportConnectionsInput!) {
  importConnections(input: $input) { results { status messages importId connection { id connector { slug } } } }
}`;
const deleting = `mutation ($id: ID!) {
  deleteUser(input: { id: $id }) { userId connections { id connector revocation } groupConnections { id connector groupId } }
}`;

let test: TestApp;
afterEach(() => test.close());

const askServer = async (query: string, variables: Record<string, unknown>) =>
  test.graphql(query, variables, await createServerHeaders(test));

/** As GraphQL takes what a line of an import has. */
function newInput(userId: string) {
  const { connector, access_token: accessToken, refresh_token: refreshToken, expires_at: expiresAt, scopes } = issueLine(test, {}, account);
  return { userId, connector, accessToken, refreshToken, expiresAt, scopes, accountId: account.id, accountLabel: account.label };
}

const count = (table: "connections" | "events" | "users") =>
  inStore(test, async (query) => (await query.selectFrom(table).selectAll().execute()).length);

describe.each(databaseKinds)("a server on %s", (database) => {
  it("imports connections by GraphQL, and is told of each by itself, once", async () => {
    test = await startTestApp({ database });
    const good = newInput("ada");
    const wrong = { connector: "none", userId: "ada", accessToken: "planted-token" };
    const { data } = await askServer(importing, {
      input: { connections: [good, wrong, { ...wrong, connector: "test", groupId: "acme" }] },
    });
    const [imported, ...refused] = data.importConnections.results;
    expect(imported).toMatchObject({ status: "IMPORTED", messages: [], connection: { connector: { slug: "test" } } });
    expect(refused).toEqual([
      {
        status: "REFUSED",
        messages: ['connector: the configuration has no connector "none".'],
        importId: null,
        connection: null,
      },
      {
        status: "REFUSED",
        messages: ["user: must name a user, or group must name a group, but not both."],
        importId: null,
        connection: null,
      },
    ]);
    expect(JSON.stringify(data)).not.toContain("planted-token");
    expect((await askToken(await test.signIn("ada"))).value).toBe(good.accessToken);
    const again = await askServer(importing, { input: { connections: [good] } });
    expect(again.data.importConnections.results).toMatchObject([{ status: "SKIPPED", connection: { id: imported.connection.id } }]);
  });

  it("has an imported connection's history begin with it, and is sent no event of it", async () => {
    test = await startTestApp({ database });
    await askServer(importing, { input: { connections: [newInput("ada")] } });
    const ada = await test.signIn("ada");
    const { data } = await ada.graphql(`{ connections { history { edges { node { kind } } } } }`);
    expect(data.connections).toEqual([{ history: { edges: [{ node: { kind: "CONNECTED" } }] } }]);
    expect(await count("events")).toBe(0);
  });

  it("is told that a broken connection works again, once an import has mended it", async () => {
    test = await startTestApp({ database, connector: { supports_multiple_connections: false } });
    const ada = await test.signIn("ada");
    await ada.connect();
    test.provider.controls.revokeGrants();
    const token = await askToken(ada);
    await ada.graphql(`{ accessToken(where: { slug: "test" }, rejected: "${token.fingerprint}") { __typename } }`);
    await askServer(importing, { input: { connections: [newInput("ada")] } });
    const kinds = await inStore(test, (query) => query.selectFrom("connection_history").select("kind").orderBy("number").execute());
    expect(kinds.map(({ kind }) => kind)).toEqual(["connected", "broke", "reconnected", "healed"]);
    const events = await inStore(test, (query) => query.selectFrom("events").select("type").orderBy("number").execute());
    expect(events.map(({ type }) => type)).toEqual(["connection.enabled", "connection.errored", "connection.healed"]);
  });

  it("tries an import by REST, which writes nothing, and then imports", async () => {
    test = await startTestApp({ database });
    const call = callerOf(test, await createServerHeaders(test));
    const connections = [issueLine(test), { connector: "test" }];
    const tried = await call("POST", "/platform/connections/import", { connections, dry_run: true });
    expect(tried).toMatchObject({ status: 200, body: { results: [{ status: "imported", connection_id: null }, { status: "refused" }] } });
    expect(await call("POST", "/platform/connections/import", { connections, dryRun: true })).toMatchObject({
      status: 400,
      body: { error: "dryRun: is not a known field. Known fields are connections and dry_run.", path: "dryRun" },
    });
    expect([await count("connections"), await count("users")]).toEqual([0, 0]);
    const imported = await call("POST", "/platform/connections/import", { connections });
    expect(imported.body.results[0]).toMatchObject({
      status: "imported",
      owner: { kind: "user", external_id: "ada" },
      connection_id: expect.any(String),
    });
    const many = Array.from({ length: 101 }, () => ({ connector: "test" }));
    expect(await call("POST", "/platform/connections/import", { connections: many })).toMatchObject({
      status: 400,
      body: { error: "connections: must have at most 100 entries." },
    });
  });

  it("deletes a user by GraphQL: their own connections are revoked, those of their group stay", async () => {
    test = (await startConnected({ database })).test;
    await test.app.provisionUser({ id: "ada", groupId: "acme" });
    const ada = await test.signIn("ada", "acme");
    await ada.connect();
    const bearer = { authorization: `Bearer ${await ada.bearer()}` };
    const { data } = await whileTimePasses(test, askServer(deleting, { id: "ada" }));
    expect(data.deleteUser).toEqual({
      userId: "ada",
      connections: [{ id: expect.any(String), connector: "test", revocation: "REVOKED" }],
      groupConnections: [{ id: expect.any(String), connector: "test", groupId: "acme" }],
    });
    expect(test.provider.revocations).toHaveLength(1);
    expect((await test.graphql("{ viewer { id } }", {}, bearer)).errors?.[0]?.extensions.code).toBe("UNAUTHENTICATED");
    const { errors } = await whileTimePasses(test, askServer(deleting, { id: "ada" }));
    expect(errors?.[0]).toMatchObject({ message: "This gateway holds nothing about this user.", extensions: { code: "NOT_FOUND" } });
    expect(await inStore(test, (query) => query.selectFrom("persons").select("user_id").execute())).toEqual([]);
  });

  it("deletes a user by REST", async () => {
    test = (await startConnected({ database })).test;
    const call = callerOf(test, await createServerHeaders(test));
    expect(await whileTimePasses(test, call("DELETE", "/platform/users/ada"))).toMatchObject({
      status: 200,
      body: { external_id: "ada", connections: [{ connector: "test", revocation: "revoked" }], group_connections: [] },
    });
    expect(await whileTimePasses(test, call("DELETE", "/platform/users/ada"))).toMatchObject({ status: 404 });
    expect(await call("GET", "/platform/users/ada")).toMatchObject({ status: 404 });
  });
});

describe("an import", () => {
  it("whose input is wrong quotes no token, neither in its answer nor in the log", async () => {
    test = await startTestApp();
    const wrong = { userId: "ada", accessToken: "planted-token", refreshToken: "planted-refresh", expiresAt: "planted-instant" };
    for (const connections of [[wrong], [{ ...wrong, connector: "test" }], [{ ...wrong, connector: "test", nothing: "x" }]]) {
      const answer = await askServer(importing, { input: { connections } });
      expect(answer.errors?.[0]?.extensions.code).toBe("BAD_USER_INPUT");
      expect(JSON.stringify([answer.errors, test.logged])).not.toContain("planted");
    }
  });

  it("leaves a disabled connection as it is, also one that was disconnected since and whose account is not known", async () => {
    test = (await startConnected({})).test;
    const [row] = await inStore(test, (query) => query.selectFrom("connections").select("id").execute());
    await askServer(`mutation ($id: ID!) { disableConnection(input: { id: $id }) { connection { id } } }`, { id: row?.id });
    expect(await importInto(test, [issueLine(test)])).toMatchObject([{ status: "kept", connectionId: row?.id }]);
    const ada = await test.signIn("ada");
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    expect(await importInto(test, [issueLine(test, { import_id: "2" }, account)])).toMatchObject([
      { status: "kept", messages: ["A server has disabled its connection here: nothing was changed."] },
    ]);
  });

  it("knows in a dry run that a line of an earlier batch would take the account", async () => {
    test = await startTestApp({ connector: { shared_accounts: "refuse" } });
    const others = Array.from({ length: 100 }, (_, index) => issueLine(test, { user: `u-${index}` }, { id: `a-${index}`, label: "x" }));
    const results = await importInto(test, [...others, issueLine(test, { user: "late" }, { id: "a-0", label: "x" })], { isDryRun: true });
    expect(results.at(-1)).toMatchObject({ status: "refused", messages: [expect.stringMatching(/^account_id: another owner/)] });
  });
});
