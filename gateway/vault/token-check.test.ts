import { UnsecuredJWT } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { sendTo, startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, refreshRequests } from "../../test/support/vault.ts";
import { createGivenTokens } from "./given-tokens.ts";
import { CHECK_TIMEOUT_MS, CONFIRM_REFUSED_MS } from "./token-check.ts";

const INTERVAL_MS = 30_000;
const SERVER = `{ user(id: "ada") { connectionToken(where: { slug: "test" }) } }`;

let test: TestApp;
afterEach(() => test?.close());

async function connected(options: TestAppOptions): Promise<TestUser> {
  test = await startTestApp(options);
  const ada = await test.signIn("ada");
  await ada.connect();
  return ada;
}

/** Whether a third party takes the token. */
const works = async (token: string | null | undefined): Promise<boolean> =>
  (await fetch(test.provider.apiUrl, { headers: { authorization: `Bearer ${token}` } })).ok;

const checksSince = (count: number) => test.provider.checks.length - count;

const statusOf = async (user: TestUser) =>
  (await user.graphql(`{ connections { authorization { status errorCode } } }`)).data.connections[0];

describe.each(databaseKinds)("asking again for a token on %s", (database) => {
  const waysIn: [string, (user: TestUser) => Promise<string | null>][] = [
    ["connectionToken", async (user) => (await user.graphql(`{ connectionToken(where: { slug: "test" }) }`)).data.connectionToken],
    ["accessToken", async (user) => (await askToken(user)).value ?? null],
    [
      "REST",
      async (user) => {
        const headers = { authorization: `Bearer ${await user.bearer()}` };
        const response = await sendTo(test.app)("/api/platform_user/connections/test", { headers });
        return (await response.json()).connection.authorization?.access_token ?? null;
      },
    ],
  ];

  it.each(waysIn)("brings a new token once the provider refuses the one before its expiry: %s", async (_name, ask) => {
    const ada = await connected({ database });
    const first = await ask(ada);
    test.clock.advance(INTERVAL_MS);
    test.provider.controls.expireAccessTokens();
    expect(await works(first)).toBe(false);
    const second = await ask(ada);
    expect(second).not.toBe(first);
    expect(await works(second)).toBe(true);
  });

  it.each(waysIn)("brings the connection's new status once the grant was revoked at the provider: %s", async (_name, ask) => {
    const ada = await connected({ database });
    await ask(ada);
    test.clock.advance(INTERVAL_MS);
    test.provider.controls.revokeGrants();
    expect(await ask(ada)).toBeNull();
    expect(await statusOf(ada)).toMatchObject({ authorization: { status: "ERROR" } });
    expect(await askToken(ada)).toMatchObject({ __typename: "ReconnectRequired", reason: "REVOKED" });
  });

  it.runIf(database === "postgres")("notices a token that another process gave to a user who is known here", async () => {
    const ada = await connected({ database });
    const there = await test.startTwin();
    await Promise.all([askToken(ada), askToken(ada, { via: there })]);
    test.clock.advance(2 * HOUR_MS);
    const given = await askToken(ada, { via: there });
    const expiryHere = async () =>
      (await ada.graphql(`{ connections { authorization { expiresAt } } }`)).data.connections[0].authorization.expiresAt;
    await expect.poll(expiryHere).toBe(given.expiresAt);
    test.clock.advance(INTERVAL_MS);
    test.provider.controls.expireAccessTokens();
    const again = await askToken(ada);
    expect([again.value === given.value, await works(again.value)]).toEqual([false, true]);
  });

  it("asks the provider once in 30 s over all processes, and no more than once for callers at a time", async () => {
    const ada = await connected({ database });
    const there = await test.startTwin();
    await Promise.all([askToken(ada), askToken(ada, { via: there })]);
    const before = test.provider.checks.length;
    test.clock.advance(INTERVAL_MS);
    await Promise.all(Array.from({ length: 10 }, (_, index) => askToken(ada, { verify: true, ...(index % 2 === 0 && { via: there }) })));
    test.clock.advance(INTERVAL_MS - 1);
    await Promise.all([askToken(ada, { verify: true }), askToken(ada, { verify: true, via: there })]);
    expect(checksSince(before)).toBe(1);
    test.clock.advance(1);
    await askToken(ada, { verify: true });
    expect(checksSince(before)).toBe(2);
  });

  it("is no verdict while the provider does not say: the token is given", async () => {
    const ada = await connected({ database });
    const { value } = await askToken(ada);
    for (const status of [500, 403, 429]) {
      test.clock.advance(INTERVAL_MS);
      test.provider.controls.answerChecks(status);
      expect(await askToken(ada, { verify: true })).toMatchObject({ value });
    }
    expect(refreshRequests(test)).toHaveLength(0);
  });

  it("gives no token whose life has ended while the provider was asked", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const lifeSeconds = CONFIRM_REFUSED_MS / 1000;
    test.provider.controls.next({ answer: { expires_in: lifeSeconds, refresh_token: undefined } });
    await ada.connect();
    vi.spyOn(test.clock, "sleep").mockImplementation(async (milliseconds) => test.clock.advance(milliseconds));
    test.provider.controls.answerChecks(401, 500);
    expect(await askToken(ada, { verify: true })).toMatchObject({ __typename: "ReconnectRequired", reason: "EXPIRED" });
  });

  it("never asks the provider where `verify` is false, and asks it for a server where it is true", async () => {
    const ada = await connected({ database });
    await askToken(ada, { verify: false });
    const before = test.provider.checks.length;
    test.clock.advance(INTERVAL_MS);
    test.provider.controls.expireAccessTokens();
    await askToken(ada, { verify: false });
    const server = await createServerHeaders(test);
    const stale = (await test.graphql(SERVER, {}, server)).data.user.connectionToken;
    expect([checksSince(before), await works(stale)]).toEqual([0, false]);
    const verified = SERVER.replace(`"test" }`, `"test" }, verify: true`);
    expect(await works((await test.graphql(verified, {}, server)).data.user.connectionToken)).toBe(true);
  });

  it("decides by one refusal of the refresh where the provider has refused the token", async () => {
    const ada = await connected({ database });
    await askToken(ada);
    test.clock.advance(INTERVAL_MS);
    test.provider.controls.revokeGrants();
    expect(await askToken(ada, { verify: true })).toMatchObject({ __typename: "ReconnectRequired" });
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("gives a refused token to no caller while its refresh fails for now", async () => {
    const ada = await connected({ database });
    await askToken(ada);
    test.clock.advance(INTERVAL_MS);
    test.provider.controls.expireAccessTokens();
    test.provider.controls.always({ status: 503 });
    expect(await askToken(ada, { verify: true })).toMatchObject({ __typename: "TemporarilyUnavailable" });
    expect(await askToken(ada, { verify: false })).toMatchObject({ __typename: "TemporarilyUnavailable" });
    test.provider.controls.always(null);
    test.clock.advance(HOUR_MS / 4);
    expect(await works((await askToken(ada)).value)).toBe(true);
  });
});

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

  it("needs a second refusal some seconds later before the user has to reconnect", async () => {
    const ada = await withoutRefreshToken();
    test.provider.controls.expireAccessTokens();
    const before = test.provider.checks.length;
    expect(await askToken(ada)).toMatchObject({ __typename: "ReconnectRequired", reason: "TOKEN_REJECTED" });
    expect(checksSince(before)).toBe(2);
    expect(await statusOf(ada)).toMatchObject({ authorization: { status: "ERROR", errorCode: "token_rejected" } });
  });

  it("survives a userinfo endpoint that refuses every token of the connector", async () => {
    test = await startTestApp();
    const ada = await test.signIn("ada");
    test.provider.controls.next("omit-refresh-token");
    test.provider.controls.answerChecks(401, 401, 401);
    await ada.connect();
    const before = test.provider.checks.length;
    expect(await works((await askToken(ada, { verify: true })).value)).toBe(true);
    expect(checksSince(before)).toBe(0);
  });

  it("survives such an endpoint also where the ID token has named the account", async () => {
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

  it("survives a refusal that was false", async () => {
    const ada = await withoutRefreshToken();
    const before = test.provider.checks.length;
    test.provider.controls.answerChecks(401);
    expect(await works((await askToken(ada)).value)).toBe(true);
    expect(checksSince(before)).toBe(2);
    expect(await statusOf(ada)).toMatchObject({ authorization: { status: "ACTIVE" } });
  });
});

describe("how a provider is asked", () => {
  it.each<[string, (url: string) => Record<string, unknown>]>([
    ["its userinfo", () => ({})],
    ["introspection", (url) => ({ introspection_endpoint: `${url}/introspect`, userinfo_endpoint: null })],
    ["a request of its own", (url) => ({ check: { url: `${url}/api/me` }, userinfo_endpoint: null })],
  ])("by %s", async (_name, facts) => {
    test = await startTestApp();
    const provider = { ...test.provider.providerFacts, ...facts(test.provider.url) };
    const ada = await test.signIn("ada");
    const app = await test.startTwin({ provider });
    await ada.connect();
    const first = await askToken(ada, { via: app });
    expect(await askToken(ada, { via: app, verify: true })).toMatchObject({ value: first.value });
    test.clock.advance(INTERVAL_MS);
    test.provider.controls.expireAccessTokens();
    expect(await works((await askToken(ada, { via: app, verify: true })).value)).toBe(true);
  });

  it("not at all where the connection lacks a field that the provider's endpoints need by now, nor is it refreshed", async () => {
    const ada = await connected({});
    const provider = { ...test.provider.providerFacts, userinfo_endpoint: "https://{subdomain}.example.com/me" };
    const via = await test.startTwin({ collect: { fields: [{ name: "subdomain", label: "Subdomain" }] }, provider });
    expect(await askToken(ada, { via, verify: true })).toMatchObject({ __typename: "AccessToken" });
    test.clock.advance(HOUR_MS);
    expect(await askToken(ada, { via })).toMatchObject({ __typename: "ConnectorMisconfigured" });
    expect(refreshRequests(test)).toEqual([]);
  });

  it.each([
    ["where the connector says never", { check_interval_seconds: 0 }, {}],
    ["where there is no way to", {}, { userinfo_endpoint: null }],
  ])("not at all %s", async (_name, connector, facts) => {
    test = await startTestApp();
    const ada = await test.signIn("ada");
    const app = await test.startTwin({ ...connector, provider: { ...test.provider.providerFacts, ...facts } });
    await ada.connect();
    const before = test.provider.checks.length;
    test.provider.controls.expireAccessTokens();
    const { value } = await askToken(ada, { via: app, verify: true });
    expect([checksSince(before), await works(value)]).toEqual([0, false]);
  });

  it("for no longer than a caller can wait", async () => {
    const ada = await connected({ env: { XKIT_REQUEST_DEADLINE_MS: "10000" } });
    expect(2 * CHECK_TIMEOUT_MS + CONFIRM_REFUSED_MS).toBeLessThan(test.config.requestDeadlineMs);
    expect(await askToken(ada)).toMatchObject({ __typename: "AccessToken" });
  });
});

describe("what a user was given", () => {
  const [DAY, TOKEN, OTHER] = [86_400_000, "fingerprint", "another"];

  it("counts as asked for again, and so does what another process may have given", () => {
    const given = createGivenTokens({ isShared: false, startedAt: DAY });
    expect([given.has("ada", TOKEN, DAY), given.has("ada", TOKEN, DAY - 1)]).toEqual([false, true]);
    given.add("ada", TOKEN);
    expect([given.has("ada", TOKEN, DAY), given.has("ada", OTHER, DAY), given.has("ben", TOKEN, DAY)]).toEqual([true, false, false]);
    // Of a known user too: one process may have given one token, and another process the next.
    expect(given.has("ada", OTHER, DAY - 1)).toBe(true);
    const shared = createGivenTokens({ isShared: true, startedAt: DAY });
    shared.add("ada", TOKEN);
    expect([shared.has("ada", OTHER, DAY), shared.has("ben", TOKEN, DAY)]).toEqual([true, true]);
  });

  it("may be any token once others were forgotten, as their memory is bounded", () => {
    const given = createGivenTokens({ isShared: false, startedAt: 0 }, 5_000);
    for (let user = 0; user < 10; user += 1) given.add(`user-${user}`, TOKEN);
    expect([given.has("user-0", TOKEN, 1), given.has("user-0", OTHER, 1)]).toEqual([true, false]);
    for (let user = 10; user < 1_000; user += 1) given.add(`user-${user}`, TOKEN);
    expect([given.has("user-0", TOKEN, 1), given.has("user-999", TOKEN, 1)]).toEqual([true, true]);
  });

  it("may be any token once it is too much to remember", () => {
    const given = createGivenTokens({ isShared: false, startedAt: 0 });
    for (let token = 0; token < 63; token += 1) given.add("ada", `token-${token}`);
    expect(given.has("ada", OTHER, 1)).toBe(false);
    for (let token = 63; token < 100; token += 1) given.add("ada", `token-${token}`);
    expect(["token-0", "token-99", OTHER].map((token) => given.has("ada", token, 1))).toEqual([true, true, true]);
  });
});
