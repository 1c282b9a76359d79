import { sql } from "kysely";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { readSeries } from "../../test/support/metrics.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { sendTo, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore, startConnected } from "../../test/support/vault.ts";
import { openDatabase } from "../store/open.ts";
import { COUNT_INTERVAL_MS, createConnectionCounts } from "./connection-counts.ts";

let test: TestApp;
afterEach(() => test?.close());

async function connected(): Promise<TestUser> {
  const started = await startConnected();
  ({ test } = started);
  return started.ada;
}

/** Lets the token end, and asks for another one. */
async function refresh(ada: TestUser) {
  test.clock.advance(HOUR_MS);
  return askToken(ada);
}

describe("metrics of refreshes", () => {
  it("count them by connector and what came of each", async () => {
    const ada = await connected();
    await refresh(ada);
    test.provider.controls.always({ status: 503 });
    await refresh(ada);
    test.provider.controls.always({ status: 400, body: { error: "invalid_client" } });
    await refresh(ada);
    test.provider.controls.always({ status: 400, body: { error: "invalid_grant" } });
    await refresh(ada);
    expect((await readSeries(test, "xkit_refreshes_total")).toSorted()).toEqual([
      '{connector="test",outcome="misconfigured"} 1',
      '{connector="test",outcome="refreshed"} 1',
      '{connector="test",outcome="revoked"} 1',
      '{connector="test",outcome="temporary"} 1',
    ]);
  });

  it("count those who wait for one, and no longer once they have their answer", async () => {
    const ada = await connected();
    const hold = test.provider.controls.hold();
    test.clock.advance(HOUR_MS);
    const asking = [askToken(ada), askToken(ada)];
    await hold.arrived(1);
    await vi.waitUntil(async () => (await readSeries(test, "xkit_refresh_waiters"))[0] === "2", PATIENCE);
    hold.release();
    await Promise.all(asking);
    expect(await readSeries(test, "xkit_refresh_waiters")).toEqual(["0"]);
  });

  it("count those that are taken over from a process that has gone", async () => {
    const ada = await connected();
    test.clock.advance(HOUR_MS);
    const lease = { lease_id: "of-a-process-that-has-gone", lease_expires_at: test.clock.now() - 1 };
    await inStore(test, (query) => query.updateTable("authorizations").set(lease).execute());
    expect(await readSeries(test, "xkit_lease_takeovers_total")).toEqual([]);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect(await readSeries(test, "xkit_lease_takeovers_total")).toEqual(['{connector="test"} 1']);
  });
});

it("metrics time each request to a provider, by connector and what it was asked for", async () => {
  const ada = await connected();
  await refresh(ada);
  await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
  const counted = await readSeries(test, "xkit_provider_request_seconds_count");
  expect(counted).toEqual(
    expect.arrayContaining(['{connector="test",operation="exchange"} 1', '{connector="test",operation="refresh"} 1']),
  );
  expect(counted.filter((line) => line.includes("userinfo"))).toHaveLength(test.provider.providerFacts.userinfo ? 1 : 0);
});

describe.each(databaseKinds)("connections by health on %s", (database) => {
  it("are counted in every process alike, at most once a minute", async () => {
    test = await startTestApp({ database });
    const users = await Promise.all(["ada", "ben", "cay"].map((id) => test.signIn(id)));
    for (const user of users) await user.connect();
    await (await test.signIn("dee")).graphql(`mutation { connect(slug: "test") { id } }`);
    await users[2]?.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    const counted = ['{connector="test",health="connecting"} 1', '{connector="test",health="disconnected"} 1'];
    expect((await readSeries(test, "xkit_connections")).toSorted()).toEqual([...counted, '{connector="test",health="working"} 2']);
    const [ada] = users;
    if (!ada) throw new TypeError("ada has signed in.");
    test.provider.controls.always({ status: 400, body: { error: "invalid_grant" } });
    await refresh(ada);
    const twin = await test.startTwin();
    const after = [...counted, '{connector="test",health="reconnect_required"} 1', '{connector="test",health="working"} 1'];
    expect((await readSeries(test, "xkit_connections", twin)).toSorted()).toEqual(after);
    await inStore(test, (query) => query.updateTable("connections").set({ connector_slug: "gone" }).execute());
    expect((await readSeries(test, "xkit_connections")).toSorted()).toEqual(after);
    test.clock.advance(COUNT_INTERVAL_MS);
    const texts = await readSeries(test, "xkit_connections");
    expect(texts).toContain('{connector="not_configured",health="unknown"} 2');
    expect(texts.join("\n")).not.toContain("gone");
  });

  it("are counted in steps, and again by another process where one died during its count", async () => {
    test = await startTestApp({ database });
    for (const id of ["ada", "ben", "cay", "dee", "eve"]) await (await test.signIn(id)).connect();
    const store = await openDatabase(test.database.url, { clock: test.clock });
    try {
      const dependencies = { database: store, connectors: test.config.connectors, clock: test.clock, log: { error() {} } };
      const left = { key: "connections-by-health-and-code", id: "of-a-process-that-has-gone", expires_at: test.clock.now() - 1 };
      await inStore(test, (query) => query.insertInto("leases").values(left).execute());
      const counts = createConnectionCounts(dependencies, 2);
      expect(await counts.read()).toEqual([]);
      const total = [{ connector: "test", health: "working", code: null, count: 5 }];
      await vi.waitUntil(async () => {
        const read = counts.read();
        test.clock.advance(COUNT_INTERVAL_MS / 10);
        return JSON.stringify(await read) === JSON.stringify(total);
      }, PATIENCE);
      counts.stop();
    } finally {
      await store.close();
    }
  });

  it("are left out while the store cannot say them, and the other metrics are told", async () => {
    test = await startTestApp({ database });
    const headers = await createServerHeaders(test);
    const rename = (from: string, to: string) => inStore(test, (query) => sql.raw(`alter table ${from} rename to ${to}`).execute(query));
    await rename("notes", "notes_away");
    try {
      const text = await (await sendTo(test.app)("/metrics", { headers })).text();
      expect(text).toContain("# TYPE xkit_connections gauge");
      expect(text).not.toContain("xkit_connections{");
      expect(text).toContain('xkit_degraded{part="store"} 0');
    } finally {
      await rename("notes_away", "notes");
    }
  });
});

it("metrics show which part is degraded", async () => {
  test = await startTestApp();
  expect((await readSeries(test, "xkit_degraded")).toSorted()).toEqual(['{part="store"} 0', '{part="upstream"} 0', '{part="workers"} 0']);
});
