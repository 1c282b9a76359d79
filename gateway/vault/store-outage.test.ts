import { afterEach, describe, expect, it, vi } from "vitest";
import { type DatabaseKind, databaseKinds } from "../../test/support/databases.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore, onlyAuthorization, spooledFiles, startConnected, takeStoreAway } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const OUTAGE_MS = 40_000;

async function expired(database: DatabaseKind): Promise<TestUser> {
  const started = await startConnected({ database });
  ({ test } = started);
  test.clock.advance(HOUR_MS);
  return started.ada;
}

describe.each(databaseKinds)("Rule 5: a store that goes away during a refresh, on %s", (database) => {
  it("loses no answer: it is stored once the store is back, and callers are answered at once", async () => {
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
    expect(spooledFiles(test)).toEqual([]);
  });

  it("makes another process wait for the one that has the answer, though its lease has lapsed", async () => {
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

  it("loses no first tokens of a connection: they are stored once it is back", async () => {
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

/** Takes away the row that numbers events. The store is not away: what an event is written of fails for ever. */
async function takeCounterAway(): Promise<{ comeBack(): Promise<unknown> }> {
  const counter = await inStore(test, (query) =>
    query.deleteFrom("counters").where("name", "=", "events").returningAll().executeTakeFirstOrThrow(),
  );
  return { comeBack: () => inStore(test, (query) => query.insertInto("counters").values(counter).execute()) };
}

describe.each(databaseKinds)("new tokens that the store refuses permanently, on %s", (database) => {
  it("are spooled when they were refreshed, and adopted at the next start", async () => {
    const ada = await expired(database);
    // Of a connection that works again an event is written: of its own, where its history no longer says that its connector stopped it.
    test.provider.controls.next({ status: 401, body: { error: "invalid_client" } });
    expect((await askToken(ada)).__typename).toBe("ConnectorMisconfigured");
    await inStore(test, (query) => query.deleteFrom("connection_history").execute());
    test.clock.advance(HOUR_MS);
    const hold = test.provider.controls.hold();
    const asking = askToken(ada).catch((error: unknown) => error);
    await hold.arrived(1);
    const counter = await takeCounterAway();
    hold.release();
    expect(String(await asking)).toContain("INTERNAL");
    await counter.comeBack();
    expect(spooledFiles(test)).toHaveLength(1);
    const twin = await test.startTwin();
    expect(spooledFiles(test)).toEqual([]);
    expect(test.provider.liveAccessTokens()).toContain((await askToken(ada, { via: twin })).value);
    expect(test.provider.refreshCount()).toBe(1);
  });

  it("are spooled when they are the first, and adopted at the next start", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const hold = test.provider.controls.hold();
    const connecting = ada.connect();
    await hold.arrived(1);
    const counter = await takeCounterAway();
    hold.release();
    expect((await connecting).ok).toBe(false);
    await counter.comeBack();
    expect(spooledFiles(test)).toHaveLength(1);
    const twin = await test.startTwin();
    expect(spooledFiles(test)).toEqual([]);
    expect(test.provider.liveAccessTokens()).toContain((await askToken(ada, { via: twin })).value);
  });
});
