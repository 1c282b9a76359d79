import { randomBytes } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import { createApp } from "../app.ts";
import { theOperator } from "../custody/audit-event.ts";
import { deleteExpired } from "../custody/audit-retention.ts";
import { createLog } from "../runtime/log.ts";
import { openServices } from "../services.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { basicOf } from "../../test/support/caller.ts";
import { ask, COOKIES, sendTo, startTestApp, type TestApp, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore } from "../../test/support/vault.ts";
import { macColumns, readCovered } from "./covered-rows.ts";
import { reseal } from "./reseal.ts";
import { createRowMacs, type RowMacs } from "./row-macs.ts";
import { createSealer, createSecret, hashSecret } from "./sealing.ts";

let test: TestApp;
afterEach(() => test.close());

/** Asks another process, whose caches know nothing of what was there before. */
async function askElsewhere(query: string, headers: Record<string, string>) {
  return ask(sendTo(await test.startTwin()), query, {}, headers);
}

/** Rows with a known HMAC of another key: a writer of the store can copy its form. */
const forged = "m1.test.".padEnd(51, "A");

const log = createLog("silent");

async function expectAllToVerify(macs: RowMacs, tables = 0): Promise<void> {
  const found = new Set<string>();
  await inStore(test, async (query) => {
    for (const { table } of macColumns) {
      const rows = await readCovered(query, table, { after: "", limit: 100 });
      expect([table, rows.map((row) => macs.verify(table, row))]).toEqual([table, rows.map(() => true)]);
      if (rows.length > 0) found.add(table);
    }
  });
  expect(found.size).toBeGreaterThanOrEqual(tables);
}

const refusals = () => test.logged.filter((line) => line.includes("does not verify and is refused")).map((line) => JSON.parse(line).table);

describe.each(databaseKinds)("A row that grants power is accepted only with the gateway's HMAC, on %s", (database) => {
  it.each([null, forged])("an API key (HMAC %s)", async (mac) => {
    test = await startTestApp({ database });
    const [id, secret] = [`pk_${randomBytes(16).toString("base64url")}`, `sk_${createSecret()}`];
    const row = { id, secret_hash: hashSecret(secret), name: null, created_at: 1, last_used_at: null, revoked_at: null, mac };
    await inStore(test, (query) => query.insertInto("api_keys").values(row).execute());
    const { errors } = await askElsewhere(`{ user(id: "ada") { id } }`, { authorization: basicOf({ id, secret }) });
    expect(errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
    expect(refusals()).toContain("api_keys");
  });

  it("a signing key", async () => {
    test = await startTestApp({ database });
    await test.signIn("ada");
    const { privateKey, publicKey } = await generateKeyPair("EdDSA", { crv: "Ed25519" });
    const row = { id: "forged", public_jwk: JSON.stringify(await exportJWK(publicKey)), sealed_private_jwk: "s1.test.", created_at: 1 };
    await inStore(test, (query) =>
      query
        .insertInto("signing_keys")
        .values({ ...row, retired_at: null, mac: forged })
        .execute(),
    );
    const claims = new SignJWT({}).setIssuer(test.config.publicUrl).setAudience("xkit-gateway").setSubject("ada");
    const now = Math.floor(test.clock.now() / 1000);
    const header = { alg: "EdDSA", kid: "forged", typ: "user+jwt" };
    const token = await claims
      .setIssuedAt(now)
      .setExpirationTime(now + 600)
      .setProtectedHeader(header)
      .sign(privateKey);
    const { errors } = await askElsewhere(`{ viewer { groupId } }`, { authorization: `Bearer ${token}` });
    expect(errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
    expect(refusals()).toContain("signing_keys");
  });

  it("a session, and one whose end or expiry was changed", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const secret = createSecret();
    const cookie = (value: string) => ({ cookie: `${COOKIES.session.name}=${value}`, origin: WEB_ORIGIN });
    const own = ada.browser.cookie(COOKIES.session.name) ?? "";
    await inStore(test, async (query) => {
      const [row] = await query.selectFrom("sessions").selectAll().execute();
      if (row)
        await query
          .insertInto("sessions")
          .values({ ...row, id: "forged", secret_hash: hashSecret(secret) })
          .execute();
    });
    const refresh = `mutation { refreshSession { token } }`;
    expect((await askElsewhere(refresh, cookie(own))).errors).toEqual([]);
    expect((await askElsewhere(refresh, cookie(secret))).errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
    await inStore(test, (query) => query.updateTable("sessions").set({ expires_at: 9e15 }).execute());
    expect((await askElsewhere(refresh, cookie(own))).errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
    expect(refusals()).toEqual(["sessions", "sessions"]);
  });

  it("a one-time token", async () => {
    test = await startTestApp({ database });
    const token = createSecret();
    const row = { hash: hashSecret(token), user_id: "ada", expires_at: 9e15, used_at: null, mac: forged };
    await inStore(test, (query) => query.insertInto("one_time_tokens").values(row).execute());
    const services = await openServices(test.config, test.clock, createLog("silent"));
    expect(await services.auth.oneTimeTokens.redeem(token)).toBeNull();
    await services.close();
  });

  it("a user's group: the user is refused until the platform says again who they are", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const authorization = `Bearer ${await ada.bearer()}`;
    await inStore(test, (query) => query.updateTable("users").set({ group_id: "acme" }).execute());
    const { errors } = await askElsewhere(`{ viewer { groupId } }`, { authorization });
    expect(errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
    expect(refusals()).toContain("users");
    const twin = await test.startTwin();
    test.clock.advance(1_000);
    const { token } = await twin.provisionUser({ id: "ada" });
    const after = await ask(sendTo(twin), `{ viewer { groupId } }`, {}, { authorization: `Bearer ${token}` });
    expect(after.data).toEqual({ viewer: { groupId: null } });
  });

  it("a grant's expiry", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    await inStore(test, (query) => query.updateTable("authorizations").set({ expires_at: 9e15 }).execute());
    test.clock.advance(HOUR_MS);
    expect(await askToken(ada, { via: await test.startTwin() })).toMatchObject({ __typename: "ConnectorMisconfigured" });
    expect(refusals()).toContain("authorizations");
  });

  it("a grant's owner", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const eve = await test.signIn("eve");
    await ada.connect();
    await inStore(test, (query) => query.updateTable("connections").set({ owner_id: "eve" }).execute());
    expect(await askToken(eve, { via: await test.startTwin() })).toMatchObject({ __typename: "ConnectorMisconfigured" });
    expect(refusals()).toContain("authorizations");
  });

  it("a grant's connector, to whose provider its tokens are sent", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    await inStore(test, (query) => query.updateTable("connections").set({ connector_slug: "other" }).execute());
    const via = await test.startTwin({ slug: "other" });
    expect(await askToken(ada, { via, where: { slug: "other" } })).toMatchObject({ __typename: "ConnectorMisconfigured" });
    expect(refusals()).toContain("authorizations");
  });

  it("a started authorization, so that no account is put into another user's connection", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const eve = await test.signIn("eve");
    await ada.connect();
    const started = await eve.browser.fetch("/connect/test");
    await inStore(test, async (query) => {
      const { authorization_id } = await query.selectFrom("attempts").selectAll().where("user_id", "=", "ada").executeTakeFirstOrThrow();
      await query.updateTable("attempts").set({ authorization_id, user_id: "ada" }).where("user_id", "=", "eve").execute();
    });
    const callback = await test.provider.authorize(started.headers.get("location") ?? "");
    expect((await eve.browser.fetch(callback.href)).status).toBe(404);
    expect(refusals()).toContain("attempts");
  });

  it("and each row that a gateway writes has one, after every kind of change", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada", "acme");
    await ada.connect();
    test.clock.advance(HOUR_MS);
    await askToken(ada);
    await ada.connect();
    await ada.graphql(`mutation { connect(slug: "test") { id } }`);
    await test.app.provisionUser({ id: "ada", groupId: null });
    await (await test.signIn("bob")).connect();
    const services = await openServices(test.config, test.clock, createLog("silent"));
    const { id, secret } = await services.auth.apiKeys.create(null);
    await services.auth.operators.signIn({ publishableKey: id, secretKey: secret });
    expect(await services.auth.apiKeys.revoke(id)).toBe(true);
    await services.auth.oneTimeTokens.redeem((await services.auth.oneTimeTokens.create("ada")).token);
    const session = await services.auth.sessions.start("ada");
    await services.auth.sessions.end(session.id);
    await services.auth.signingKeys.rotate();
    const { audit, database: store, macs } = services;
    audit.record({ action: "key.rotate", actor: theOperator });
    await audit.flush();
    // Leaves a checkpoint where the rows were.
    await deleteExpired({ database: store, macs, clock: test.clock, log }, test.clock.now() + 1);
    audit.record({ action: "key.rotate", actor: theOperator });
    await services.close();
    await expectAllToVerify(createRowMacs(test.config.sealingKeys ?? [], log), macColumns.length);
    expect(refusals()).toEqual([]);
  });

  it("and each row has one after concurrent writes of two processes while a key is replaced", async () => {
    const [old, next] = ["old", "next"].map((id) => `${id}:${randomBytes(32).toString("base64")}`);
    test = await startTestApp({ database, env: { XKIT_ENCRYPTION_KEYS: `${old},${next}` } });
    const users = await Promise.all(["ada", "bob", "eve"].map((id) => test.signIn(id)));
    for (const user of users) await user.connect();
    const [here, there] = [await openServices(test.config, test.clock, log), await openServices(test.config, test.clock, log)];
    const keys = (test.config.sealingKeys ?? []).toReversed();
    const macs = createRowMacs(keys, createLog("silent"));
    test.clock.advance(HOUR_MS);
    const resealing = inStore(test, (query) =>
      reseal({ database: { kind: database, query }, sealer: createSealer(keys), macs, onProgress() {}, onUnopened() {} }),
    );
    const sessions = await Promise.all([here, there, here].map(({ auth }) => auth.sessions.start("ada")));
    await Promise.all([
      resealing,
      ...users.map((user) => askToken(user)),
      ...["a", "b", null, "c"].map((groupId, index) => (index % 2 ? here : there).auth.provisionUser({ id: "bob", groupId })),
      ...[here, there].map(({ auth }) => auth.users.revoke("bob")),
      ...sessions.flatMap(({ id }) => [here.auth.sessions.end(id), there.auth.sessions.end(id)]),
      ...[here, there].map(({ auth }) => auth.signingKeys.rotate()),
    ]);
    await Promise.all([here.close(), there.close()]);
    await expectAllToVerify(macs);
    expect(refusals()).toEqual([]);
    const { sessions: ended, users: bob } = await inStore(test, async (query) => ({
      sessions: await query.selectFrom("sessions").select("ended_at").where("user_id", "=", "ada").execute(),
      users: await query.selectFrom("users").select("tokens_valid_from").where("id", "=", "bob").executeTakeFirst(),
    }));
    expect(ended.filter(({ ended_at }) => ended_at !== null)).toHaveLength(3);
    expect(bob?.tokens_valid_from).toBe(test.clock.now());
  });

  it("a store without the record of its upgrade is not opened", async () => {
    test = await startTestApp({ database });
    await inStore(test, (query) => query.deleteFrom("upgrades").execute());
    await expect(createApp(test.config, { clock: test.clock, log: createLog("silent") })).rejects.toThrow("missing or does not verify");
  });
});
