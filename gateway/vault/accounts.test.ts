import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, onlyAuthorization, refreshRequests } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const UNKNOWN = { id: "", label: "" };
const ONE = { id: "user-1", label: "user-1@example.test" };
const TWO = { id: "user-2", label: "user-2@example.test" };

describe.each(databaseKinds)("Reconnecting with whatever account, on %s", (database) => {
  it("keeps the refresh token of an unknown account from a known one, which may be another", async () => {
    test = await startTestApp({ database });
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
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    test.provider.controls.account = UNKNOWN;
    await ada.connect();
    test.provider.controls.next("omit-refresh-token");
    await ada.connect();
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("with another account ends no connection that this account serves elsewhere", async () => {
    test = await startTestApp({ database, provider: { revokesWholeAccount: true } });
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
});
