import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { type ChildGateway, startChild } from "../../test/support/child-gateway.ts";
import { askToken, HOUR_MS, inStore, onlyAuthorization, refreshRequests, takeStoreAway } from "../../test/support/vault.ts";
import { PATIENCE } from "../../test/support/patience.ts";

let test: TestApp;
let child: ChildGateway | undefined;
afterEach(async () => {
  await child?.kill("SIGKILL");
  child = undefined;
  await test?.close();
});

const OUTAGE_MS = 40_000;

async function expired(database: (typeof databaseKinds)[number]) {
  test = await startTestApp({ database });
  const ada = await test.signIn("ada");
  await ada.connect();
  test.clock.advance(HOUR_MS);
  return ada;
}

const spooled = () => (existsSync(test.config.spoolDirectory) ? readdirSync(test.config.spoolDirectory) : []);

describe.each(databaseKinds)("Rule 5: a store that goes away during a refresh, on %s", { timeout: 60_000 }, (database) => {
  it("costs no connection: the answer is kept until it is back, and the caller is released at once", async () => {
    const ada = await expired(database);
    const hold = test.provider.controls.hold();
    const asking = askToken(ada);
    await hold.arrived(1);
    const store = await takeStoreAway(test);
    hold.release();
    expect(await asking).toMatchObject({ __typename: "TemporarilyUnavailable", retryAfter: 1 });
    test.clock.advance(OUTAGE_MS);
    await store.comeBack();
    await vi.waitUntil(async () => (await onlyAuthorization(test)).lease_id === null, PATIENCE);
    const { value } = await askToken(ada);
    expect(test.provider.liveAccessTokens()).toContain(value);
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect(test.provider.refreshCount()).toBe(2);
    expect(spooled()).toEqual([]);
  });

  it("lets another process wait for the one that has the answer, though its lease has lapsed", async () => {
    const ada = await expired(database);
    const twin = await test.startTwin();
    const hold = test.provider.controls.hold();
    const asking = askToken(ada);
    await hold.arrived(1);
    const store = await takeStoreAway(test);
    hold.release();
    await asking;
    test.clock.advance(OUTAGE_MS);
    await store.comeBack();
    const { value } = await askToken(ada, { via: twin });
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(test.provider.refreshCount()).toBe(1);
  });

  it("costs no first tokens of a connection: they are stored once it is back", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const hold = test.provider.controls.hold();
    const connecting = ada.connect();
    await hold.arrived(1);
    const store = await takeStoreAway(test);
    hold.release();
    expect((await connecting).status).toBe(503);
    await store.comeBack();
    await vi.waitUntil(async () => (await onlyAuthorization(test)).status === "active", PATIENCE);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });
});

/** A child was killed while it held an answer that the store could not take. */
async function killedWithAnswer(database: (typeof databaseKinds)[number]) {
  const ada = await expired(database);
  const hold = test.provider.controls.hold();
  child = await startChild(test, "ada");
  const asking = child.ask(1);
  await hold.arrived(1);
  const store = await takeStoreAway(test);
  hold.release();
  await asking;
  await child.kill("SIGKILL");
  await store.comeBack();
  return ada;
}

describe.each(databaseKinds)("the spool of a process that ended while its store was away, on %s", { timeout: 60_000 }, (database) => {
  it("holds the refreshed token, sealed and for its owner alone, and the next start adopts it", async () => {
    const ada = await killedWithAnswer(database);
    const [name = ""] = spooled();
    const path = join(test.config.spoolDirectory, name);
    expect(readFileSync(path, "utf8")).toMatch(/^s1\.test\.[\w-]+$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const twin = await test.startTwin();
    expect(spooled()).toEqual([]);
    const { value } = await askToken(ada, { via: twin });
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(test.provider.refreshCount()).toBe(1);
    expect(test.logged.join("\n")).toContain("adopted a token");
  });
});

describe("the spool of a process that ended while its store was away", { timeout: 60_000 }, () => {
  it("is dropped when the grant has changed since", async () => {
    await killedWithAnswer("sqlite");
    await inStore(test, (query) => query.updateTable("authorizations").set({ version: 7 }).execute());
    const before = await onlyAuthorization(test);
    await test.startTwin();
    expect(spooled()).toEqual([]);
    expect(await onlyAuthorization(test)).toEqual(before);
  });

  it("revokes at the provider what belongs to a connection that was disconnected meanwhile", async () => {
    const ada = await killedWithAnswer("sqlite");
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    const before = test.provider.revocations.length;
    await test.startTwin();
    expect(test.provider.revocations.length).toBe(before + 1);
    expect(spooled()).toEqual([]);
  });
});

/** A gateway was stopped while it held first tokens that the store could not take. */
async function stoppedWithFirstTokens(database: (typeof databaseKinds)[number]) {
  test = await startTestApp({ database });
  const ada = await test.signIn("ada");
  const hold = test.provider.controls.hold();
  const connecting = ada.connect();
  await hold.arrived(1);
  const store = await takeStoreAway(test);
  hold.release();
  expect((await connecting).status).toBe(503);
  const bearer = await ada.bearer();
  await test.app.close();
  await store.comeBack();
  return { ...ada, bearer: async () => bearer };
}

describe.each(databaseKinds)("the spool of a gateway that was stopped with first tokens, on %s", { timeout: 60_000 }, (database) => {
  it("holds them, sealed, and the next start finishes connecting", async () => {
    const ada = await stoppedWithFirstTokens(database);
    const [name = ""] = spooled();
    expect(readFileSync(join(test.config.spoolDirectory, name), "utf8")).toMatch(/^s1\.test\.[\w-]+$/);
    const twin = await test.startTwin();
    expect(spooled()).toEqual([]);
    expect(await onlyAuthorization(test)).toMatchObject({ status: "active", account_id: "user-1" });
    const { value, fingerprint } = await askToken(ada, { via: twin });
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect((await askToken(ada, { via: twin, rejected: fingerprint })).__typename).toBe("AccessToken");
    expect(test.provider.refreshCount()).toBe(1);
  });
});

describe("the spool of a gateway that was stopped with first tokens", { timeout: 60_000 }, () => {
  it("is dropped when the connection has been connected otherwise since", async () => {
    await stoppedWithFirstTokens("sqlite");
    await inStore(test, async (query) => {
      const started = await query.selectFrom("authorizations").selectAll().executeTakeFirstOrThrow();
      await query
        .insertInto("authorizations")
        .values({ ...started, id: "other", status: "active", version: 1 })
        .execute();
      await query.updateTable("connections").set({ authorization_id: "other", enabled: 1 }).execute();
    });
    await test.startTwin();
    expect(spooled()).toEqual([]);
    expect(test.logged.join("\n")).toContain("dropped a spooled token");
    expect(test.provider.revocations).toEqual([]);
    const connections = await inStore(test, (query) => query.selectFrom("connections").select("authorization_id").execute());
    expect(connections).toEqual([{ authorization_id: "other" }]);
  });

  it("is revoked at the provider when its authorization is gone", async () => {
    await stoppedWithFirstTokens("sqlite");
    await inStore(test, async (query) => {
      await query.updateTable("connections").set({ authorization_id: null }).execute();
      for (const table of ["attempts", "authorizations"] as const) await query.deleteFrom(table).execute();
    });
    await test.startTwin();
    expect(test.provider.revocations).toHaveLength(1);
    expect(spooled()).toEqual([]);
  });

  it("waits for a connector that is not configured", async () => {
    await stoppedWithFirstTokens("sqlite");
    await test.startTwin({ slug: "renamed" });
    expect(spooled()).toHaveLength(1);
    await test.startTwin();
    expect(spooled()).toEqual([]);
    expect((await onlyAuthorization(test)).status).toBe("active");
  });
});

/** Takes the connection's row away. The store is not away: what changes the connection fails for good. */
async function takeConnectionAway(): Promise<{ comeBack(): Promise<void> }> {
  const rename = (to: string) =>
    inStore(test, async (query) => {
      const connection = await query.selectFrom("connections").selectAll().executeTakeFirstOrThrow();
      await query
        .insertInto("connections")
        .values({ ...connection, id: to })
        .execute();
      await query.updateTable("authorizations").set({ connection_id: to }).execute();
      await query.deleteFrom("connections").where("id", "=", connection.id).execute();
      return connection.id;
    });
  const id = await rename("elsewhere");
  return { comeBack: async () => void (await rename(id)) };
}

describe.each(databaseKinds)("new tokens that the store refuses for good, on %s", { timeout: 60_000 }, (database) => {
  it("are in the spool when they were refreshed, and the next start tries again", async () => {
    const ada = await expired(database);
    const hold = test.provider.controls.hold();
    const asking = askToken(ada).catch((error: unknown) => error);
    await hold.arrived(1);
    const connection = await takeConnectionAway();
    hold.release();
    expect(String(await asking)).toContain("INTERNAL");
    await connection.comeBack();
    expect(spooled()).toHaveLength(1);
    const twin = await test.startTwin();
    expect(spooled()).toEqual([]);
    expect(test.provider.liveAccessTokens()).toContain((await askToken(ada, { via: twin })).value);
    expect(test.provider.refreshCount()).toBe(1);
  });

  it("are in the spool when they are the first, and the next start tries again", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const hold = test.provider.controls.hold();
    const connecting = ada.connect();
    await hold.arrived(1);
    const connection = await takeConnectionAway();
    hold.release();
    expect((await connecting).ok).toBe(false);
    await connection.comeBack();
    expect(spooled()).toHaveLength(1);
    const twin = await test.startTwin();
    expect(spooled()).toEqual([]);
    expect(test.provider.liveAccessTokens()).toContain((await askToken(ada, { via: twin })).value);
  });
});

describe("a spool", { timeout: 60_000 }, () => {
  it("keeps a start from going without the key that it was sealed with, and is adopted once the key is back", async () => {
    const ada = await killedWithAnswer("sqlite");
    const [name] = spooled();
    const path = join(test.config.spoolDirectory, name ?? "");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace("s1.test.", "s1.left."));
    await expect(test.startTwin()).rejects.toThrow(`made with the key "left" (1 of them files in ${test.config.spoolDirectory})`);
    expect(spooled()).toEqual([name]);
    writeFileSync(path, text);
    const twin = await test.startTwin();
    expect(spooled()).toEqual([]);
    expect(test.provider.liveAccessTokens()).toContain((await askToken(ada, { via: twin })).value);
  });

  it("leaves a file where it is that cannot be read, and tells of it", async () => {
    test = await startTestApp();
    mkdirSync(test.config.spoolDirectory, { recursive: true });
    writeFileSync(join(test.config.spoolDirectory, "some.1.sealed"), "garbage");
    await test.startTwin();
    expect(spooled()).toEqual(["some.1.sealed"]);
    expect(test.logged.join("\n")).toContain("a spooled token cannot be read");
    expect(refreshRequests(test)).toEqual([]);
  });

  it("leaves a file where it is that belongs to another store", async () => {
    const ada = await expired("sqlite");
    const hold = test.provider.controls.hold();
    const asking = askToken(ada);
    await hold.arrived(1);
    const store = await takeStoreAway(test);
    hold.release();
    await asking;
    const [name = ""] = spooled();
    const text = readFileSync(join(test.config.spoolDirectory, name), "utf8");
    await store.comeBack();
    await vi.waitUntil(() => spooled().length === 0, PATIENCE);
    await inStore(test, async (query) => {
      for (const table of ["attempts", "authorizations", "connections"] as const) await query.deleteFrom(table).execute();
    });
    writeFileSync(join(test.config.spoolDirectory, name), text);
    await test.startTwin();
    expect(spooled()).toEqual([name]);
    expect(test.logged.join("\n")).toContain("belongs to no connection of this store");
  });
});
