/** Access tokens in memory, and when they are asked for again. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createTestClient, followClock, startApp, type TestClient } from "../../test/support/client/signed-in.ts";
import { twoKinds } from "../../test/support/two-kinds.ts";
import type { TestApp, TestUser } from "../../test/support/test-app.ts";
import { TemporarilyUnavailableError } from "../api/errors.ts";
import { isAccessToken } from "../api/types.ts";
import type { TokenOptions } from "./access-tokens.ts";

let app: TestApp;
let user: TestUser;
let client: TestClient;
let count = 0;

beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  vi.useRealTimers();
  await app.close();
});
beforeEach(async () => {
  user = await app.signIn(`user-${++count}`);
  client = createTestClient(app, user.browser);
  await client.xkit.login(await user.bearer());
});
afterEach(() => app.provider.controls.always(null));

const past = (seconds: number) => {
  app.clock.advance(seconds * 1000);
  followClock(app);
};

describe("access tokens", () => {
  test("are asked for once by many callers at a time, and given from memory to who wants no check", async () => {
    await user.connect();
    const tokens = await Promise.all([1, 2, 3].map(() => client.xkit.getConnectionToken("test")));
    await client.xkit.getConnectionToken("test", { verify: false });
    expect(new Set(tokens).size).toBe(1);
    expect(client.asked.filter((operation) => operation === "AccessToken")).toHaveLength(1);
  });

  test("are new when they are asked for again after the provider has refused the one before its expiry", async () => {
    await user.connect();
    const first = await client.xkit.getConnectionToken("test");
    app.provider.controls.expireAccessTokens();
    const second = await client.xkit.getConnectionToken("test");
    expect(second).not.toBe(first);
    expect((await fetch(app.provider.apiUrl, { headers: { authorization: `Bearer ${second}` } })).status).toBe(200);
    past(30);
    app.provider.controls.revokeGrants();
    expect(await client.xkit.getConnectionToken("test")).toBeNull();
    expect(await client.xkit.getConnection("test")).toMatchObject({ authorization: { status: "ERROR" } });
  });

  test("are never given beyond their expiry", async () => {
    await user.connect();
    const first = await client.xkit.getToken("test");
    if (!isAccessToken(first) || first.expiresAt === null) throw new TypeError("There is a token that expires.");
    past((Date.parse(first.expiresAt) - Date.now()) / 1000 + 1);
    const second = await client.xkit.getToken("test");
    expect(second).toMatchObject({ __typename: "AccessToken" });
    expect(second).not.toMatchObject({ value: first.value });
  });

  test("are asked for again where memory's has less than a minute left, which the gateway alone may still give", async () => {
    await user.connect();
    const first = await client.xkit.getToken("test");
    if (!isAccessToken(first) || first.expiresAt === null) throw new TypeError("There is a token that expires.");
    past((Date.parse(first.expiresAt) - Date.now()) / 1000 - 90);
    app.provider.controls.always({ status: 503 });
    await client.xkit.getToken("test");
    past(31);
    const before = client.asked.length;
    expect(await client.xkit.getToken("test", { verify: false })).toMatchObject({ __typename: "TemporarilyUnavailable" });
    expect(client.asked.slice(before)).toContain("AccessToken");
  });

  test("are asked for again where memory's does not live as long as the caller needs", async () => {
    await user.connect();
    await client.xkit.getToken("test");
    await client.xkit.getToken("test", { minimumTtl: 10, verify: false });
    expect(client.asked.filter((operation) => operation === "AccessToken")).toHaveLength(1);
    expect(await client.xkit.getToken("test", { minimumTtl: 86_400, verify: false })).toMatchObject({
      __typename: "MinimumTtlUnavailable",
    });
  });

  test("are asked for by their scopes, past memory, and say which are missing with a link that asks for them", async () => {
    app.provider.controls.grantedScopes = ["read"];
    await user.connect();
    app.provider.controls.grantedScopes = null;
    await client.xkit.getToken("test");
    expect(await client.xkit.getToken("test", { verify: false, scopes: ["read"] })).toMatchObject({ __typename: "AccessToken" });
    const missing = await client.xkit.getToken("test", { verify: false, scopes: ["read", "write"] });
    expect(missing).toMatchObject({ __typename: "ScopesMissing", missingScopes: ["write"] });
    expect(new URL("connectorUrl" in missing ? missing.connectorUrl : "").searchParams.get("scopes")).toBe("write");
    expect(await client.xkit.getConnectionToken("test", { scopes: ["write"] })).toBeNull();
    const { authorization } = await client.xkit.startConnecting("test", { scopes: ["write"], loginHint: "ada@example.test" });
    const asked = new URL(authorization?.authorizeUrl ?? "").searchParams;
    expect([asked.get("scope")?.split(" ").toSorted(), asked.get("login_hint")]).toEqual([["read", "write"], "ada@example.test"]);
  });

  test("say why when there is none: null where connecting helps, an error where it does not", async () => {
    expect(await client.xkit.getToken("test")).toMatchObject({
      __typename: "NotConnected",
      connectorUrl: client.xkit.connectorUrl("test"),
    });
    expect(await client.xkit.getConnectionToken("test")).toBeNull();
    await user.connect();
    past(7200);
    app.provider.controls.always({ status: 503 });
    await expect(client.xkit.getConnectionToken("test")).rejects.toBeInstanceOf(TemporarilyUnavailableError);
  });
});

describe("access tokens of fewer scopes than are granted", () => {
  test("are given to those alone who ask by these scopes", async () => {
    const narrowing = await startApp({ facts: { scopes: { narrows: true }, refresh: { kills_old_token: false } } });
    const ada = await narrowing.signIn("ada");
    await ada.connect();
    const { xkit } = createTestClient(narrowing, ada.browser);
    await xkit.login(await ada.bearer());
    const scopesOf = async (options: TokenOptions = {}) => {
      const token = await xkit.getToken("test", { verify: false, ...options });
      return isAccessToken(token) ? token.scopes : token.__typename;
    };
    expect(await scopesOf({ scopes: ["read"] })).toEqual(["read"]);
    expect(await scopesOf()).toEqual(["read", "write"]);
    expect(await scopesOf({ scopes: ["read"] })).toEqual(["read"]);
    await narrowing.close();
  });
});

describe("access tokens of several kinds", () => {
  const { facts, connector } = twoKinds();

  test("are kept, fetched with and refused each by its kind", async () => {
    const kinds = await startApp({ facts, connector });
    const ada = await kinds.signIn("ada");
    await ada.connect();
    const { xkit } = createTestClient(kinds, ada.browser);
    await xkit.login(await ada.bearer());
    const tokenOf = (kind?: string) => xkit.getConnectionToken("test", { verify: false, kind });
    const [bot, mine] = [await tokenOf(), await tokenOf("user")];
    expect(mine).not.toBe(bot);
    expect([await tokenOf("bot"), await tokenOf(), await tokenOf("user")]).toEqual([bot, bot, mine]);
    kinds.provider.controls.expireAccessTokens();
    expect((await xkit.fetch("test", kinds.provider.apiUrl, { kind: "user", origin: kinds.provider.url })).status).toBe(200);
    expect(await tokenOf("user")).not.toBe(mine);
    expect(await tokenOf()).toBe(bot);
    await kinds.close();
  });
});
