import { afterEach, describe, expect, it } from "vitest";
import { startAuthorizationServer } from "../../test/support/authorization-server.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, refreshRequests, startConnected } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

describe.each(databaseKinds)("the life of a token on %s", (database) => {
  /** What the gateway may not know of the store's time (rule 11): nothing of SQLite's. */
  const unknownMs = database === "sqlite" ? 0 : 2_000;

  function expectEnd(told: string | null | undefined, end: number): void {
    const toldAt = Date.parse(told ?? "");
    expect(toldAt).toBeLessThanOrEqual(end);
    expect(toldAt).toBeGreaterThanOrEqual(end - unknownMs);
  }

  async function connected(options: TestAppOptions = {}): Promise<TestUser> {
    const started = await startConnected({ database, ...options });
    ({ test } = started);
    return started.ada;
  }

  describe("Rule 1: the life that is left", () => {
    it("allows a token with more than 300 s left, without a request to the provider", async () => {
      const ada = await connected();
      const first = await askToken(ada);
      test.clock.advance(HOUR_MS - 301_000);
      expect((await askToken(ada)).value).toBe(first.value);
      expect(refreshRequests(test)).toEqual([]);
    });

    it("allows the old token down to 60 s while the provider gives no new one", async () => {
      const ada = await connected();
      const first = await askToken(ada);
      test.provider.controls.always({ status: 503 });
      test.clock.advance(HOUR_MS - 60_000 - unknownMs);
      expect((await askToken(ada)).value).toBe(first.value);
      test.clock.advance(unknownMs + 1);
      expect((await askToken(ada)).__typename).toBe("TemporarilyUnavailable");
      test.provider.controls.always(null);
    });

    it("allows a short token down to a tenth of its whole life", async () => {
      const ada = await connected({ provider: { accessTokenSeconds: 30 } });
      const first = await askToken(ada);
      test.provider.controls.always({ status: 503 });
      test.clock.advance(27_000 - unknownMs);
      expect((await askToken(ada)).value).toBe(first.value);
      test.clock.advance(unknownMs + 1);
      expect((await askToken(ada)).__typename).toBe("TemporarilyUnavailable");
    });

    it("leads to a refresh only for a caller who needs more", async () => {
      const ada = await connected();
      const first = await askToken(ada);
      test.clock.advance(HOUR_MS / 2 - unknownMs);
      expect((await askToken(ada, { minimumTtl: 1_800 })).value).toBe(first.value);
      test.clock.advance(unknownMs);
      const longer = await askToken(ada, { minimumTtl: 1_801 });
      expect(longer.value).not.toBe(first.value);
      expect((await askToken(ada)).value).toBe(longer.value);
      expect(refreshRequests(test)).toHaveLength(1);
    });

    it("is MinimumTtlUnavailable, without a refresh, where no token can live that long", async () => {
      const ada = await connected();
      test.clock.advance(120_000);
      expect(await askToken(ada, { minimumTtl: 3_541 })).toMatchObject({ __typename: "MinimumTtlUnavailable", maximumTtl: 3_540 });
      expect(refreshRequests(test)).toEqual([]);
    });

    it.each([-1, 0, "-1"])("never allows a new token whose expires_in is %j", async (expiresIn) => {
      const ada = await connected();
      test.clock.advance(HOUR_MS);
      test.provider.controls.next({ answer: { expires_in: expiresIn } });
      expect(await askToken(ada)).toMatchObject({ __typename: "TemporarilyUnavailable" });
    });

    it("counts from before the token was asked for", async () => {
      const ada = await connected();
      test.clock.advance(HOUR_MS);
      const hold = test.provider.controls.hold();
      const asking = askToken(ada);
      await hold.arrived(1);
      const askedAt = test.clock.now();
      test.clock.advance(9_000);
      hold.release();
      expectEnd((await asking).expiresAt, askedAt + HOUR_MS);
    });
  });

  describe("Rule 7: the life of a token", () => {
    const jwt = (exp: number) =>
      ["{}", JSON.stringify({ exp }), "signature"].map((part) => Buffer.from(part).toString("base64url")).join(".");

    it("is the connector's default where the provider states none", async () => {
      const plain = await startAuthorizationServer();
      plain.controls.always("omit-expires-in");
      const provider = { ...plain.providerFacts, access_token_lifetime_seconds: 1_800 };
      const { clientId: client_id, clientSecret: client_secret } = plain.client;
      test = await startTestApp({ database, connectors: [{ slug: "plain", name: "Plain", provider, client_id, client_secret }] });
      const ada = await test.signIn("ada");
      const started = await ada.browser.fetch("/connect/plain");
      await ada.browser.fetch((await plain.authorize(started.headers.get("location") ?? "")).href);
      const { expiresAt } = await askToken(ada, { where: { slug: "plain" } });
      expectEnd(expiresAt, test.clock.now() + 1_800_000);
      await plain.close();
    });

    it.each([0, -1])("does not end where the token cannot be renewed and came with expires_in %j", async (expiresIn) => {
      test = await startTestApp({ database, provider: { accessTokenSeconds: 48 * 3_600 } });
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
      expectEnd((await askToken(ada)).expiresAt, expiresAt);
    });

    it.each([
      ["ms", (instant: number, now: number) => instant - now],
      ["epoch", (instant: number) => instant / 1000],
      ["iso", (instant: number) => new Date(instant).toISOString()],
    ])("is read at the declared path, in the declared unit: %s", async (unit, write) => {
      const ada = await connected({ facts: { expiry: { path: "token.ends", unit } } });
      test.clock.advance(HOUR_MS);
      const now = test.clock.now();
      test.provider.controls.next({ answer: { token: { ends: write(now + 1_800_000, now) } } });
      expectEnd((await askToken(ada)).expiresAt, now + 1_800_000);
    });

    it("is named in the log where it cannot be understood", async () => {
      test = await startTestApp({ database });
      const ada = await test.signIn("ada");
      test.provider.controls.next({ answer: { expires_in: "a fortnight" } });
      await ada.connect();
      expect((await askToken(ada)).expiresAt).toBeNull();
      expect(test.logged.filter((line) => line.includes('"member":"expires_in"'))).toHaveLength(1);
    });

    it("is that of a JWT where neither provider nor connector states one", async () => {
      test = await startTestApp({ database });
      const ada = await test.signIn("ada");
      const expiresAt = test.clock.now() + 1_800_000;
      test.provider.controls.next({ answer: { expires_in: undefined, access_token: jwt(expiresAt / 1000) } });
      await ada.connect();
      expect((await askToken(ada, { verify: false })).expiresAt).toBe(new Date(expiresAt).toISOString());
    });

    it("is unknown otherwise: the token is refreshed after an hour, and promises no minimumTtl", async () => {
      test = await startTestApp({ database });
      const ada = await test.signIn("ada");
      test.provider.controls.always("omit-expires-in");
      await ada.connect();
      const first = await askToken(ada);
      expect(first.expiresAt).toBeNull();
      expect(await askToken(ada, { minimumTtl: 60 })).toMatchObject({ __typename: "MinimumTtlUnavailable", maximumTtl: 0 });
      test.clock.advance(HOUR_MS - unknownMs - 1);
      expect((await askToken(ada)).value).toBe(first.value);
      test.clock.advance(unknownMs + 1);
      expect((await askToken(ada)).value).not.toBe(first.value);
    });
  });
});
