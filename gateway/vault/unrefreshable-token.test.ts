import { UnsecuredJWT } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, isAccepted } from "../../test/support/vault.ts";

const INTERVAL_MS = 30_000;

let test: TestApp;
afterEach(() => test?.close());

const works = (token: string | null | undefined) => isAccepted(test, token);
const checksSince = (count: number) => test.provider.checks.length - count;

const statusOf = async (user: TestUser) =>
  (await user.graphql(`{ connections { authorization { status errorCode } } }`)).data.connections[0];

describe("a token that nothing can refresh", () => {
  async function withoutRefreshToken(): Promise<TestUser> {
    test = await startTestApp();
    const ada = await test.signIn("ada");
    test.provider.controls.next("omit-refresh-token");
    await ada.connect();
    await askToken(ada);
    test.clock.advance(INTERVAL_MS);
    return ada;
  }

  it("ends its connection after a second refusal only", async () => {
    const ada = await withoutRefreshToken();
    test.provider.controls.expireAccessTokens();
    const before = test.provider.checks.length;
    expect(await askToken(ada)).toMatchObject({ __typename: "ReconnectRequired", reason: "TOKEN_REJECTED" });
    expect(checksSince(before)).toBe(2);
    expect(await statusOf(ada)).toMatchObject({ authorization: { status: "ERROR", errorCode: "token_rejected" } });
  });

  it("is given though the userinfo endpoint refuses every token", async () => {
    test = await startTestApp();
    const ada = await test.signIn("ada");
    test.provider.controls.next("omit-refresh-token");
    test.provider.controls.answerChecks(401, 401, 401);
    await ada.connect();
    const before = test.provider.checks.length;
    expect(await works((await askToken(ada, { verify: true })).value)).toBe(true);
    expect(checksSince(before)).toBe(0);
  });

  it("is given though the userinfo endpoint refuses every token and the ID token has named the account", async () => {
    test = await startTestApp();
    const ada = await test.signIn("ada");
    const { url, client } = test.provider;
    const expires = Math.floor(test.clock.now() / 1000) + 3_600;
    const idToken = new UnsecuredJWT({ sub: "ada", email: "ada@example.test" });
    idToken
      .setIssuer(url)
      .setAudience(client.clientId)
      .setIssuedAt(expires - 3_600)
      .setExpirationTime(expires);
    test.provider.controls.next({ answer: { refresh_token: undefined, id_token: idToken.encode() } });
    test.provider.controls.answerChecks(401, 401, 401);
    await ada.connect();
    const before = test.provider.checks.length;
    const { __typename, connection } = await askToken(ada, { verify: true });
    expect([__typename, connection?.authorization?.status, checksSince(before)]).toEqual(["AccessToken", "ACTIVE", 0]);
    expect((await ada.graphql("{ connections { authorization { displayLabel } } }")).data.connections).toMatchObject([
      { authorization: { displayLabel: "ada@example.test" } },
    ]);
  });

  it("is given after a refusal that is not repeated", async () => {
    const ada = await withoutRefreshToken();
    const before = test.provider.checks.length;
    test.provider.controls.answerChecks(401);
    expect(await works((await askToken(ada)).value)).toBe(true);
    expect(checksSince(before)).toBe(2);
    expect(await statusOf(ada)).toMatchObject({ authorization: { status: "ACTIVE" } });
  });
});
