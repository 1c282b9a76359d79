/** What a whole gateway records, and what of it. */
import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import type { AuditRecord } from "../../schema/audit-record.ts";
import { callerOf, createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { whileTimePasses } from "../../test/support/importing.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, startConnected } from "../../test/support/vault.ts";
import { createLog } from "../runtime/log.ts";
import { openServices } from "../services.ts";
import { verifyAudit } from "./audit-verify.ts";
import { FLUSH_INTERVAL_MS } from "./audit-flushing.ts";

let test: TestApp;
afterEach(() => test.close());

/** What was recorded until now of these actions, the oldest first. */
async function readAudit(...actions: string[]): Promise<AuditRecord[]> {
  // What is recorded last is there once all before it is.
  const last = { "x-request-id": randomUUID() };
  const marker = await test.signIn("marker");
  await marker.graphql(`mutation { disconnect(where: { slug: "marker" }) { id } }`, {}, last);
  const services = await openServices(test.config, test.clock, createLog("silent"));
  let records: AuditRecord[] = [];
  const isThere = async () => {
    test.clock.advance(FLUSH_INTERVAL_MS);
    const { items } = await services.audit.reader.list({}, { first: 1_000, after: null }, "oldest");
    records = items.map(({ item }) => item);
    return records.some(({ requestId }) => requestId === last["x-request-id"]);
  };
  await expect.poll(isThere).toBe(true);
  const { broken } = await verifyAudit(services);
  await services.close();
  expect(broken).toEqual([]);
  return records.filter(({ action, actor }) => actor.userId !== "marker" && (actions.length === 0 || actions.includes(action)));
}

const sent = { "x-request-id": "request-7", "user-agent": "tests/1" };

describe.each(databaseKinds)("The audit on %s has", (database) => {
  it("each reading of a token by its user: the session, the fingerprint, from where, and the request", async () => {
    const { test: connected, ada } = await startConnected({ database });
    test = connected;
    const { data } = await test.graphql(`mutation ($token: String!) { login(token: $token) { token } }`, { token: await ada.bearer() });
    const session = { authorization: `Bearer ${data.login.token}` };
    await test.graphql(`{ accessToken(where: { slug: "test" }) { __typename } }`, {}, session);
    const token = await askToken(ada);
    const { headers } = await ada.graphql(`{ accessToken(where: { slug: "test" }) { __typename } }`, {}, sent);
    expect(headers.get("x-request-id")).toBe("request-7");
    const [ofSession, first, second, ...more] = await readAudit("token.read");
    expect(more).toEqual([]);
    expect(ofSession?.actor).toMatchObject({ userId: "ada", sessionId: expect.stringMatching(/^[\w-]{36}$/) });
    expect(first?.actor.sessionId).toBeNull();
    expect(first).toMatchObject({
      outcome: "AccessToken",
      actor: { kind: "user", userId: "ada", keyId: null },
      owner: { kind: "user", id: "ada" },
      connectionId: token.connection?.id,
      connector: "test",
      fingerprint: token.fingerprint,
    });
    expect(second).toMatchObject({ requestId: "request-7", agent: "tests/1" });
  });

  it("each reading by a server, of its key and the owner, by GraphQL and by REST, and the reason where there is no token", async () => {
    test = (await startConnected({ database })).test;
    const server = await createServerHeaders(test);
    const keyId = Buffer.from(server.authorization.slice("Basic ".length), "base64").toString().split(":")[0];
    await test.graphql(`{ user(id: "ada") { accessToken(where: { slug: "test" }) { __typename } } }`, {}, server);
    await callerOf(test, server)("GET", "/platform/users/ada/connections/test");
    await test.signIn("bob");
    await test.graphql(`{ user(id: "bob") { connectionToken(where: { slug: "test" }) } }`, {}, server);
    const actor = { kind: "platform", keyId, userId: null };
    expect(await readAudit("token.read")).toMatchObject([
      { actor, owner: { id: "ada" }, outcome: "AccessToken", count: 2 },
      { actor, owner: { id: "bob" }, outcome: "NotConnected", connector: "test", fingerprint: null },
    ]);
  });

  it("what a member of a group is not given", async () => {
    test = await startTestApp({ database });
    const grace = await test.signIn("grace", "acme");
    await grace.connect();
    expect((await askToken(grace)).__typename).toBe("TokenWithheld");
    expect(await readAudit("token.read")).toMatchObject([{ actor: { userId: "grace" }, outcome: "TokenWithheld", fingerprint: null }]);
  });

  it("connecting from its start to its end, refreshes and how they ended, and a disconnect", async () => {
    const { test: connected, ada } = await startConnected({ database });
    test = connected;
    const [start, connect] = await readAudit("connection.start", "connection.connect");
    expect(start).toMatchObject({ actor: { kind: "user", userId: "ada" }, connector: "test", outcome: "done" });
    expect(connect).toMatchObject({ actor: { kind: "user", userId: "ada" }, outcome: "connected", connectionId: start?.connectionId });
    expect(connect?.requestId).toMatch(/^[\w-]{36}$/);
    test.clock.advance(2 * HOUR_MS);
    const { fingerprint } = await askToken(ada);
    test.clock.advance(2 * HOUR_MS);
    test.provider.controls.revokeGrants();
    expect((await askToken(ada)).__typename).toBe("ReconnectRequired");
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`, {}, sent);
    expect(await readAudit("token.refresh", "connection.disconnect")).toMatchObject([
      { action: "token.refresh", actor: { kind: "gateway" }, owner: { id: "ada" }, outcome: "refreshed", fingerprint },
      { action: "token.refresh", outcome: "invalid_grant", fingerprint: null },
      { action: "connection.disconnect", actor: { userId: "ada" }, requestId: "request-7", outcome: "done" },
    ]);
  });

  it("why a token was asked for, as an argument, a parameter and a header say", async () => {
    const { test: connected, ada } = await startConnected({ database });
    test = connected;
    await ada.graphql(`{ connectionToken(where: { slug: "test" }, purpose: "a report") }`, {}, { "x-purpose": "any" });
    await ada.graphql(`{ connection(where: { slug: "test" }) { authorization { accessToken } } }`, {}, { "x-purpose": "a sync" });
    await callerOf(test, { authorization: `Bearer ${await ada.bearer()}` })("GET", "/platform_user/connections/test?purpose=by%20REST");
    const tooLong = await ada.graphql(`{ viewer { id } }`, {}, { "x-purpose": "x".repeat(201) });
    expect(tooLong.errors[0]).toMatchObject({ message: expect.stringContaining("X-Purpose"), extensions: { code: "BAD_USER_INPUT" } });
    expect((await readAudit("token.read")).map(({ purpose }) => purpose)).toEqual(["a report", "a sync", "by REST"]);
  });

  it("when a connection was last used, which the connection says", async () => {
    const { test: connected, ada } = await startConnected({ database });
    test = connected;
    const read = async () => (await ada.graphql(`{ connections { lastUsedAt } }`)).data.connections;
    expect(await read()).toEqual([{ lastUsedAt: null }]);
    const usedAt = new Date(test.clock.now());
    await askToken(ada);
    await readAudit();
    expect(await read()).toEqual([{ lastUsedAt: usedAt.toISOString() }]);
  });

  it("no person any more once they are forgotten, and verifies", async () => {
    const { test: connected, ada } = await startConnected({ database });
    test = connected;
    const { connection } = await askToken(ada);
    const before = await readAudit("token.read");
    const services = await openServices(test.config, test.clock, createLog("silent"));
    expect(await services.audit.forget("ada", [connection?.id ?? ""])).toBe(true);
    expect(await services.audit.lastUsedAt(connection?.id ?? "")).toBeNull();
    expect(JSON.stringify(await services.database.query.selectFrom("persons").selectAll().execute())).not.toMatch(/\bada\b/);
    await services.close();
    const [row] = await readAudit("token.read");
    expect(row).toMatchObject({
      actor: { userId: null, person: before[0]?.actor.person },
      owner: { id: null },
      address: null,
      agent: null,
    });
  });

  it("what it has for servers, page by page and by what they filter, and for no user", async () => {
    const { test: connected, ada } = await startConnected({ database });
    test = connected;
    const server = await createServerHeaders(test);
    const token = await askToken(ada);
    await (await test.signIn("bob")).connect();
    await readAudit();
    const query = `query ($after: String, $filter: AuditFilter) {
      auditEvents(first: 2, after: $after, filter: $filter) {
        edges { node { action outcome actor { kind userId } owner { id } connectionId } } pageInfo { hasNextPage endCursor } totalCount
      }
    }`;
    const ask = async (variables: object) => (await test.graphql(query, { ...variables }, server)).data.auditEvents;
    const filter = { user: "ada", connection: token.connection?.id };
    const first = await ask({ filter });
    expect(first.totalCount).toBe(3);
    expect(first.edges[0].node).toEqual({
      action: "token.read",
      outcome: "AccessToken",
      actor: { kind: "USER", userId: "ada" },
      owner: { id: "ada" },
      connectionId: token.connection?.id,
    });
    const second = await ask({ filter, after: first.pageInfo.endCursor });
    const actions = [...first.edges, ...second.edges].map(({ node }: { node: { action: string } }) => node.action);
    expect(actions).toEqual(["token.read", "connection.connect", "connection.start"]);
    expect(second.pageInfo.hasNextPage).toBe(false);
    const { nodeId } = (await test.graphql(`{ auditEvents(first: 1) { edges { node { nodeId } } } }`, {}, server)).data.auditEvents.edges[0]
      .node;
    const node = `query ($nodeId: ID!) { node(nodeId: $nodeId) { nodeId } }`;
    expect((await test.graphql(node, { nodeId }, server)).data.node).toEqual({ nodeId });
    expect((await ada.graphql(node, { nodeId })).data.node).toBeNull();
    expect((await ask({ filter: { action: "token.read", user: "bob" } })).edges).toEqual([]);
    expect((await ask({ filter: { since: new Date(test.clock.now() + HOUR_MS).toISOString() } })).totalCount).toBe(0);
    expect((await ada.graphql(`{ auditEvents { totalCount } }`)).errors[0]?.extensions.code).toBe("FORBIDDEN");
  });

  it("users that a server makes known or signs out", async () => {
    test = await startTestApp({ database });
    const server = await createServerHeaders(test);
    await test.graphql(`mutation { provisionUser(input: { id: "eve" }) { token } }`, {}, server);
    await test.graphql(`mutation { revokeUserTokens(input: { id: "eve" }) { user { id } } }`, {}, server);
    await test.graphql(`mutation { revokeUserTokens(input: { id: "none" }) { user { id } } }`, {}, server);
    expect(await readAudit()).toMatchObject([
      { action: "user.provision", actor: { kind: "platform" }, owner: { id: "eve" } },
      { action: "user.revoke", owner: { id: "eve" }, outcome: "done" },
      { action: "user.revoke", owner: null, outcome: "NOT_FOUND" },
    ]);
  });

  it("what a server does with connections and users", async () => {
    const { test: connected, ada } = await startConnected({ database });
    test = connected;
    const server = await createServerHeaders(test);
    const { connection } = await askToken(ada);
    const id = connection?.id;
    const act = async (mutation: string, input: object) => {
      const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
      return test.graphql(`mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`, { input }, { ...server, ...sent });
    };
    for (const mutation of ["refreshConnection", "disableConnection", "disconnectConnection"])
      expect((await act(mutation, { id })).errors).toEqual([]);
    await act("disconnectConnection", { id: randomUUID() });
    expect((await act("revokeSessions", { id: "ada" })).errors).toEqual([]);
    const by = { actor: { kind: "platform" }, requestId: "request-7" };
    const actions = ["connection.refresh", "connection.disable", "connection.disconnect", "session.revoke"];
    expect(await readAudit(...actions)).toMatchObject([
      { ...by, action: "connection.refresh", connectionId: id, owner: { id: "ada" }, outcome: "refreshed" },
      { ...by, action: "connection.disable", connectionId: id, outcome: "done" },
      { ...by, action: "connection.disconnect", connectionId: id, outcome: "done" },
      { ...by, action: "connection.disconnect", outcome: "NOT_FOUND" },
      { ...by, action: "session.revoke", owner: { id: "ada" }, outcome: "done" },
    ]);
  });

  it("each connection that a server imports, and none of a dry run or a refused one", async () => {
    test = await startTestApp({ database });
    const server = await createServerHeaders(test);
    const mutation = `mutation ($input: ImportConnectionsInput!) { importConnections(input: $input) { results { connection { id } } } }`;
    const one = { connector: "test", accessToken: "imported-token" };
    const connections = [{ ...one, userId: "ada" }, { ...one, groupId: "acme" }, one];
    await test.graphql(mutation, { input: { connections, dryRun: true } }, server);
    const { data } = await test.graphql(mutation, { input: { connections } }, { ...server, ...sent });
    const [ada, acme] = data.importConnections.results;
    const by = { actor: { kind: "platform" }, requestId: "request-7", connector: "test", outcome: "imported" };
    expect(await readAudit("connection.import")).toMatchObject([
      { ...by, owner: { kind: "user", id: "ada" }, connectionId: ada.connection.id },
      { ...by, owner: { kind: "group", id: "acme" }, connectionId: acme.connection.id },
    ]);
  });

  it("that a server deleted a user, under a name that leads to no person, and that there was none", async () => {
    const { test: connected } = await startConnected({ database });
    test = connected;
    const server = { ...(await createServerHeaders(test)), ...sent };
    const mutation = `mutation { deleteUser(input: { id: "ada" }) { userId } }`;
    for (let times = 0; times < 2; times += 1) await whileTimePasses(test, test.graphql(mutation, {}, server));
    const by = { actor: { kind: "platform" }, requestId: "request-7" };
    expect(await readAudit("user.erase")).toMatchObject([
      { ...by, outcome: "done", owner: { kind: "user", id: null, person: expect.stringMatching(/^[\w-]{22}$/) } },
      { ...by, outcome: "NOT_FOUND", owner: null },
    ]);
  });

  it("no token, no code, no key and no label of an account", async () => {
    const { test: connected, ada } = await startConnected({ database });
    test = connected;
    await askToken(ada);
    test.clock.advance(2 * HOUR_MS);
    await askToken(ada);
    const server = await createServerHeaders(test);
    await test.graphql(`{ user(id: "ada") { connectionToken(where: { slug: "test" }) } }`, {}, server);
    const { data } = await ada.graphql(`{ connection(where: { slug: "test" }) { authorization { displayLabel } } }`);
    const records = await readAudit();
    expect(records.length).toBeGreaterThan(4);
    const cookies = ada.browser.cookies("").map(([, value]) => value);
    const secrets = [...test.provider.issuedSecrets, ...cookies, server.authorization.split(" ")[1], await ada.bearer()];
    const text = JSON.stringify(records);
    for (const secret of [...secrets, data.connection.authorization.displayLabel]) expect(text).not.toContain(secret);
  });
});

describe("A request's id", () => {
  it.each([
    ["is what the header says", "abc-123", true],
    ["is a new one where the header is too long", "x".repeat(129), false],
    ["is a new one where the header has other characters", "a b", false],
  ])("%s", async (_name, id, isKept) => {
    test = await startTestApp();
    const { headers } = await test.graphql(`{ platform { name } }`, {}, { "x-request-id": id });
    const answered = headers.get("x-request-id");
    expect(answered === id).toBe(isKept);
    expect(answered).toMatch(/^[\w-]+$/);
    expect(test.logged.filter((line) => line.includes(`"requestId":"${answered}"`))).toHaveLength(1);
  });
});
