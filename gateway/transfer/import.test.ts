import { describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { importInto, issueLine } from "../../test/support/importing.ts";
import { startTestApp } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore, isAccepted, onlyAuthorization } from "../../test/support/vault.ts";
import { twoKinds } from "../../test/support/two-kinds.ts";

const account = { id: "a-1", label: "Ada at work" };
const single = { connector: { supports_multiple_connections: false } };

describe.each(databaseKinds)("an import on %s", (database) => {
  it("stores connections whose tokens are given at once, and refreshed when it is time", async () => {
    const test = await startTestApp({ database });
    const line = issueLine(test, { name: "Ada" }, account);
    const results = await importInto(test, [line]);
    expect(results).toMatchObject([{ line: 1, status: "imported", owner: { kind: "user", id: "ada" }, connector: "test", messages: [] }]);
    const ada = await test.signIn("ada");
    expect(await askToken(ada)).toMatchObject({ value: line.access_token, scopes: ["read", "write"], missingScopes: [] });
    test.clock.advance(2 * HOUR_MS);
    const { value } = await askToken(ada);
    expect(value).not.toBe(line.access_token);
    expect(await isAccepted(test, value)).toBe(true);
    const { data } = await ada.graphql(
      `{ viewer { name } connections { id enabled authorization { displayLabel health connectedBy { id } } } }`,
    );
    expect(data).toEqual({
      viewer: { name: "Ada" },
      connections: [
        {
          id: results[0]?.connectionId,
          enabled: true,
          authorization: { displayLabel: account.label, health: "WORKING", connectedBy: { id: "ada" } },
        },
      ],
    });
    await test.close();
  });

  it("is refused an id that another import, at the same time, has given to another owner", async () => {
    const test = await startTestApp({ database });
    const id = "11111111-1111-4111-8111-111111111111";
    const lines = ["ada", "grace"].map((user) => issueLine(test, { user, id, import_id: user }));
    const imported = await Promise.all(lines.map((line) => importInto(test, [line])));
    expect(
      imported
        .flat()
        .map(({ status }) => status)
        .toSorted(),
    ).toEqual(["imported", "refused"]);
    await test.close();
  });

  it("is seen at once by a gateway that has looked before", async () => {
    const test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    expect(await askToken(ada)).toMatchObject({ __typename: "NotConnected" });
    const line = issueLine(test);
    await importInto(test, [line]);
    await expect.poll(async () => (await askToken(ada)).value).toBe(line.access_token);
    await test.close();
  });

  it("that is repeated imports nothing twice, also after its user has disconnected", async () => {
    const test = await startTestApp({ database });
    const lines = [issueLine(test, {}, account), issueLine(test, { user: "grace" }), issueLine(test, { user: "bob" })];
    await importInto(test, lines.slice(0, 2));
    const ada = await test.signIn("ada");
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    const again = await importInto(test, lines);
    expect(again.map(({ status }) => status)).toEqual(["skipped", "skipped", "imported"]);
    expect(again[0]?.messages).toEqual(["It was already imported."]);
    expect(await inStore(test, (query) => query.selectFrom("connections").select("id").execute())).toHaveLength(3);
    expect(await askToken(ada)).toMatchObject({ __typename: "NotConnected" });
    await test.close();
  });

  it("says in a dry run what would become of each line, and writes nothing", async () => {
    const test = await startTestApp({ database, ...single });
    const line = issueLine(test);
    const lines = [line, line, issueLine(test, { import_id: "another" }), { ...line, connector: "none" }, "{"];
    const dry = await importInto(test, lines, { isDryRun: true });
    expect(dry.map(({ status }) => status)).toEqual(["imported", "skipped", "kept", "refused", "refused"]);
    const count = await inStore(test, (query) => query.selectFrom("connections").select("id").execute());
    const users = await inStore(test, (query) => query.selectFrom("users").select("id").execute());
    expect({ count, users }).toEqual({ count: [], users: [] });
    const wet = await importInto(test, lines);
    expect(wet.map(({ status, messages }) => [status, messages])).toEqual(dry.map(({ status, messages }) => [status, messages]));
    await test.close();
  });

  it("never changes a connection that works, nor one that was disconnected here", async () => {
    const test = await startTestApp({ database, ...single });
    const [ada, bob] = [await test.signIn("ada"), await test.signIn("bob")];
    for (const user of [ada, bob]) await user.connect();
    await bob.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    const { value } = await askToken(ada);
    const results = await importInto(test, [issueLine(test), issueLine(test, { user: "bob" })]);
    expect(results.map(({ status, messages: [message] }) => [status, message])).toEqual([
      ["kept", "Its owner already has a working connection of this connector: nothing was changed."],
      ["kept", "Its connection was disconnected here: nothing was changed."],
    ]);
    expect((await askToken(ada)).value).toBe(value);
    expect(await askToken(bob)).toMatchObject({ __typename: "NotConnected" });
    await test.close();
  });

  it("mends a connection that is broken, and finishes one that was only started, under their ids", async () => {
    const test = await startTestApp({ database, ...single });
    const [ada, bob] = [await test.signIn("ada"), await test.signIn("bob")];
    await ada.connect();
    test.provider.controls.revokeGrants();
    test.clock.advance(2 * HOUR_MS);
    expect(await askToken(ada)).toMatchObject({ __typename: "ReconnectRequired" });
    await bob.browser.fetch("/connect/test");
    const before = await inStore(test, (query) => query.selectFrom("connections").select("id").orderBy("id").execute());
    const lines = [issueLine(test), issueLine(test, { user: "bob" })];
    expect((await importInto(test, lines)).map(({ status }) => status)).toEqual(["imported", "imported"]);
    expect(await inStore(test, (query) => query.selectFrom("connections").select("id").orderBy("id").execute())).toEqual(before);
    for (const [index, user] of [ada, bob].entries())
      await expect.poll(async () => (await askToken(user)).value).toBe(lines[index]?.access_token);
    await test.close();
  });

  it("gives one owner several accounts, and a group its connections", async () => {
    const test = await startTestApp({ database });
    const lines = [
      issueLine(test, {}, account),
      issueLine(test, {}, { id: "a-2", label: "Ada at home" }),
      issueLine(test, { user: null, group: "acme", connected_by: "grace" }, { id: "g-1", label: "Acme" }),
    ];
    expect((await importInto(test, lines)).map(({ status }) => status)).toEqual(["imported", "imported", "imported"]);
    const ada = await test.signIn("ada");
    expect((await ada.graphql(`{ connections { id } }`)).data.connections).toHaveLength(2);
    const grace = await test.signIn("grace", "acme");
    expect((await grace.graphql(`{ connections { authorization { connectedBy { id } } } }`)).data.connections).toEqual([
      { authorization: { connectedBy: { id: "grace" } } },
    ]);
    await test.close();
  });

  it("keeps each kind of token of a consent", async () => {
    const test = await startTestApp({ database, ...twoKinds() });
    const [bot, user] = [issueLine(test), issueLine(test)];
    const further = [{ token_kind: "user", access_token: user.access_token, scopes: ["me"] }];
    expect(await importInto(test, [{ ...bot, further }])).toMatchObject([{ status: "imported" }]);
    const ada = await test.signIn("ada");
    const ask = async (kind: string) =>
      (await ada.graphql(`{ connectionToken(where: { slug: "test" }, kind: "${kind}") }`)).data.connectionToken;
    expect([await ask("bot"), await ask("user")]).toEqual([bot.access_token, user.access_token]);
    await test.close();
  });

  it("does not give an account to a second owner where the connector refuses that", async () => {
    const test = await startTestApp({ database, connector: { shared_accounts: "refuse" } });
    const line = (user: string) => issueLine(test, { user }, account);
    const results = await importInto(test, [line("ada"), line("bob"), issueLine(test, { user: "eve" })]);
    const later = await importInto(test, [line("grace")]);
    expect([...results, ...later].map(({ status }) => status)).toEqual(["imported", "refused", "refused", "refused"]);
    await test.close();
  });

  it("stores tokens sealed, and rows that verify", async () => {
    const test = await startTestApp({ database });
    const line = issueLine(test);
    await importInto(test, [line]);
    const row = await onlyAuthorization(test);
    expect(row).toMatchObject({ sealed_access_token: expect.stringMatching(/^s1\.test\./), mac: expect.stringMatching(/^m2\.test\./) });
    expect(JSON.stringify(row)).not.toContain(line.access_token);
    expect(JSON.stringify(row)).not.toContain(line.refresh_token);
    await test.close();
  });
});

describe("a line of an import is refused", () => {
  const token = "planted-token";
  it.each<[string, Record<string, unknown> | string, string[]]>([
    ["that is no JSON", `{"access_token":"${token}"`, ["The line is not JSON."]],
    ["that is no object", "[]", ["The connection: must be an object."]],
    [
      "with each of its problems",
      { user: "", connector: "Test!", access_token: token, expires_at: "tomorrow" },
      ["expires_at: must be a time such as 2026-11-27T12:00:00Z.", "user: must not be empty.", "connector: must be a slug"],
    ],
    ["without an owner", { connector: "test", access_token: token }, ["user: must name a user, or group must name a group, but not both."]],
    ["with two owners", { user: "a", group: "b", connector: "test", access_token: token }, ["user: must name a user, or group"]],
    ["with a word that is unknown", { user: "a", connector: "test", access_token: token, tokn: token }, ["tokn: is not a known field."]],
    [
      "of an unknown connector",
      { user: "a", connector: "none", access_token: token },
      ['connector: the configuration has no connector "none"'],
    ],
    ["without a token", { user: "a", connector: "test" }, ["access_token: is required, because Test uses OAuth."]],
    [
      "of another client",
      { user: "a", connector: "test", access_token: token, client_id: "other" },
      ["client_id: Test is configured with"],
    ],
    ["of an unknown kind", { user: "a", connector: "test", access_token: token, token_kind: "bot" }, ["token_kind: Test has one kind"]],
    [
      "with unknown values",
      { user: "a", connector: "test", access_token: token, metadata: { x: token } },
      ["metadata.x: Test does not have"],
    ],
    [
      "with a field too many",
      { user: "a", connector: "test", access_token: token, fields: { x: token } },
      ['fields: Test asks for no field "x".'],
    ],
    ["without its key", { user: "a", connector: "keyed" }, ["fields: API key is missing."]],
  ])("%s, and no value of it is told", async (_what, line, sentences) => {
    const test = await startTestApp({
      connectors: [{ slug: "keyed", name: "Keyed", collect: { fields: [{ name: "key", label: "API key", secret: true }] } }],
    });
    const [result] = await importInto(test, [line]);
    expect(result?.status).toBe("refused");
    expect(result?.messages).toEqual(sentences.map((sentence) => expect.stringContaining(sentence)));
    expect(JSON.stringify(result)).not.toContain(token);
    await test.close();
  });
});

describe("an import of an API key", () => {
  it("takes it as a field, or as the access token", async () => {
    const keyed = { slug: "keyed", name: "Keyed", collect: { fields: [{ name: "key", label: "API key", secret: true }] } };
    const test = await startTestApp({ connectors: [keyed] });
    const lines = [
      { user: "ada", connector: "keyed", fields: { key: "k-1" } },
      { user: "bob", connector: "keyed", access_token: "k-2" },
    ];
    expect((await importInto(test, lines)).map(({ status }) => status)).toEqual(["imported", "imported"]);
    const values = [];
    for (const id of ["ada", "bob"]) values.push((await askToken(await test.signIn(id), { where: { slug: "keyed" } })).value);
    expect(values).toEqual(["k-1", "k-2"]);
    await test.close();
  });
});
