import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore } from "../../test/support/vault.ts";
import { noteRestoredBackup } from "../store/restored-backups.ts";

let test: TestApp;
afterEach(() => test?.close());

describe.each(databaseKinds)("a store on %s that was restored from a backup", (database) => {
  it("is named as the reason for a grant that the provider no longer honours, until it is connected again", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    test.clock.advance(1_000);
    await inStore(test, (query) => noteRestoredBackup(query, test.clock.now()));
    test.provider.controls.revokeGrants();
    test.clock.advance(HOUR_MS);
    const dead = {
      __typename: "ReconnectRequired",
      reason: "RESTORED_BACKUP",
      connection: { authorization: { errorCode: "restored_backup" } },
    };
    expect(await askToken(ada)).toMatchObject(dead);
    expect(await askToken(ada)).toMatchObject(dead);
    await ada.connect();
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    test.provider.controls.revokeGrants();
    test.clock.advance(HOUR_MS);
    expect(await askToken(ada)).toMatchObject({ reason: "REVOKED", connection: { authorization: { errorCode: "invalid_grant" } } });
  });

  it("is not named as the reason for a grant that has been refreshed since", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    await inStore(test, (query) => noteRestoredBackup(query, test.clock.now()));
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    test.provider.controls.revokeGrants();
    test.clock.advance(HOUR_MS);
    expect(await askToken(ada)).toMatchObject({ __typename: "ReconnectRequired", reason: "REVOKED" });
  });
});
