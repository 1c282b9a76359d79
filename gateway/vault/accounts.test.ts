import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { signIn, startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore, onlyAuthorization, refreshRequests } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const SINGLE = { supports_multiple_connections: false };
const UNKNOWN = { id: "", label: "" };
const ONE = { id: "user-1", label: "user-1@example.test" };
const TWO = { id: "user-2", label: "user-2@example.test" };

describe.each(databaseKinds)("Reconnecting, on %s", (database) => {
  it("does not give the refresh token of an unknown account to a known one, which may be another", async () => {
    test = await startTestApp({ database, connector: SINGLE });
    const ada = await test.signIn("ada");
    test.provider.controls.account = UNKNOWN;
    await ada.connect();
    test.provider.controls.account = TWO;
    test.provider.controls.next("omit-refresh-token");
    await ada.connect();
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect(await onlyAuthorization(test)).toMatchObject({ account_id: TWO.id, display_label: TWO.label, sealed_refresh_token: null });
    test.clock.advance(HOUR_MS);
    expect(await askToken(ada)).toMatchObject({ __typename: "ReconnectRequired", reason: "EXPIRED" });
    expect(refreshRequests(test)).toEqual([]);
  });

  it("keeps the refresh token where neither account is known", async () => {
    test = await startTestApp({ database, connector: SINGLE });
    const ada = await test.signIn("ada");
    test.provider.controls.account = UNKNOWN;
    await ada.connect();
    test.provider.controls.next("omit-refresh-token");
    await ada.connect();
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("with another account ends no connection that this account serves elsewhere", async () => {
    test = await startTestApp({ database, connector: SINGLE, provider: { revokesWholeAccount: true } });
    const [ada, bob] = [await test.signIn("ada"), await test.signIn("bob")];
    test.provider.controls.account = TWO;
    await bob.connect();
    test.provider.controls.account = ONE;
    await ada.connect();
    test.provider.controls.account = TWO;
    expect(await (await ada.connect()).text()).toContain("another Test account than before");
    test.clock.advance(HOUR_MS);
    expect((await askToken(bob)).__typename).toBe("AccessToken");
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("distinguishes two ids that a number would round to one", async () => {
    test = await startTestApp({ database, connector: SINGLE });
    const ada = await test.signIn("ada");
    test.provider.controls.userInfo = '{"sub":9007199254740992}';
    await ada.connect();
    test.provider.controls.userInfo = '{"sub":9007199254740993}';
    expect(await (await ada.connect()).text()).toContain("another Test account than before");
  });

  it("recognises an id that was a number and is now a text", async () => {
    test = await startTestApp({ database, connector: SINGLE });
    const ada = await test.signIn("ada");
    test.provider.controls.userInfo = '{"sub":9007199254740993}';
    await ada.connect();
    test.provider.controls.userInfo = '{"sub":"9007199254740993"}';
    expect((await ada.connect()).status).toBe(200);
  });

  it("recognises an id that was stored rounded, once, and stores every digit of it", async () => {
    test = await startTestApp({ database, connector: SINGLE });
    const ada = await test.signIn("ada");
    test.provider.controls.userInfo = '{"sub":9007199254740993}';
    await ada.connect();
    await inStore(test, (query) =>
      query.updateTable("authorizations").set({ account_id: "9007199254740992", account_id_path: null }).execute(),
    );
    expect((await ada.connect()).status).toBe(200);
    expect(await onlyAuthorization(test)).toMatchObject({ account_id: "9007199254740993", account_id_path: "sub" });
    test.provider.controls.userInfo = '{"sub":9007199254740992}';
    expect((await ada.connect()).status).toBe(400);
  });

  describe("after account_id_path has changed", () => {
    /** Connects by `email`, and answers the same user in front of a gateway that reads the id elsewhere. */
    async function changePath(path: string) {
      test = await startTestApp({ database, connector: SINGLE });
      const provider = { ...test.provider.providerFacts };
      const before = await test.startTwin({ provider: { ...provider, account_id_path: "email" } });
      await (await signIn(before, test.provider, "ada")).connect();
      return signIn(await test.startTwin({ provider: { ...provider, account_id_path: path } }), test.provider, "ada");
    }

    it("lets the same account reconnect, and stores its new id", async () => {
      const ada = await changePath("sub");
      expect((await ada.connect()).status).toBe(200);
      expect(await onlyAuthorization(test)).toMatchObject({ account_id: ONE.id, account_id_path: "sub" });
    });

    it("refuses another account by the old path", async () => {
      const ada = await changePath("sub");
      test.provider.controls.account = TWO;
      expect(await (await ada.connect()).text()).toContain("another Test account than before");
    });

    it("lets an account without an id at the old path reconnect, without the old refresh token", async () => {
      const ada = await changePath("sub");
      test.provider.controls.userInfo = '{"sub":"user-1"}';
      test.provider.controls.next("omit-refresh-token");
      expect((await ada.connect()).status).toBe(200);
      expect(await onlyAuthorization(test)).toMatchObject({ account_id: ONE.id, sealed_refresh_token: null });
    });
  });

  it("is refused where the provider does not name the account by the path that it did before", async () => {
    test = await startTestApp({ database, connector: SINGLE });
    const ada = await test.signIn("ada");
    await ada.connect();
    test.provider.controls.userInfo = '{"id":"user-1"}';
    expect(await (await ada.connect()).text()).toContain("did not say whose account this is");
  });
});
