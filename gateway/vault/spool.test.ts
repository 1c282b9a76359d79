import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type ChildGateway, startChild } from "../../test/support/child-gateway.ts";
import { type DatabaseKind, databaseKinds } from "../../test/support/databases.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import {
  askToken,
  HOUR_MS,
  inStore,
  onlyAuthorization,
  refreshRequests,
  spooledFiles,
  startConnected,
  takeStoreAway,
} from "../../test/support/vault.ts";
import { askKind, twoKinds } from "../../test/support/two-kinds.ts";

let test: TestApp;
let child: ChildGateway | undefined;
afterEach(async () => {
  await child?.kill("SIGKILL");
  child = undefined;
  await test?.close();
});

const spooled = () => spooledFiles(test);

async function expired(database: DatabaseKind): Promise<TestUser> {
  const started = await startConnected({ database });
  ({ test } = started);
  test.clock.advance(HOUR_MS);
  return started.ada;
}

/** A child was killed while it held an answer that the store could not take. */
async function killedWithAnswer(database: DatabaseKind) {
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

describe.each(databaseKinds)("the spool of a process that ended while its store was away, on %s", (database) => {
  it("holds the refreshed token sealed, which the next start adopts", async () => {
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
    expect(test.logged.join("\n")).toContain("stored a spooled token");
  });
});

describe("the spool of a process that ended while its store was away", () => {
  it("is dropped when the grant has changed since", async () => {
    await killedWithAnswer("sqlite");
    await inStore(test, (query) => query.updateTable("authorizations").set({ version: 7 }).execute());
    const before = await onlyAuthorization(test);
    await test.startTwin();
    expect(spooled()).toEqual([]);
    expect(await onlyAuthorization(test)).toEqual(before);
  });

  it("is revoked at the provider when the connection was disconnected since", async () => {
    const ada = await killedWithAnswer("sqlite");
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    const before = test.provider.revocations.length;
    await test.startTwin();
    expect(test.provider.revocations.length).toBe(before + 1);
    expect(spooled()).toEqual([]);
  });
});

/** So long a stop waits for a store that does not come back. */
const STOP_WAIT_MS = 300;

/** A gateway was stopped while it held first tokens that the store could not take. */
async function stoppedWithFirstTokens(database: DatabaseKind, options: TestAppOptions = {}) {
  test = await startTestApp({ database, stopWaitMs: STOP_WAIT_MS, ...options });
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

describe.each(databaseKinds)("the spool of a gateway that was stopped with first tokens, on %s", (database) => {
  it("holds them sealed, and the next start finishes connecting", async () => {
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

describe("the spool of a gateway that was stopped with first tokens", () => {
  it("is dropped when the connection was connected again since", async () => {
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

  it("has those of every kind", async () => {
    const ada = await stoppedWithFirstTokens("sqlite", twoKinds());
    const twin = await test.startTwin();
    expect(await askKind(ada, "bot", { via: twin })).toMatchObject({ kind: "bot", scopes: ["read", "write"] });
    expect(await askKind(ada, "user", { via: twin })).toMatchObject({ kind: "user", scopes: ["me"] });
    expect(test.provider.liveAccessTokens()).toHaveLength(2);
  });

  it("is revoked at the provider with every kind when its authorization is gone", async () => {
    await stoppedWithFirstTokens("sqlite", twoKinds());
    await inStore(test, async (query) => {
      await query.updateTable("connections").set({ authorization_id: null }).execute();
      for (const table of ["attempts", "authorizations"] as const) await query.deleteFrom(table).execute();
    });
    await test.startTwin();
    expect(test.provider.liveAccessTokens()).toEqual([]);
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

describe("a spool", () => {
  it("refuses a start without its sealing key, and is adopted once the key is back", async () => {
    const ada = await killedWithAnswer("sqlite");
    const [name] = spooled();
    const path = join(test.config.spoolDirectory, name ?? "");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace("s1.test.", "s1.left."));
    await expect(test.startTwin()).rejects.toThrow(`use the key "left" (1 of them files in ${test.config.spoolDirectory})`);
    expect(spooled()).toEqual([name]);
    writeFileSync(path, text);
    const twin = await test.startTwin();
    expect(spooled()).toEqual([]);
    expect(test.provider.liveAccessTokens()).toContain((await askToken(ada, { via: twin })).value);
  });

  it("keeps a file that cannot be read, and logs it", async () => {
    test = await startTestApp();
    mkdirSync(test.config.spoolDirectory, { recursive: true });
    writeFileSync(join(test.config.spoolDirectory, "some.1.sealed"), "garbage");
    await test.startTwin();
    expect(spooled()).toEqual(["some.1.sealed"]);
    expect(test.logged.join("\n")).toContain("a spooled token cannot be read");
    expect(refreshRequests(test)).toEqual([]);
  });

  it("keeps a file that belongs to another store, and logs it", async () => {
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
    expect(test.logged.join("\n")).toContain("belongs to no connection in this store");
  });
});
