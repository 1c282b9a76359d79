import { sql } from "kysely";
import { afterEach, describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore, onlyAuthorization, refreshRequests, turns } from "../../test/support/vault.ts";
import { PATIENCE } from "../../test/support/patience.ts";

let test: TestApp;
afterEach(() => test?.close());

const DISCONNECT = `mutation { disconnect(where: { slug: "test" }) { id enabled } }`;
const SINGLE = { connector: { supports_multiple_connections: false } };
const CONNECTIONS = `{ connections { id enabled authorization { status displayLabel errorCode } } }`;

describe.each(databaseKinds)("on %s", (database) => {
  async function connected(options: TestAppOptions = {}): Promise<TestUser> {
    test = await startTestApp({ database, ...options });
    const ada = await test.signIn("ada");
    await ada.connect();
    return ada;
  }

  /** The callback that the provider sends the browser to, not visited yet. */
  async function startConnecting(user: TestUser): Promise<string> {
    const started = await user.browser.fetch("/connect/test");
    return (await test.provider.authorize(started.headers.get("location") ?? "")).href;
  }

  async function holdRefresh(user: TestUser) {
    test.clock.advance(HOUR_MS);
    const hold = test.provider.controls.hold();
    const asking = askToken(user);
    await hold.arrived(1);
    return { hold, asking };
  }

  describe("Rule 6: a reconnect", () => {
    it("keeps the connection's id, and the refresh token when it brings no new one", async () => {
      const ada = await connected();
      const { connection, value } = await askToken(ada);
      const { sealed_refresh_token: before } = await onlyAuthorization(test);
      test.provider.controls.next("omit-refresh-token");
      await ada.connect();
      const next = await askToken(ada);
      expect(next.connection?.id).toBe(connection?.id);
      expect(next.value).not.toBe(value);
      const { sealed_refresh_token: after } = await onlyAuthorization(test);
      expect(after).not.toBeNull();
      expect(after).not.toBe(before);
      test.clock.advance(HOUR_MS);
      expect((await askToken(ada)).__typename).toBe("AccessToken");
      expect(test.provider.refreshCount()).toBe(1);
    });

    it("keeps the refresh token over a refresh that brings no new one", async () => {
      const ada = await connected({ provider: { rotate: false } });
      for (let refreshes = 1; refreshes <= 3; refreshes += 1) {
        test.provider.controls.next("omit-refresh-token");
        test.clock.advance(HOUR_MS);
        expect((await askToken(ada)).__typename).toBe("AccessToken");
        expect(test.provider.refreshCount()).toBe(refreshes);
      }
    });

    it.each([
      [true, 1],
      [undefined, 0],
    ])("tells operators of such a refresh where the provider is declared to rotate: %j", async (rotates, lines) => {
      const ada = await connected({ provider: { rotate: false }, facts: { refresh: { rotates } } });
      test.provider.controls.next("omit-refresh-token");
      test.clock.advance(HOUR_MS);
      expect((await askToken(ada)).__typename).toBe("AccessToken");
      expect(test.logged.filter((line) => line.includes("should rotate refresh tokens"))).toHaveLength(lines);
    });

    it("that was only begun, denied, or failed leaves the working connection unchanged", async () => {
      const ada = await connected();
      const before = await askToken(ada);
      await ada.browser.fetch("/connect/test");
      expect(await askToken(ada)).toEqual(before);
      test.provider.controls.denyNext();
      expect(await (await ada.connect()).text()).toContain("was not granted");
      test.provider.controls.next({ status: 500 });
      await ada.connect();
      expect(await askToken(ada)).toEqual(before);
      test.clock.advance(HOUR_MS);
      expect((await askToken(ada)).__typename).toBe("AccessToken");
    });

    it("whose account the provider does not name is refused, so that no two accounts are mixed", async () => {
      const ada = await connected();
      const { value } = await askToken(ada);
      test.provider.controls.account = { id: "", label: "" };
      test.provider.controls.next("omit-refresh-token");
      expect(await (await ada.connect()).text()).toContain("did not say whose account this is");
      expect((await askToken(ada)).value).toBe(value);
      expect(test.provider.revocations).toEqual([]);
      test.clock.advance(HOUR_MS);
      expect((await askToken(ada)).__typename).toBe("AccessToken");
    });

    it("with another account is refused, and leaves the working connection unchanged", async () => {
      const ada = await connected(SINGLE);
      const before = await askToken(ada);
      test.provider.controls.account = { id: "user-2", label: "user-2@example.test" };
      expect(await (await ada.connect()).text()).toContain("another Test account than before");
      expect(await askToken(ada)).toEqual(before);
      await ada.graphql(DISCONNECT);
      await ada.connect();
      const { data } = await ada.graphql(CONNECTIONS);
      expect(data.connections).toMatchObject([{ enabled: true, authorization: { displayLabel: "user-2@example.test" } }]);
    });

    it("restores a connection whose grant was revoked, under its old id", async () => {
      const ada = await connected();
      const { connection } = await askToken(ada);
      test.provider.controls.revokeGrants();
      test.clock.advance(HOUR_MS);
      expect((await askToken(ada)).__typename).toBe("ReconnectRequired");
      await ada.connect();
      expect(await askToken(ada)).toMatchObject({ __typename: "AccessToken", connection: { id: connection?.id } });
    });

    it("begun in one tab while another finishes does not replace the finished one", async () => {
      test = await startTestApp({ database });
      const ada = await test.signIn("ada");
      const [first, second] = [await startConnecting(ada), await startConnecting(ada)];
      await ada.browser.fetch(second);
      const before = await askToken(ada);
      expect(before.__typename).toBe("AccessToken");
      await ada.browser.fetch(first);
      expect((await askToken(ada)).__typename).toBe("AccessToken");
      await ada.browser.fetch("/connect/test");
      expect((await askToken(ada)).__typename).toBe("AccessToken");
      expect((await ada.graphql(CONNECTIONS)).data.connections).toHaveLength(1);
    });

    it("waits for a running refresh, and replaces its result", async () => {
      const ada = await connected();
      test.clock.advance(HOUR_MS);
      let answer = () => {};
      const until = new Promise<void>((resolve) => (answer = resolve));
      test.provider.controls.next({ until }, "omit-refresh-token");
      const asking = askToken(ada);
      await vi.waitUntil(() => refreshRequests(test).length === 1, PATIENCE);
      let isFinished = false;
      const finishing = startConnecting(ada)
        .then((back) => ada.browser.fetch(back))
        .finally(() => (isFinished = true));
      await vi.waitUntil(() => test.provider.tokenRequests.length === 3, PATIENCE);
      await turns(200);
      expect(isFinished).toBe(false);
      answer();
      await finishing;
      expect((await asking).__typename).toBe("AccessToken");
      const { value } = await askToken(ada);
      expect(test.provider.liveAccessTokens()).toContain(value);
      // It inherited the refresh token that the refresh brought, not the one that was used up by it.
      test.clock.advance(HOUR_MS);
      expect((await askToken(ada)).__typename).toBe("AccessToken");
    });
  });

  describe("disconnecting", () => {
    it("during a refresh wins: nothing is stored, and what the provider answers is revoked there", async () => {
      const ada = await connected();
      const { hold, asking } = await holdRefresh(ada);
      const { data } = await ada.graphql(DISCONNECT);
      expect(data.disconnect).toMatchObject({ enabled: true });
      hold.release();
      expect((await asking).__typename).toBe("NotConnected");
      expect(await inStore(test, (query) => query.selectFrom("authorizations").selectAll().execute())).toEqual([]);
      expect(test.provider.liveAccessTokens()).toEqual([]);
      expect(test.provider.revocations).toHaveLength(1);
    });

    it("after the provider has answered a refresh revokes what it answered", async () => {
      const ada = await connected();
      test.clock.advance(HOUR_MS);
      const hold = test.provider.controls.hold();
      test.provider.controls.next({ answer: { access_token: "late-access", refresh_token: "late-refresh" } });
      const asking = askToken(ada);
      await hold.arrived(1);
      await inStore(test, async (query) => {
        await query.deleteFrom("attempts").execute();
        await query.deleteFrom("authorizations").execute();
        await query.updateTable("connections").set({ enabled: 0, authorization_id: null }).execute();
      });
      hold.release();
      expect((await asking).__typename).toBe("NotConnected");
      expect(test.provider.revocations).toEqual(["late-refresh"]);
    });

    it("while the browser is at the provider wins: the callback connects nothing", async () => {
      const ada = await connected();
      const callback = await startConnecting(ada);
      const hold = test.provider.controls.hold();
      const finishing = ada.browser.fetch(callback);
      await hold.arrived(1);
      await ada.graphql(DISCONNECT);
      hold.release();
      expect(await (await finishing).text()).toContain("disconnected while it was being connected");
      expect((await askToken(ada)).__typename).toBe("NotConnected");
      expect((await ada.graphql(CONNECTIONS)).data.connections).toMatchObject([{ enabled: false, authorization: null }]);
      expect(test.provider.liveAccessTokens()).toEqual([]);
      await ada.connect();
      expect((await askToken(ada)).__typename).toBe("AccessToken");
    });

    it("succeeds here when the provider is down, and revokes there when it is up", async () => {
      const ada = await connected();
      await ada.graphql(DISCONNECT);
      expect(test.provider.liveAccessTokens()).toEqual([]);
      await ada.connect();
      await test.provider.close();
      const { data, errors } = await ada.graphql(DISCONNECT);
      expect(errors).toEqual([]);
      expect(data.disconnect.enabled).toBe(true);
      expect((await askToken(ada)).__typename).toBe("NotConnected");
      expect(test.logged.join()).toContain("not revoked at the provider");
    });

    it("leads to NotConnected, as before the first connection", async () => {
      const ada = await connected();
      await ada.graphql(DISCONNECT);
      const again = await ada.graphql(DISCONNECT);
      expect(again.errors).toEqual([]);
      expect(await askToken(ada)).toEqual(await askToken(await test.signIn("bob")));
    });
  });

  describe("a store that is away between the provider's answer and the storing of it", () => {
    it("is waited for when another process holds its lock", async () => {
      const ada = await connected();
      const { hold, asking } = await holdRefresh(ada);
      let unlock = () => {};
      const locked = new Promise<void>((resolve) => (unlock = resolve));
      let isAnswered = false;
      const answered = asking.finally(() => (isAnswered = true));
      await inStore(test, (query) =>
        query.transaction().execute(async (transaction) => {
          if (database === "postgres") await sql`lock table authorizations in access exclusive mode`.execute(transaction);
          hold.release();
          await vi.waitUntil(() => test.provider.refreshCount() === 1, PATIENCE);
          await turns(100);
          expect(isAnswered).toBe(false);
          unlock();
        }),
      );
      await locked;
      const { value } = await answered;
      expect(test.provider.liveAccessTokens()).toContain(value);
    });
  });
});
