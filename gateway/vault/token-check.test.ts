import { afterEach, describe, expect, it, vi } from "vitest";
import { createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { sendTo, startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, isAccepted, refreshRequests, startConnected } from "../../test/support/vault.ts";
import { CHECK_TIMEOUT_MS, CONFIRM_REFUSED_MS } from "./token-check.ts";

const INTERVAL_MS = 30_000;
const SERVER = `{ user(id: "ada") { connectionToken(where: { slug: "test" }) } }`;

let test: TestApp;
afterEach(() => test?.close());

async function connected(options?: TestAppOptions): Promise<TestUser> {
  const started = await startConnected(options);
  ({ test } = started);
  return started.ada;
}

const works = (token: string | null | undefined) => isAccepted(test, token);
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

  it.each(waysIn)("answers a new token once the provider refuses the current one: %s", async (_name, ask) => {
    const ada = await connected({ database });
    const first = await ask(ada);
    test.clock.advance(INTERVAL_MS);
    test.provider.controls.expireAccessTokens();
    expect(await works(first)).toBe(false);
    const second = await ask(ada);
    expect(second).not.toBe(first);
    expect(await works(second)).toBe(true);
  });

  it.each(waysIn)("ends the connection once the grant was revoked at the provider: %s", async (_name, ask) => {
    const ada = await connected({ database });
    await ask(ada);
    test.clock.advance(INTERVAL_MS);
    test.provider.controls.revokeGrants();
    expect(await ask(ada)).toBeNull();
    expect(await statusOf(ada)).toMatchObject({ authorization: { status: "ERROR" } });
    expect(await askToken(ada)).toMatchObject({ __typename: "ReconnectRequired", reason: "REVOKED" });
  });

  it.runIf(database === "postgres")("checks a token that another process gave to the user", async () => {
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

  it("asks the provider once in 30 s over all processes", async () => {
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

  it("answers the token while the provider neither takes nor refuses it", async () => {
    const ada = await connected({ database });
    const { value } = await askToken(ada);
    for (const status of [500, 403, 429]) {
      test.clock.advance(INTERVAL_MS);
      test.provider.controls.answerChecks(status);
      expect(await askToken(ada, { verify: true })).toMatchObject({ value });
    }
    expect(refreshRequests(test)).toHaveLength(0);
  });

  it("answers no token that expired while the provider was asked", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const lifeSeconds = CONFIRM_REFUSED_MS / 1000;
    test.provider.controls.next({ answer: { expires_in: lifeSeconds, refresh_token: undefined } });
    await ada.connect();
    vi.spyOn(test.clock, "sleep").mockImplementation(async (milliseconds) => test.clock.advance(milliseconds));
    test.provider.controls.answerChecks(401, 500);
    expect(await askToken(ada, { verify: true })).toMatchObject({ __typename: "ReconnectRequired", reason: "EXPIRED" });
  });

  it("asks no provider where `verify` is false", async () => {
    const ada = await connected({ database });
    await askToken(ada, { verify: false });
    const before = test.provider.checks.length;
    test.clock.advance(INTERVAL_MS);
    test.provider.controls.expireAccessTokens();
    const { value } = await askToken(ada, { verify: false });
    expect([checksSince(before), await works(value)]).toEqual([0, false]);
  });

  it("asks the provider for a server only where `verify` is true", async () => {
    await connected({ database });
    const server = await createServerHeaders(test);
    const ask = async (query: string) => (await test.graphql(query, {}, server)).data.user.connectionToken;
    await ask(SERVER);
    const before = test.provider.checks.length;
    test.clock.advance(INTERVAL_MS);
    test.provider.controls.expireAccessTokens();
    const stale = await ask(SERVER);
    expect([checksSince(before), await works(stale)]).toEqual([0, false]);
    expect(await works(await ask(SERVER.replace(`"test" }`, `"test" }, verify: true`)))).toBe(true);
  });

  it("ends the connection by one refused refresh where the provider has refused the token", async () => {
    const ada = await connected({ database });
    await askToken(ada);
    test.clock.advance(INTERVAL_MS);
    test.provider.controls.revokeGrants();
    expect(await askToken(ada, { verify: true })).toMatchObject({ __typename: "ReconnectRequired" });
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("answers a refused token to no caller while its refresh fails", async () => {
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

describe("a provider is asked", () => {
  it.each<[string, (url: string) => Record<string, unknown>]>([
    ["its userinfo", () => ({})],
    ["introspection", (url) => ({ introspection_endpoint: `${url}/introspect`, userinfo: [] })],
    ["a request of its own", (url) => ({ check: { url: `${url}/api/me` }, userinfo: [] })],
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

  it("neither to check nor to refresh where the connection lacks a field of the endpoints", async () => {
    const ada = await connected();
    const provider = { ...test.provider.providerFacts, userinfo_endpoint: "https://{subdomain}.example.com/me" };
    const via = await test.startTwin({ collect: { fields: [{ name: "subdomain", label: "Subdomain" }] }, provider });
    expect(await askToken(ada, { via, verify: true })).toMatchObject({ __typename: "AccessToken" });
    test.clock.advance(HOUR_MS);
    expect(await askToken(ada, { via })).toMatchObject({ __typename: "ConnectorMisconfigured" });
    expect(refreshRequests(test)).toEqual([]);
  });

  it.each([
    ["where the connector's interval is 0", { check_interval_seconds: 0 }, {}],
    ["where it has no endpoint for it", {}, { userinfo: [] }],
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

  it("within the time that a caller waits", async () => {
    const ada = await connected({ env: { XKIT_REQUEST_DEADLINE_MS: "10000" } });
    expect(2 * CHECK_TIMEOUT_MS + CONFIRM_REFUSED_MS).toBeLessThan(test.config.requestDeadlineMs);
    expect(await askToken(ada)).toMatchObject({ __typename: "AccessToken" });
  });
});
