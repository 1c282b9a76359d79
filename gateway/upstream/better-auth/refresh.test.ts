import { afterEach, describe, expect, it } from "vitest";
import { type BetterAuthWorld, startBetterAuthWorld, type WorldOptions } from "../../../test/support/better-auth-gateways.ts";
import { ask as askGraphql, sendTo } from "../../../test/support/test-app.ts";

let world: BetterAuthWorld;
afterEach(() => world?.close());

async function start(options: WorldOptions = {}) {
  world = await startBetterAuthWorld(options);
  const [instance] = world.instances;
  return { ...world, ...instance };
}

const DISCONNECT = `mutation { disconnect(where: { slug: "test" }) { id } }`;

describe("a provider that gives no token", () => {
  it.each([
    { name: "answers 503", answer: { status: 503 } },
    { name: "answers 429", answer: { status: 429, headers: { "retry-after": "7" }, body: { error: "slow_down" } } },
    { name: "redirects", answer: "redirect" as const },
    { name: "answers with HTML", answer: { status: 200, headers: { "content-type": "text/html" }, body: "<h1>hi" } },
    { name: "drops the socket", answer: "cut" as const },
    { name: "answers 200 with an error of the moment", answer: { status: 200, body: { error: "server_error" } } },
  ])("and $name is TemporarilyUnavailable, and the row stays as it was", async ({ answer }) => {
    const { provider, ask, row } = await start();
    const before = await row();
    provider.controls.always(answer);
    expect(await ask()).toMatchObject({ __typename: "TemporarilyUnavailable" });
    expect(await row()).toEqual(before);
  });

  it("is left alone while it backs off, by each gateway", async () => {
    const { provider, instances } = await start({ instances: 2 });
    provider.controls.always({ status: 503 });
    for (const { ask } of instances) expect(await ask()).toMatchObject({ __typename: "TemporarilyUnavailable" });
    expect(provider.tokenRequests.filter(({ grantType }) => grantType === "refresh_token")).toHaveLength(1);
  });

  it("is asked once more after an answer that was lost", async () => {
    const { provider, ask } = await start();
    provider.controls.next("cut");
    expect(await ask()).toMatchObject({ __typename: "AccessToken" });
  });

  it("is waited for until the provider's timeout, and its late tokens are stored", async () => {
    const { provider, ask, row } = await start({ env: { XKIT_PROVIDER_TIMEOUT_MS: "1000" } });
    const { accessToken } = await row();
    const hold = provider.controls.hold();
    expect(await ask()).toMatchObject({ __typename: "TemporarilyUnavailable" });
    hold.release();
    await expect.poll(async () => (await row()).accessToken).not.toBe(accessToken);
    const { value } = await ask();
    expect(provider.liveAccessTokens()).toContain(value);
  });
});

describe("a grant that the provider refuses", () => {
  it("is REVOKED, for each gateway, and the provider is asked no more", async () => {
    const { provider, instances } = await start({ instances: 2 });
    provider.controls.revokeGrants();
    for (const { ask } of instances) expect(await ask()).toMatchObject({ __typename: "ReconnectRequired", reason: "REVOKED" });
    expect(provider.tokenRequests.filter(({ grantType }) => grantType === "refresh_token")).toHaveLength(2);
  });

  it("is not REVOKED where another token is stored meanwhile, which is given", async () => {
    const { provider, ask, write } = await start();
    const hold = provider.controls.hold();
    provider.controls.next({ status: 400, body: { error: "invalid_grant" } });
    const asking = ask();
    await hold.arrived(1);
    const { accessToken, refreshToken } = provider.controls.issueTokens();
    await write({ accessToken, refreshToken, accessTokenExpiresAt: new Date(Date.now() + 3_600_000) });
    hold.release();
    expect(await asking).toMatchObject({ __typename: "AccessToken", value: accessToken });
  });

  it("works again once the user has linked the account again", async () => {
    const { provider, ask, app } = await start();
    provider.controls.revokeGrants();
    expect(await ask()).toMatchObject({ __typename: "ReconnectRequired" });
    await app.link(provider, "ada", "test", "account-of-ada");
    const { value } = await ask();
    expect(provider.liveAccessTokens()).toContain(value);
  });
});

describe("a user who disconnects during a refresh", () => {
  it("stays disconnected, and the new tokens are revoked", async () => {
    const { provider, ask, gateway, row } = await start();
    const hold = provider.controls.hold();
    const asking = ask();
    await hold.arrived(1);
    const { token } = await gateway.provisionUser({ id: "ada" });
    const disconnected = askGraphql(sendTo(gateway), DISCONNECT, {}, { authorization: `Bearer ${token}` });
    await expect.poll(async () => (await row()).refreshToken).toBeNull();
    hold.release();
    expect((await disconnected).errors).toEqual([]);
    expect(await asking).toMatchObject({ __typename: "NotConnected" });
    expect(await row()).toMatchObject({ accessToken: null, refreshToken: null });
    expect(provider.liveAccessTokens()).toEqual([]);
  });
});

describe("a stored token that does not open", () => {
  it.each([
    { name: "sealed with another secret", isSealing: true, stored: { accessToken: "$ba$9$00ff" } },
    { name: "plain and looking sealed", isSealing: true, stored: { accessToken: "abcdef0123456789" } },
    { name: "sealed where nothing is sealed any more", isSealing: false, stored: { accessToken: "$ba$1$00ff" } },
    { name: "a refresh token", isSealing: true, stored: { refreshToken: "abcdef0123456789" } },
  ])("is ConnectorMisconfigured and sent nowhere: $name", async ({ isSealing, stored }) => {
    const { provider, ask, write, logged } = await start({ isSealing });
    await write(stored);
    expect(await ask()).toMatchObject({ __typename: "ConnectorMisconfigured" });
    expect(provider.tokenRequests.filter(({ grantType }) => grantType === "refresh_token")).toHaveLength(0);
    expect(logged.join("\n")).toMatch(/a stored token cannot be decrypted|"code":"unopened"/);
  });

  it("keeps nobody from an access token that still works", async () => {
    const { provider, ask, write } = await start({ isSealing: true });
    const { accessToken } = provider.controls.issueTokens();
    await write({ accessToken, refreshToken: "abcdef0123456789", accessTokenExpiresAt: new Date(Date.now() + 200_000) });
    expect(await ask()).toMatchObject({ __typename: "AccessToken", value: accessToken });
  });

  it("is opened where it was stored plain before tokens were sealed", async () => {
    const { provider, ask, write } = await start({ isSealing: true });
    const { accessToken } = provider.controls.issueTokens();
    await write({ accessToken, accessTokenExpiresAt: new Date(Date.now() + 3_600_000) });
    expect(await ask()).toMatchObject({ __typename: "AccessToken", value: accessToken });
  });
});

describe("better-auth's database", () => {
  it("is away: a token is TemporarilyUnavailable, and the gateway is not ready", async () => {
    const { ask, app, gateway } = await start();
    await app.close();
    expect(await ask()).toMatchObject({ __typename: "TemporarilyUnavailable", retryAfter: 2 });
    expect((await sendTo(gateway)("/readyz")).status).toBe(503);
  });
});

describe("a log", () => {
  it("holds no token", async () => {
    const { provider, ask, write, logged } = await start();
    await ask();
    await write({ accessTokenExpiresAt: new Date(0) });
    provider.controls.always({ status: 400, body: { error: "invalid_grant", error_description: String([...provider.issuedSecrets]) } });
    await ask();
    const lines = logged.join("\n");
    expect(lines).toContain("grant no longer honoured");
    for (const secret of provider.issuedSecrets) expect(lines).not.toContain(secret);
  });
});

describe("a grant", () => {
  it("keeps its id over refreshes, and has another once the user has linked the account again", async () => {
    const { provider, ask, app, write, gateway } = await start();
    const grantOf = async () => {
      const { token } = await gateway.provisionUser({ id: "ada" });
      const query = `{ connection(where: { slug: "test" }) { authorization { id status } } }`;
      const { data } = await askGraphql(sendTo(gateway), query, {}, { authorization: `Bearer ${token}` });
      return data.connection.authorization;
    };
    await ask();
    const grant = await grantOf();
    expect(grant).toMatchObject({ status: "ACTIVE" });
    await write({ accessTokenExpiresAt: new Date(0) });
    await ask();
    expect(await grantOf()).toEqual(grant);
    await app.link(provider, "ada", "test", "account-of-ada");
    const again = await grantOf();
    expect(again).toMatchObject({ status: "ACTIVE" });
    expect(again.id).not.toBe(grant.id);
  });
});
