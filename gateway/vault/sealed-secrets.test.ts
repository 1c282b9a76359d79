import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { createSealer } from "../store/sealing.ts";
import { fingerprintOf } from "./sealed-columns.ts";
import { askToken, inStore, onlyAuthorization } from "../../test/support/vault.ts";

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
    expect(() => sealer.open(row.sealed_access_token ?? "", context("sealed_refresh_token"))).toThrow("does not open");
  });

  it("answers an error, and keeps the connection, when a stored secret does not open", async () => {
    const ada = await connected();
    await askToken(ada);
    const row = await onlyAuthorization(test);
    await inStore(test, (query) => query.updateTable("authorizations").set({ sealed_access_token: row.sealed_refresh_token }).execute());
    const twin = await test.startTwin();
    await expect(askToken(ada, { via: twin })).rejects.toThrow("INTERNAL");
    expect((await onlyAuthorization(test)).status).toBe("active");
  });

  it("fingerprints a token as 16 bytes of its SHA-256 in base64url", async () => {
    const ada = await connected();
    const { fingerprint, value = "" } = await askToken(ada);
    expect(fingerprint).toBe(fingerprintOf(value));
    expect(fingerprint).toMatch(/^[\w-]{22}$/);
  });
});
