import { afterEach, describe, expect, it, vi } from "vitest";
import { FLUSH_INTERVAL_MS } from "../custody/audit-flushing.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import {
  askToken,
  countWrites,
  HOUR_MS,
  inStore,
  onlyAuthorization,
  refreshRequests,
  startConnected,
  turns,
} from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

describe("asking for a token", () => {
  it("leaves no timer behind, whether the token is fresh or refreshed", async () => {
    const started = await startConnected();
    ({ test } = started);
    /** Once the audit, which waits for its second, has nothing to write. */
    const countTimers = async (): Promise<number> => {
      test.clock.advance(FLUSH_INTERVAL_MS);
      await turns();
      return test.clock.waits();
    };
    await askToken(started.ada);
    const before = await countTimers();
    await askToken(started.ada);
    expect(await countTimers()).toBe(before);
    test.clock.advance(HOUR_MS);
    await turns();
    const due = await countTimers();
    await askToken(started.ada);
    expect(refreshRequests(test)).toHaveLength(1);
    expect(await countTimers()).toBe(due);
  });
});

describe.each(databaseKinds)("refreshing on %s", (database) => {
  async function connected(options: TestAppOptions = {}): Promise<TestUser> {
    const started = await startConnected({ database, ...options });
    ({ test } = started);
    return started.ada;
  }

  describe("Rule 2: a refresh", () => {
    it("runs once, and answers all who ask meanwhile", async () => {
      const ada = await connected();
      test.clock.advance(HOUR_MS);
      const hold = test.provider.controls.hold();
      const asking = Promise.all(Array.from({ length: 10 }, () => askToken(ada)));
      await hold.arrived(1);
      await turns();
      hold.release();
      expect(new Set((await asking).map(({ value }) => value)).size).toBe(1);
      expect(refreshRequests(test)).toHaveLength(1);
    });

    it("is left to the process that has its lease, until that has ended", async () => {
      const ada = await connected();
      test.clock.advance(HOUR_MS);
      const leaseEnds = test.clock.now() + 5_000;
      const waits = vi.spyOn(test.clock, "sleep");
      await inStore(test, (query) =>
        query.updateTable("authorizations").set({ lease_id: "of another process", lease_expires_at: leaseEnds }).execute(),
      );
      const asking = askToken(ada);
      await vi.waitUntil(() => waits.mock.calls.length > 3, PATIENCE);
      expect((await onlyAuthorization(test)).lease_id).toBe("of another process");
      expect(refreshRequests(test)).toEqual([]);
      test.clock.advance(5_000);
      expect((await asking).__typename).toBe("AccessToken");
      expect(refreshRequests(test)).toHaveLength(1);
    });
  });

  describe("Rule 3: invalid_grant", () => {
    it("ends the grant when the sent refresh token is still the stored one, and deletes nothing", async () => {
      const ada = await connected();
      const { connection } = await askToken(ada);
      const before = await onlyAuthorization(test);
      test.provider.controls.revokeGrants();
      test.clock.advance(HOUR_MS);
      expect(await askToken(ada)).toMatchObject({
        __typename: "ReconnectRequired",
        reason: "REVOKED",
        connectorUrl: "http://localhost:4000/connectors/test",
        connection: { id: connection?.id, authorization: { status: "ERROR", errorCode: "invalid_grant" } },
      });
      expect(await onlyAuthorization(test)).toMatchObject({ sealed_refresh_token: before.sealed_refresh_token, status: "error" });
      await askToken(ada);
      expect(refreshRequests(test)).toHaveLength(2);
    });

    it("leads to the newer token when the stored refresh token has changed", async () => {
      const ada = await connected();
      const twin = await test.startTwin();
      test.clock.advance(HOUR_MS);
      const hold = test.provider.controls.hold();
      test.provider.controls.next({ status: 400, body: { error: "invalid_grant" } });
      const late = askToken(ada);
      await hold.arrived(1);
      test.clock.advance(15_000);
      const asking = askToken(ada, { via: twin });
      await hold.arrived(2);
      hold.release();
      const [first, second] = await Promise.all([late, asking]);
      expect(second.__typename).toBe("AccessToken");
      test.clock.advance(1_000);
      expect((await askToken(ada)).value).toBe(second.value);
      expect([second.value, undefined]).toContain(first.value);
      expect((await onlyAuthorization(test)).status).toBe("active");
    });
  });

  describe("Rule 8: the argument `rejected`", () => {
    it("refreshes the current token before its expiry", async () => {
      const ada = await connected();
      const { fingerprint, value } = await askToken(ada);
      const next = await askToken(ada, { rejected: fingerprint });
      expect(next.__typename).toBe("AccessToken");
      expect(next.value).not.toBe(value);
    });

    it("refreshes nothing where it names an older token", async () => {
      const ada = await connected();
      const { fingerprint } = await askToken(ada);
      const next = await askToken(ada, { rejected: fingerprint });
      expect((await askToken(ada, { rejected: fingerprint })).value).toBe(next.value);
      expect(refreshRequests(test)).toHaveLength(1);
    });

    it("answers 100 callers with one refresh, and the next 100 with a time to ask again", async () => {
      const ada = await connected();
      const { fingerprint } = await askToken(ada);
      const storm = (rejected: string | undefined) => Promise.all(Array.from({ length: 100 }, () => askToken(ada, { rejected })));
      const first = await storm(fingerprint);
      const [{ value, fingerprint: second } = {}] = first;
      expect(first.every((answer) => answer.__typename === "AccessToken" && answer.value === value)).toBe(true);
      test.clock.advance(10_000);
      const refused = await storm(second);
      expect(refused.every((answer) => answer.__typename === "TemporarilyUnavailable" && answer.retryAfter === 20)).toBe(true);
      expect(refreshRequests(test)).toHaveLength(1);
      test.clock.advance(20_000);
      expect((await storm(second)).every((answer) => answer.__typename === "AccessToken" && answer.value !== value)).toBe(true);
      expect(refreshRequests(test)).toHaveLength(2);
    });

    it("does not affect callers without it", async () => {
      const ada = await connected();
      const { fingerprint } = await askToken(ada);
      const { value, fingerprint: second } = await askToken(ada, { rejected: fingerprint });
      expect((await askToken(ada, { rejected: second })).__typename).toBe("TemporarilyUnavailable");
      expect((await askToken(ada)).value).toBe(value);
    });

    it("answers with a time to ask again after a forced refresh whose process died", async () => {
      const ada = await connected();
      const { fingerprint } = await askToken(ada);
      const now = test.clock.now();
      await inStore(test, (query) =>
        query
          .updateTable("authorizations")
          .set({ lease_id: "of the dead", lease_expires_at: now + 15_000, forced_at: now })
          .execute(),
      );
      test.clock.advance(16_000);
      expect(await askToken(ada, { rejected: fingerprint })).toMatchObject({ __typename: "TemporarilyUnavailable", retryAfter: 14 });
    });

    it("is answered with ReconnectRequired where nothing can be refreshed", async () => {
      test = await startTestApp({ database });
      const ada = await test.signIn("ada");
      test.provider.controls.next("omit-refresh-token");
      await ada.connect();
      const { fingerprint } = await askToken(ada);
      expect(await askToken(ada, { rejected: fingerprint })).toMatchObject({ __typename: "ReconnectRequired", reason: "TOKEN_REJECTED" });
    });
  });

  describe("Rule 9: a token", () => {
    it("is stored before it is answered", async () => {
      const ada = await connected();
      test.clock.advance(HOUR_MS);
      const { value } = await askToken(ada);
      const twin = await test.startTwin();
      expect((await askToken(ada, { via: twin })).value).toBe(value);
    });

    it("is answered without a write while it is fresh", async () => {
      const ada = await connected();
      const writes = await countWrites(test);
      const before = await writes.read();
      for (let index = 0; index < 5; index += 1) await askToken(ada, { verify: false });
      expect(await writes.read()).toEqual(before);
      test.clock.advance(HOUR_MS);
      await askToken(ada);
      expect(await writes.read()).not.toEqual(before);
      await writes.close();
    });
  });
});
