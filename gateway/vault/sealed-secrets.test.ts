import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { ask, sendTo, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { createSealer } from "../store/sealing.ts";
import { fingerprintOf } from "./sealed-columns.ts";
import { askToken, HOUR_MS, inStore, onlyAuthorization, refreshRequests } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

describe.each(databaseKinds)("Rule 10: secrets are sealed, on %s", (database) => {
  async function connected(): Promise<TestUser> {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    return ada;
  }

  it("stores no token in the clear, and binds each to its owner, connection and column", async () => {
    const ada = await connected();
    const { value = "" } = await askToken(ada);
    const row = await onlyAuthorization(test);
    for (const secret of test.provider.issuedSecrets) expect(JSON.stringify(row)).not.toContain(secret);
    const sealer = createSealer(test.config.sealingKeys ?? []);
    const context = (column: string) => JSON.stringify(["user", "ada", row.connection_id, row.id, column]);
    expect(sealer.open(row.sealed_access_token ?? "", context("sealed_access_token"))).toBe(value);
    expect(() => sealer.open(row.sealed_access_token ?? "", context("sealed_refresh_token"))).toThrow("cannot be decrypted");
  });

  it("answers ConnectorMisconfigured and logs the row when a stored access token does not open, until it is connected again", async () => {
    const ada = await connected();
    const { value } = await askToken(ada);
    const row = await onlyAuthorization(test);
    await inStore(test, (query) => query.updateTable("authorizations").set({ sealed_access_token: row.sealed_refresh_token }).execute());
    const twin = await test.startTwin();
    expect(await askToken(ada, { via: twin })).toEqual({
      __typename: "ConnectorMisconfigured",
      message: "The gateway cannot open what it has stored for this Test connection: its operator finds the row in the log.",
    });
    const headers = { authorization: `Bearer ${await ada.bearer()}` };
    const { errors } = await ask(sendTo(twin), `{ connectionToken(where: { slug: "test" }) }`, {}, headers);
    expect(errors[0]?.extensions.code).toBe("CONNECTOR_MISCONFIGURED");
    expect(test.logged.filter((line) => line.includes("cannot be decrypted"))).toContainEqual(expect.stringContaining(row.id));
    expect((await onlyAuthorization(test)).status).toBe("active");
    await ada.connect();
    expect((await askToken(ada, { via: twin })).value).not.toBe(value);
    expect(test.provider.liveAccessTokens()).toContain((await askToken(ada, { via: twin })).value);
  });

  it("answers ConnectorMisconfigured, asks no provider and claims nothing when a stored refresh token does not open", async () => {
    const ada = await connected();
    const row = await onlyAuthorization(test);
    await inStore(test, (query) => query.updateTable("authorizations").set({ sealed_refresh_token: row.sealed_access_token }).execute());
    test.clock.advance(HOUR_MS);
    expect(await askToken(ada)).toMatchObject({ __typename: "ConnectorMisconfigured" });
    expect(refreshRequests(test)).toEqual([]);
    expect(test.logged.filter((line) => line.includes("cannot be decrypted"))).toContainEqual(expect.stringContaining(row.id));
    expect(await onlyAuthorization(test)).toMatchObject({ status: "active", lease_id: null, failures: 0 });
  });

  it("answers 404 to a callback when the attempt's secret does not open", async () => {
    const ada = await connected();
    const started = await ada.browser.fetch("/connect/test");
    await inStore(test, (query) =>
      query
        .updateTable("attempts")
        .set({ sealed_verifier: "s1.test.".padEnd(60, "A") })
        .execute(),
    );
    const callback = await test.provider.authorize(started.headers.get("location") ?? "");
    expect((await ada.browser.fetch(callback.href)).status).toBe(404);
    expect(test.logged.join("")).toContain("a stored secret cannot be decrypted");
  });

  it("fingerprints a token as 16 bytes of its SHA-256 in base64url", async () => {
    const ada = await connected();
    const { fingerprint, value = "" } = await askToken(ada);
    expect(fingerprint).toBe(fingerprintOf(value));
    expect(fingerprint).toMatch(/^[\w-]{22}$/);
  });
});
