import { writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { importInto, issueLine } from "../../test/support/importing.ts";
import { ask, sendTo, startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { askToken, inStore, spooledFiles } from "../../test/support/vault.ts";
import { withVault } from "../commands/with-vault.ts";
import { FLUSH_INTERVAL_MS } from "../custody/audit-flushing.ts";
import { theOperator } from "../custody/audit-event.ts";
import { recordErasing } from "../custody/record-erasing.ts";
import { createLog } from "../runtime/log.ts";
import { openServices, type Services } from "../services.ts";
import { createTransfer, type Transfer } from "./transfer.ts";

const account = { id: "account-of-ada", label: "ada@home.example" };

/** Erases or describes as a process of its own does. */
async function inTransfer<Answer>(test: TestApp, act: (transfer: Transfer, services: Services) => Promise<Answer>): Promise<Answer> {
  const { config, clock } = test;
  const log = createLog("silent");
  const services = await openServices(config, clock, log);
  try {
    return await withVault(services, config, ({ revoker, spool }) =>
      act(createTransfer({ ...services, ...config, clock, log, revoker, spool }), services),
    );
  } finally {
    await services.close();
  }
}

const erase = (test: TestApp, id: string) =>
  inTransfer(test, async (transfer, { audit }) => {
    const erased = await transfer.eraseUser(id);
    await recordErasing(audit, id, erased, { actor: theOperator });
    return erased;
  });

/** Every value of every column of every table, with its place. */
async function readEverything(test: TestApp): Promise<{ place: string; text: string }[]> {
  return inStore(test, async (query) => {
    const tables = await query.introspection.getTables({ withInternalKyselyTables: true });
    const values: { place: string; text: string }[] = [];
    for (const { name } of tables) {
      const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(name)}`.execute(query);
      for (const row of rows)
        for (const [column, value] of Object.entries(row)) values.push({ place: `${name}.${column}`, text: String(value) });
    }
    return values;
  });
}

const placesOf = async (test: TestApp, words: readonly string[]): Promise<string[]> => {
  const found = (await readEverything(test)).filter(({ text }) => words.some((word) => text.includes(word)));
  return [...new Set(found.map(({ place }) => place))].toSorted();
};

/** A user with all that can be stored of one: in the store of their own, in a group's, started, finished and counted. */
async function startWithPerson(database: (typeof databaseKinds)[number]) {
  const test = await startTestApp({ database });
  await importInto(test, [issueLine(test, { user: "u-ada-1", name: "Ada Lovelace", import_id: "of-u-ada-1" }, account)]);
  const ada = await test.signIn("u-ada-1");
  const tokens = [(await askToken(ada)).value ?? ""];
  await ada.browser.fetch("/connect/test");
  await test.app.provisionUser({ id: "u-ada-1", groupId: "acme" });
  await ada.connect();
  await ada.browser.fetch("/connect/test");
  await test.app.provisionUser({ id: "u-ada-1", groupId: null });
  const grace = await test.signIn("grace", "acme");
  await inStore(test, async (query) => {
    const row = { key: "connect user u-ada-1", drained_at: test.clock.now() + 60_000 };
    await query.insertInto("rates").values(row).execute();
    const operating = {
      id: "o-1",
      secret_hash: "",
      key_id: null,
      user_id: "u-ada-1",
      rule: "",
      created_at: 0,
      expires_at: 1,
      mac: "m2.test.x",
    };
    await query.insertInto("operator_sessions").values(operating).execute();
    const attempt = { authorization_id: "a-1", connection_id: "c-1", owner_kind: "user" as const, owner_id: "u-ada-1", user_id: "u-ada-1" };
    const more = { connector_slug: "test", started_at: 0, expires_at: test.clock.now() + 60_000 };
    await query
      .insertInto("upstream_attempts")
      .values({ ...attempt, ...more })
      .execute();
  });
  // What the gateway has recorded until now is in the store.
  test.clock.advance(2 * FLUSH_INTERVAL_MS);
  const uses = () => inStore(test, (query) => query.selectFrom("connection_uses").select("connection_id").execute());
  await expect.poll(uses).not.toEqual([]);
  return { test, ada, grace, tokens };
}

describe.each(databaseKinds)("a user who is erased on %s", (database) => {
  it("leaves nothing in any column of any table but what their group has connected, without their name", async () => {
    const { test, grace, tokens } = await startWithPerson(database);
    const words = ["u-ada-1", "Ada Lovelace", account.id, account.label, ...tokens];
    expect(await placesOf(test, words)).toEqual(
      expect.arrayContaining([
        "attempts.user_id",
        "authorizations.account_id",
        "authorizations.started_by",
        "connections.owner_id",
        "operator_sessions.user_id",
        "users.name",
      ]),
    );
    const own = (
      await inStore(test, (query) => query.selectFrom("connections").selectAll().where("owner_kind", "=", "user").execute())
    ).map(({ id }) => id);
    const erased = await erase(test, "u-ada-1");
    expect(await placesOf(test, words)).toEqual([]);
    // The audit keeps what was done, with ids that lead to no person.
    expect((await placesOf(test, own)).filter((place) => !place.startsWith("audit_events."))).toEqual([]);
    expect(erased).toMatchObject({
      connections: expect.arrayContaining([{ id: own[0], connector: "test", revocation: expect.any(String) }]),
      groupConnections: expect.arrayContaining([{ id: expect.any(String), connector: "test", group: "acme" }]),
      rows: { users: 1, imports: 1, rates: 1, upstream_attempts: 1 },
    });
    expect(await askToken(grace)).toMatchObject({ __typename: "TokenWithheld" });
    const { data } = await grace.graphql(`{ connections { enabled authorization { connectedBy { id } } } }`);
    expect(data.connections).toEqual([{ enabled: true, authorization: { connectedBy: null } }]);
    await test.close();
  });

  it("has their grants revoked at the provider, and is told of one that could not be", async () => {
    const { test } = await startWithPerson(database);
    const before = test.provider.revocations.length;
    const erased = await erase(test, "u-ada-1");
    expect(erased?.connections.map(({ revocation }) => revocation).toSorted()).toEqual(["revoked"]);
    expect(test.provider.revocations).toHaveLength(before + 1);
    const bob = await test.signIn("bob");
    await bob.connect();
    await test.provider.close();
    expect((await erase(test, "bob"))?.connections).toMatchObject([{ connector: "test", revocation: "failed" }]);
    expect(await placesOf(test, ["bob"])).toEqual([]);
    await test.close();
  });

  it("is signed out at once in every process, and is as new when they come again", async () => {
    const { test, ada } = await startWithPerson(database);
    const bearer = await ada.bearer();
    const viewer = () => ask(sendTo(test.app), "{ viewer { id } }", {}, { authorization: `Bearer ${bearer}` });
    expect((await viewer()).data.viewer).toEqual({ id: "u-ada-1" });
    await erase(test, "u-ada-1");
    await expect.poll(async () => (await viewer()).errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
    const again = await test.signIn("u-ada-1");
    expect((await again.graphql(`{ viewer { name } connections { id } }`)).data).toEqual({ viewer: { name: null }, connections: [] });
    await test.close();
  });

  it("leaves an audit that verifies, and says under a pseudonym that it was done", async () => {
    const { test } = await startWithPerson(database);
    await erase(test, "u-ada-1");
    await test.app.close();
    const events = await inStore(test, (query) => query.selectFrom("audit_events").select(["action", "subject"]).execute());
    expect(events).toContainEqual({ action: "user.erase", subject: expect.stringMatching(/^[\w-]{22}$/) });
    expect(await inStore(test, (query) => query.selectFrom("persons").select("user_id").execute())).not.toContainEqual({
      user_id: "u-ada-1",
    });
    expect(await placesOf(test, ["u-ada-1"])).toEqual([]);
    await test.close();
  });

  it("who is unknown is told as unknown", async () => {
    const test = await startTestApp({ database });
    expect(await erase(test, "nemo")).toBeNull();
    expect(await inTransfer(test, (transfer) => transfer.describeUser("nemo"))).toBeNull();
    await test.close();
  });

  it("is described before that with all that is held, and no secret", async () => {
    const { test, tokens } = await startWithPerson(database);
    const held = await inTransfer(test, (transfer) => transfer.describeUser("u-ada-1"));
    expect(held).toMatchObject({
      user: { id: "u-ada-1", name: "Ada Lovelace" },
      sessions: [{ ended_at: null }],
      rates: [{ counted: "connect" }],
      connections: expect.arrayContaining([
        expect.objectContaining({
          connector: "test",
          last_used_at: expect.stringMatching(/Z$/),
          history: expect.arrayContaining([expect.objectContaining({ kind: "connected", by: "u-ada-1" })]),
          authorizations: expect.arrayContaining([
            expect.objectContaining({ account_label: account.label, scopes: ["read", "write"], sealed: ["access_token", "refresh_token"] }),
          ]),
        }),
      ]),
      group_connections: expect.arrayContaining([expect.objectContaining({ group: "acme", connector: "test" })]),
    });
    const text = JSON.stringify(held);
    for (const secret of [...tokens, ...test.provider.issuedSecrets]) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/s1\.test\./);
    await test.close();
  });
});

describe("new tokens of an erased user that wait for the store", () => {
  it("are deleted with them", async () => {
    const { test } = await startWithPerson("sqlite");
    const [row] = await inStore(test, (query) =>
      query
        .selectFrom("authorizations")
        .innerJoin("connections", "connections.id", "authorizations.connection_id")
        .select(["authorizations.id as authorizationId", "connections.id as connectionId"])
        .where("owner_kind", "=", "user")
        .where("status", "=", "active")
        .execute(),
    );
    const { config, clock } = test;
    const services = await openServices(config, clock, createLog("silent"));
    const columns = {
      sealed_access_token: "x",
      sealed_refresh_token: null,
      token_type: "bearer",
      granted_scopes: "[]",
      issued_at: 1,
      expires_at: null,
      version: 2,
    };
    const name = `${row?.authorizationId}.1.sealed`;
    mkdirSync(config.spoolDirectory, { recursive: true });
    const sealed = services.sealer.seal(JSON.stringify({ ...row, version: 1, columns }), `spool:${name}`);
    writeFileSync(join(config.spoolDirectory, name), sealed);
    await services.close();
    expect(spooledFiles(test)).toHaveLength(1);
    await erase(test, "u-ada-1");
    expect(spooledFiles(test)).toEqual([]);
    await test.close();
  });
});
