import { afterEach, describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, onlyAuthorization, refreshRequests } from "../../test/support/vault.ts";
import { CONFIRM_REVOKED_MS } from "./refresh-verdict.ts";

let test: TestApp;
afterEach(() => test?.close());

const REFUSAL = { status: 400, body: { error: "invalid_grant" } };

describe.each(databaseKinds)("Rule 3: a false invalid_grant, on %s", (database) => {
  async function connected(): Promise<TestUser> {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    return ada;
  }

  it("leads to a second call within the same request, and ends no connection", async () => {
    const ada = await connected();
    test.clock.advance(HOUR_MS);
    const sleeps = vi.spyOn(test.clock, "sleep");
    test.provider.controls.next(REFUSAL);
    const { value } = await askToken(ada);
    expect(test.provider.liveAccessTokens()).toContain(value);
    expect(refreshRequests(test)).toHaveLength(2);
    expect(sleeps.mock.calls.map(([ms]) => ms)).toContain(CONFIRM_REVOKED_MS);
  });

  it("ends no connection either when the caller says that the token was refused", async () => {
    const ada = await connected();
    const { fingerprint } = await askToken(ada);
    test.provider.controls.next(REFUSAL);
    expect((await askToken(ada, { rejected: fingerprint })).__typename).toBe("AccessToken");
  });

  it("ends the connection when it is repeated", async () => {
    const ada = await connected();
    test.clock.advance(HOUR_MS);
    test.provider.controls.next(REFUSAL, REFUSAL);
    expect((await askToken(ada)).__typename).toBe("ReconnectRequired");
    expect(refreshRequests(test)).toHaveLength(2);
  });

  it("ends no connection when the second call has another answer", async () => {
    const ada = await connected();
    test.clock.advance(HOUR_MS);
    test.provider.controls.next(REFUSAL, { status: 503 });
    expect((await askToken(ada)).__typename).toBe("TemporarilyUnavailable");
    expect(await onlyAuthorization(test)).toMatchObject({ status: "active", perhaps_rotated_at: null });
  });
});
