import { describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { importInto, issueLine, withStore } from "../../test/support/importing.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { askToken, refreshRequests } from "../../test/support/vault.ts";
import { withVault } from "../commands/with-vault.ts";
import type { LineResult } from "./import-lines.ts";
import { isVerified, verifyImported } from "./verify-imported.ts";

/** Verifies as `import --verify` does, in a process of its own. */
const verify = (test: TestApp, results: readonly LineResult[]) =>
  withStore(test, (services) =>
    withVault(services, test.config, ({ actions }) => verifyImported(services.database, actions.refresh, results)),
  );

describe.each(databaseKinds)("a verified import on %s", (database) => {
  it("refreshes each imported token once, also where it is verified again, and gives the new one", async () => {
    const test = await startTestApp({ database });
    const lines = [issueLine(test), issueLine(test, { user: "grace" }), { user: "bob", connector: "none", access_token: "x" }];
    const results = await importInto(test, lines);
    const statuses = [...(await verify(test, results)).values()].map(({ status }) => status);
    expect(statuses).toEqual(["refreshed", "refreshed"]);
    expect(await verify(test, await importInto(test, lines))).toEqual(new Map());
    expect(refreshRequests(test)).toHaveLength(2);
    expect(test.provider.liveAccessTokens()).toContain((await askToken(await test.signIn("ada"))).value);
    expect((await askToken(await test.signIn("ada"))).value).not.toBe(lines[0]?.access_token);
    await test.close();
  });

  it("goes on with what was imported and not verified when it was stopped", async () => {
    const test = await startTestApp({ database });
    const lines = [issueLine(test)];
    await importInto(test, lines);
    const again = await importInto(test, lines);
    expect(again).toMatchObject([{ status: "skipped", connectionId: expect.any(String) }]);
    expect([...(await verify(test, again)).values()]).toMatchObject([{ status: "refreshed" }]);
    await test.close();
  });

  it("says of a grant that the provider has ended that it does not work, and of one without a refresh token that it was not tried", async () => {
    const test = await startTestApp({ database });
    const results = await importInto(test, [issueLine(test), issueLine(test, { user: "grace", refresh_token: null })]);
    test.provider.controls.revokeGrants();
    const verified = await verify(test, results);
    expect(results.map(({ connectionId }) => verified.get(connectionId ?? ""))).toMatchObject([
      { status: "reconnect_required", message: expect.stringContaining("Test") },
      { status: "not_refreshable" },
    ]);
    expect([...verified.values()].filter(isVerified).map(({ status }) => status)).toEqual(["not_refreshable"]);
    await test.close();
  });
});
