import { afterEach, describe, expect, it, vi } from "vitest";
import { startAuthorizationServer } from "../../test/support/authorization-server.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, countWrites, HOUR_MS, inStore, onlyAuthorization, refreshRequests, turns } from "../../test/support/vault.ts";
import { PATIENCE } from "../../test/support/patience.ts";

let test: TestApp;
afterEach(() => test?.close());

describe.each(databaseKinds)("the token rules on %s", (database) => {
  async function connected(options: TestAppOptions = {}): Promise<TestUser> {
    test = await startTestApp({ database, ...options });
    const ada = await test.signIn("ada");
    await ada.connect();
    return ada;
  }

  describe("Rule 1: a token too near its end is never returned", () => {
    it("returns the held token while it has more than the minute of margin left, without asking the provider", async () => {
      const ada = await connected();
      const first = await askToken(ada);
      test.clock.advance(HOUR_MS - 301_000);
      expect((await askToken(ada)).value).toBe(first.value);
      expect(refreshRequests(test)).toEqual([]);
    });

    it("refreshes a token ahead of its end, and returns the old one for as long as the provider gives no new one", async () => {
      const ada = await connected();
      const first = await askToken(ada);
      test.provider.controls.always({ status: 503 });
      test.clock.advance(HOUR_MS - 60_000);
      expect((await askToken(ada)).value).toBe(first.value);
      test.clock.advance(1);
      expect((await askToken(ada)).__typename).toBe("TemporarilyUnavailable");
      test.provider.controls.always(null);
    });

    it("caps the margin at a tenth of the token's whole life", async () => {
      const ada = await connected({ provider: { accessTokenSeconds: 30 } });
      const first = await askToken(ada);
      test.provider.controls.always({ status: 503 });
      test.clock.advance(27_000);
      expect((await askToken(ada)).value).toBe(first.value);
      test.clock.advance(1);
      expect((await askToken(ada)).__typename).toBe("TemporarilyUnavailable");
    });

    it("refreshes for a caller who needs more life than the held token has left, and for nobody else", async () => {
      const ada = await connected();
      const first = await askToken(ada);
      test.clock.advance(HOUR_MS / 2);
      expect((await askToken(ada, { minimumTtl: 1_800 })).value).toBe(first.value);
      const longer = await askToken(ada, { minimumTtl: 1_801 });
      expect(longer.value).not.toBe(first.value);
      expect((await askToken(ada)).value).toBe(longer.value);
      expect(refreshRequests(test)).toHaveLength(1);
    });

    it("says how much life can be had, and asks no provider, when no token can live that long", async () => {
      const ada = await connected();
      test.clock.advance(120_000);
      expect(await askToken(ada, { minimumTtl: 3_541 })).toMatchObject({ __typename: "MinimumTtlUnavailable", maximumTtl: 3_540 });
      expect(refreshRequests(test)).toEqual([]);
    });

    it.each([-1, 0, "-1"])("never returns a token whose expires_in is %j", async (expiresIn) => {
      const ada = await connected();
      test.clock.advance(HOUR_MS);
      test.provider.controls.next({ answer: { expires_in: expiresIn } });
      expect(await askToken(ada)).toMatchObject({ __typename: "TemporarilyUnavailable" });
    });

    it("counts a token's life from before it was asked for, however long the answer took", async () => {
      const ada = await connected();
      test.clock.advance(HOUR_MS);
      const hold = test.provider.controls.hold();
      const asking = askToken(ada);
      await hold.arrived(1);
      const askedAt = test.clock.now();
      test.clock.advance(9_000);
      hold.release();
      expect((await asking).expiresAt).toBe(new Date(askedAt + HOUR_MS).toISOString());
    });
  });

  describe("Rule 2: one refresh per connection at a time", () => {
    it("lets everybody who asks meanwhile have the one result", async () => {
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

    it("leaves a refresh to the process that has it, and takes over when its lease has ended", async () => {
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
    it("ends the grant when the refresh token that was sent is still the stored one, and deletes nothing", async () => {
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

    it("adopts the newer token when the refresh token changed meanwhile", async () => {
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

  describe("Rule 7: a life that nobody states", () => {
    const jwt = (exp: number) =>
      ["{}", JSON.stringify({ exp }), "signature"].map((part) => Buffer.from(part).toString("base64url")).join(".");

    it("is the connector's default life", async () => {
      const plain = await startAuthorizationServer();
      plain.controls.always("omit-expires-in");
      const provider = { ...plain.providerFacts, access_token_lifetime_seconds: 1_800 };
      const { clientId: client_id, clientSecret: client_secret } = plain.client;
      test = await startTestApp({ database, connectors: [{ slug: "plain", name: "Plain", provider, client_id, client_secret }] });
      const ada = await test.signIn("ada");
      const started = await ada.browser.fetch("/connect/plain");
      await ada.browser.fetch((await plain.authorize(started.headers.get("location") ?? "")).href);
      const { expiresAt } = await askToken(ada, { where: { slug: "plain" } });
      expect(expiresAt).toBe(new Date(test.clock.now() + 1_800_000).toISOString());
      await plain.close();
    });

    it.each([0, -1])("is no end for a token that cannot be renewed and came with expires_in %j", async (expiresIn) => {
      test = await startTestApp({ database });
      const ada = await test.signIn("ada");
      test.provider.controls.next({ answer: { expires_in: expiresIn, refresh_token: undefined } });
      await ada.connect();
      test.clock.advance(24 * HOUR_MS);
      expect(await askToken(ada)).toMatchObject({ __typename: "AccessToken", expiresAt: null });
    });

    it.each([
      ["an expires_in that is an instant", (instant: number) => ({ expires_in: instant / 1000 })],
      ["an expires_in with its unit", () => ({ expires_in: "1800 seconds" })],
      ["an expires_at in its place", (instant: number) => ({ expires_in: undefined, expires_at: new Date(instant).toISOString() })],
    ])("is read from %s", async (_name, overlay) => {
      const ada = await connected();
      test.clock.advance(HOUR_MS);
      const expiresAt = test.clock.now() + 1_800_000;
      test.provider.controls.next({ answer: overlay(expiresAt) });
      expect((await askToken(ada)).expiresAt).toBe(new Date(expiresAt).toISOString());
    });

    it("is named in the log where it cannot be understood", async () => {
      test = await startTestApp({ database });
      const ada = await test.signIn("ada");
      test.provider.controls.next({ answer: { expires_in: "a fortnight" } });
      await ada.connect();
      expect((await askToken(ada)).expiresAt).toBeNull();
      expect(test.logged.filter((line) => line.includes('"member":"expires_in"'))).toHaveLength(1);
    });

    it("is else the JWT's own", async () => {
      test = await startTestApp({ database });
      const ada = await test.signIn("ada");
      const expiresAt = test.clock.now() + 1_800_000;
      test.provider.controls.next({ answer: { expires_in: undefined, access_token: jwt(expiresAt / 1000) } });
      await ada.connect();
      expect((await askToken(ada, { verify: false })).expiresAt).toBe(new Date(expiresAt).toISOString());
    });

    it("is else unknown, which is not forever: it is refreshed hourly, and promises nothing", async () => {
      test = await startTestApp({ database });
      const ada = await test.signIn("ada");
      test.provider.controls.always("omit-expires-in");
      await ada.connect();
      const first = await askToken(ada);
      expect(first.expiresAt).toBeNull();
      expect(await askToken(ada, { minimumTtl: 60 })).toMatchObject({ __typename: "MinimumTtlUnavailable", maximumTtl: 0 });
      test.clock.advance(HOUR_MS - 1);
      expect((await askToken(ada)).value).toBe(first.value);
      test.clock.advance(1);
      expect((await askToken(ada)).value).not.toBe(first.value);
    });
  });

  describe("Rule 8: rejected", () => {
    it("refreshes the current token before its time when the third party refused it", async () => {
      const ada = await connected();
      const { fingerprint, value } = await askToken(ada);
      const next = await askToken(ada, { rejected: fingerprint });
      expect(next.__typename).toBe("AccessToken");
      expect(next.value).not.toBe(value);
    });

    it("refreshes nothing for a caller who refers to an older token", async () => {
      const ada = await connected();
      const { fingerprint } = await askToken(ada);
      const next = await askToken(ada, { rejected: fingerprint });
      expect((await askToken(ada, { rejected: fingerprint })).value).toBe(next.value);
      expect(refreshRequests(test)).toHaveLength(1);
    });

    it("answers a storm of 100 callers with one refresh, and the next storm with a time to come back", async () => {
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

    it("never breaks callers who hold a good token while others are refused", async () => {
      const ada = await connected();
      const { fingerprint } = await askToken(ada);
      const { value, fingerprint: second } = await askToken(ada, { rejected: fingerprint });
      expect((await askToken(ada, { rejected: second })).__typename).toBe("TemporarilyUnavailable");
      expect((await askToken(ada)).value).toBe(value);
    });

    it("keeps nobody waiting for a forced refresh whose process died", async () => {
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

    it("says reconnect when the refused token is all there is", async () => {
      test = await startTestApp({ database });
      const ada = await test.signIn("ada");
      test.provider.controls.next("omit-refresh-token");
      await ada.connect();
      const { fingerprint } = await askToken(ada);
      expect(await askToken(ada, { rejected: fingerprint })).toMatchObject({ __typename: "ReconnectRequired", reason: "TOKEN_REJECTED" });
    });
  });

  describe("Rule 9: store before answering, and write nothing for a fresh token", () => {
    it("has stored what it answers", async () => {
      const ada = await connected();
      test.clock.advance(HOUR_MS);
      const { value } = await askToken(ada);
      const twin = await test.startTwin();
      expect((await askToken(ada, { via: twin })).value).toBe(value);
    });

    it("writes no row on the path of a fresh token", async () => {
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
