import { copyFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { databaseKinds, type DatabaseKind } from "../../test/support/databases.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { sendTo, startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askKind, askKindRaw, type KindAnswer, twoKinds } from "../../test/support/two-kinds.ts";
import { askToken, HOUR_MS, inStore, isAccepted, refreshRequests, spooledFiles, takeStoreAway, turns } from "../../test/support/vault.ts";
import { KEEP_ALIVE_INTERVAL_MS } from "./keep-alive.ts";

const DAY_MS = 86_400_000;
/** The connector asks for no token of a user unless a page wants it. */
const onDemand = { scopes: ["read"], allowed_scopes: { user: ["me", "mine"] } };

let test: TestApp;
afterEach(() => test?.close());

async function start(options: TestAppOptions = {}, connector: Record<string, unknown> = {}): Promise<TestUser> {
  const { facts = {}, ...rest } = options;
  const kinds = twoKinds(connector);
  test = await startTestApp({
    connector: kinds.connector,
    facts: (url) => ({ ...kinds.facts, ...(typeof facts === "function" ? facts(url) : facts) }),
    ...rest,
  });
  const ada = await test.signIn("ada");
  await ada.connect();
  return ada;
}

const many = (count: number, ask: () => Promise<KindAnswer>) => Promise.all(Array.from({ length: count }, ask));

/** Follows a link of an outcome through the provider and back. */
async function follow(user: TestUser, url: string | undefined): Promise<URL> {
  const started = await user.browser.fetch((url ?? "").replace(test.config.publicUrl, ""));
  const authorizeUrl = new URL(started.headers.get("location") ?? "");
  await user.browser.fetch((await test.provider.authorize(authorizeUrl)).href);
  return authorizeUrl;
}

const rows = () => inStore(test, (query) => query.selectFrom("authorizations").selectAll().orderBy("came_with").execute());

describe.each(databaseKinds)("a connection with two kinds of token, on %s", (database) => {
  it("has both of one consent, each with its own scopes, and the default where none is named", async () => {
    const ada = await start({ database });
    const [bot, user, unnamed] = [await askKind(ada, "bot"), await askKind(ada, "user"), await askKind(ada)];
    expect(bot).toMatchObject({ __typename: "AccessToken", kind: "bot", scopes: ["read", "write"], missingScopes: [] });
    expect(user).toMatchObject({ __typename: "AccessToken", kind: "user", scopes: ["me"], missingScopes: [] });
    expect(unnamed.value).toBe(bot.value);
    expect(user.value).not.toBe(bot.value);
    expect(user.connection).toEqual(bot.connection);
    expect(await Promise.all([bot, user].map(({ value }) => isAccepted(test, value)))).toEqual([true, true]);
  });

  it("refreshes each by itself", async () => {
    const ada = await start({ database });
    const before = await askKind(ada, "user");
    test.clock.advance(HOUR_MS);
    const user = await askKind(ada, "user");
    expect(user).toMatchObject({ __typename: "AccessToken", kind: "user", scopes: ["me"] });
    expect(user.value).not.toBe(before.value);
    expect(refreshRequests(test)).toHaveLength(1);
    expect(await askKind(ada, "bot")).toMatchObject({ __typename: "AccessToken", kind: "bot", scopes: ["read", "write"] });
    expect(refreshRequests(test)).toHaveLength(2);
  });

  it("gives 100 callers good tokens of both kinds at once, over two gateways, for one refresh of each", async () => {
    const ada = await start({ database });
    const twin = await test.startTwin();
    for (const round of [1, 2]) {
      test.clock.advance(HOUR_MS);
      const hold = test.provider.controls.hold();
      const asking = Promise.all([
        many(25, () => askKind(ada, "bot")),
        many(25, () => askKind(ada, "user")),
        many(25, () => askKind(ada, "bot", { via: twin })),
        many(25, () => askKind(ada, "user", { via: twin })),
      ]);
      // Both are under way before either has an answer.
      await hold.arrived(2);
      await turns(100);
      hold.release();
      const answers = (await asking).flat();
      for (const kind of ["bot", "user"]) {
        const ofKind = answers.filter((answer) => answer.kind === kind);
        expect(ofKind).toHaveLength(50);
        expect(new Set(ofKind.map(({ value }) => value)).size).toBe(1);
        expect(test.provider.liveAccessTokens()).toContain(ofKind[0]?.value);
      }
      expect(test.provider.refreshCount()).toBe(2 * round);
    }
  });

  it("goes on with one kind when the other has ended, which is mended by connecting again", async () => {
    const ada = await start({ database });
    const { connection } = await askKind(ada);
    test.provider.controls.revokeGrants(undefined, "user");
    test.clock.advance(HOUR_MS);
    const ended = await askKind(ada, "user");
    expect(ended).toMatchObject({
      __typename: "ReconnectRequired",
      reason: "REVOKED",
      connection: { authorization: { status: "ACTIVE" } },
    });
    expect(ended.connectorUrl).toBe(`${test.config.publicUrl}/connect/test?id=${connection?.id}`);
    expect(await askKind(ada)).toMatchObject({ __typename: "AccessToken", kind: "bot" });
    await follow(ada, ended.connectorUrl);
    expect(await askKind(ada, "user")).toMatchObject({ __typename: "AccessToken", connection: { id: connection?.id } });
    expect(await rows()).toHaveLength(2);
  });

  it("goes on with a further kind when the default has ended", async () => {
    const ada = await start({ database });
    test.provider.controls.revokeGrants(undefined, null);
    test.clock.advance(HOUR_MS);
    expect(await askKind(ada)).toMatchObject({ __typename: "ReconnectRequired", connection: { authorization: { status: "ERROR" } } });
    expect(await askKind(ada, "user")).toMatchObject({ __typename: "AccessToken", kind: "user" });
  });

  it("revokes every token when it is disconnected", async () => {
    const ada = await start({ database });
    const tokens = [await askKind(ada, "bot"), await askKind(ada, "user")];
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    expect(await Promise.all(tokens.map(({ value }) => isAccepted(test, value)))).toEqual([false, false]);
    expect(test.provider.revocations).toHaveLength(2);
    expect(await rows()).toEqual([]);
  });

  it("keeps both kinds alive", async () => {
    await start({ database, facts: { refresh: { keep_alive: true, inactivity_days: 30 } } });
    test.clock.advance(21 * DAY_MS);
    await vi.waitFor(async () => expect((await rows()).map(({ version }) => version)).toEqual([2, 2]), PATIENCE);
    test.clock.advance(KEEP_ALIVE_INTERVAL_MS);
    expect(refreshRequests(test)).toHaveLength(2);
  });

  it("adopts refreshed tokens of a further kind from the spool", async () => {
    const ada = await start({ database });
    test.clock.advance(HOUR_MS);
    const hold = test.provider.controls.hold();
    const asking = askKind(ada, "user");
    await hold.arrived(1);
    const store = await takeStoreAway(test);
    hold.release();
    await vi.waitFor(() => expect(spooledFiles(test)).toHaveLength(1), PATIENCE);
    const [name = ""] = spooledFiles(test);
    const copy = join(mkdtempSync(join(tmpdir(), "xkit-kinds-")), name);
    copyFileSync(join(test.config.spoolDirectory, name), copy);
    expect((await asking).__typename).toBe("TemporarilyUnavailable");
    await store.comeBack();
    await vi.waitFor(() => expect(spooledFiles(test)).toEqual([]), PATIENCE);
    const stored = await askKind(ada, "user");
    // As if the process had ended before it could store them.
    await inStore(test, (query) =>
      query.updateTable("authorizations").set({ version: 1, sealed_access_token: null }).where("token_kind", "=", "user").execute(),
    );
    copyFileSync(copy, join(test.config.spoolDirectory, name));
    const twin = await test.startTwin();
    expect(await askKind(ada, "user", { via: twin })).toMatchObject({ __typename: "AccessToken", value: stored.value });
  });
});

describe("one kind of token", () => {
  it("is waited for where another process refreshes it, which is no other kind's token", async () => {
    const ada = await start({ facts: { refresh: { kills_old_token: true } } });
    const twin = await test.startTwin();
    test.clock.advance(HOUR_MS / 2);
    const hold = test.provider.controls.hold();
    const longer = askKind(ada, "user", { minimumTtl: 3_000 });
    await hold.arrived(1);
    const other = askKind(ada, "user", { via: twin });
    await turns(100);
    hold.release();
    const { value } = await longer;
    expect(await other).toMatchObject({ kind: "user", value });
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("leaves the others as they are when its refresh fails", async () => {
    const ada = await start();
    test.clock.advance(HOUR_MS);
    test.provider.controls.next({ status: 503 });
    expect((await askKind(ada, "user")).__typename).toBe("TemporarilyUnavailable");
    expect(await askKind(ada)).toMatchObject({ __typename: "AccessToken", kind: "bot" });
    expect((await askKind(ada, "user")).__typename).toBe("TemporarilyUnavailable");
    expect(refreshRequests(test)).toHaveLength(2);
    const connection = await ada.graphql(`{ connection(where: { slug: "test" }) { authorization { health } } }`);
    expect(connection.data.connection.authorization.health).toBe("WORKING");
  });

  it("is refreshed alone when its token was refused", async () => {
    const ada = await start();
    const [bot, user] = [await askKind(ada), await askKind(ada, "user")];
    const renewed = await askKind(ada, "user", { rejected: user.fingerprint });
    expect(renewed.value).not.toBe(user.value);
    expect((await askKind(ada, "bot", { rejected: user.fingerprint })).value).toBe(bot.value);
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("is found by the provider's check, which is asked about that kind's token", async () => {
    const ada = await start({ facts: (url: string) => ({ api: { check: { url: `${url}/userinfo` } } }) });
    const user = await askKind(ada, "user", { verify: false });
    test.provider.controls.answerChecks(401);
    const renewed = await askKind(ada, "user", { verify: true });
    expect(test.provider.checks.at(-1)).toBe(user.value);
    expect(renewed).toMatchObject({ __typename: "AccessToken", kind: "user" });
    expect(renewed.value).not.toBe(user.value);
  });
});

describe("a kind of token that is asked for", () => {
  const codeOf = async (user: TestUser, kind: string) => (await askKindRaw(user, kind)).errors[0];

  it("is BAD_USER_INPUT where the connector has none of it, also before it is connected", async () => {
    const ada = await start();
    const message = "kind: Test has tokens of these kinds: bot, user.";
    expect(await codeOf(ada, "admin")).toMatchObject({ message, extensions: { code: "BAD_USER_INPUT" } });
    expect(await codeOf(await test.signIn("bob"), "admin")).toMatchObject({ message });
  });

  it("is BAD_USER_INPUT where the connector has one kind, without a name", async () => {
    test = await startTestApp();
    const ada = await test.signIn("ada");
    await ada.connect();
    expect(await codeOf(ada, "user")).toMatchObject({ message: "kind: Test has one kind of token: leave it out." });
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("is ScopesMissing where the connection has none, with a link that asks for it beside what is granted", async () => {
    const ada = await start({}, onDemand);
    const { connection, value } = await askKind(ada);
    const missing = await askKind(ada, "user", { scopes: ["me"] });
    expect(missing).toMatchObject({
      __typename: "ScopesMissing",
      missingScopes: ["me"],
      message: 'The Test connection has no token of the kind "user": send the user to the connector\'s page to allow it.',
    });
    const asked = await follow(ada, missing.connectorUrl);
    expect([asked.searchParams.get("scope"), asked.searchParams.get("user_scope")]).toEqual(["read", "me"]);
    expect(await askKind(ada, "user", { scopes: ["me"] })).toMatchObject({
      kind: "user",
      scopes: ["me"],
      connection: { id: connection?.id },
    });
    expect(await askKind(ada)).toMatchObject({ kind: "bot" });
    expect((await askKind(ada)).value).not.toBe(value);
    const lacking = await askKind(ada, "user", { scopes: ["mine"] });
    const again = await follow(ada, lacking.connectorUrl);
    expect(again.searchParams.get("user_scope")).toBe("mine me");
  });

  it("is asked for by connect with that kind, and refused with scopes of another", async () => {
    const ada = await start({}, onDemand);
    const connect = (args: string) => ada.graphql(`mutation { connect(slug: "test", ${args}) { authorization { authorizeUrl } } }`);
    const { data } = await connect(`kind: "user", scopes: ["me"]`);
    expect(new URL(data.connect.authorization.authorizeUrl).searchParams.get("user_scope")).toBe("me");
    const alone = await connect(`kind: "user"`);
    expect(new URL(alone.data.connect.authorization.authorizeUrl).searchParams.get("user_scope")).toBe("me mine");
    expect((await connect(`kind: "user", scopes: ["read"]`)).errors[0]).toMatchObject({ extensions: { code: "BAD_USER_INPUT" } });
    expect((await connect(`kind: "admin"`)).errors[0]?.message).toContain("bot, user");
  });

  it("is given over REST, which names it", async () => {
    const ada = await start();
    const get = async (query: string) =>
      sendTo(test.app)(`/api/platform_user/connections/test${query}`, { headers: { authorization: `Bearer ${await ada.bearer()}` } });
    const { connection } = await (await get("?kind=user")).json();
    expect(connection.authorization).toMatchObject({
      access_token: (await askKind(ada, "user")).value,
      token_kind: "user",
      scopes: ["me"],
    });
    expect((await get("?kind=admin")).status).toBe(400);
  });

  it("is the default's where the connection was made before the connector had several", async () => {
    test = await startTestApp({ connector: { supports_multiple_connections: false } });
    const ada = await test.signIn("ada");
    await ada.connect();
    const { value } = await askToken(ada);
    const { facts, connector } = twoKinds();
    const twin = await test.startTwin({ ...connector, provider: { ...test.provider.providerFacts, ...facts } });
    expect(await askKind(ada, "bot", { via: twin })).toMatchObject({ value, kind: "bot" });
    expect(await askKind(ada, "user", { via: twin })).toMatchObject({ __typename: "ScopesMissing", missingScopes: ["me"] });
  });

  it("is given to nobody under another name: a row whose kind was changed in the store does not verify", async () => {
    const ada = await start();
    await inStore(test, (query) => query.updateTable("authorizations").set({ token_kind: "x" }).where("token_kind", "=", "bot").execute());
    await inStore(test, (query) =>
      query.updateTable("authorizations").set({ token_kind: "bot" }).where("token_kind", "=", "user").execute(),
    );
    expect(await askKind(ada, "bot")).toMatchObject({ __typename: "ConnectorMisconfigured" });
  });
});

describe("connecting again", () => {
  /** The next answer to a code has no token of the user's. */
  const omitUser = () => test.provider.controls.next({ answer: { user: undefined } });

  it("replaces the tokens of all kinds", async () => {
    const ada = await start();
    const before = [await askKind(ada), await askKind(ada, "user")].map(({ value }) => value);
    await ada.connect();
    const after = [await askKind(ada), await askKind(ada, "user")].map(({ value }) => value);
    expect(new Set([...before, ...after]).size).toBe(4);
    expect(await rows()).toHaveLength(2);
  });

  it("keeps a kind of the same account that the answer does not hold", async () => {
    const ada = await start();
    const { value } = await askKind(ada, "user");
    omitUser();
    await ada.connect();
    expect((await askKind(ada, "user")).value).toBe(value);
    test.clock.advance(HOUR_MS);
    expect(await askKind(ada, "user")).toMatchObject({ __typename: "AccessToken", kind: "user" });
  });

  it("keeps the refresh token of a kind whose answer has none", async () => {
    const ada = await start();
    test.provider.controls.next({ answer: { user: { access_token: "user-access", expires_in: 3_600 } } });
    await ada.connect();
    expect(await askKind(ada, "user", { verify: false })).toMatchObject({ value: "user-access", scopes: ["me"] });
    test.clock.advance(HOUR_MS);
    expect(await isAccepted(test, (await askKind(ada, "user")).value)).toBe(true);
  });

  it("keeps every kind while it is only started", async () => {
    const ada = await start();
    await ada.browser.fetch("/connect/test");
    await ada.browser.fetch("/connect/test");
    expect(await askKind(ada, "user")).toMatchObject({ __typename: "AccessToken" });
  });

  it("waits for a refresh of each kind that is under way", async () => {
    const ada = await start();
    const leaseEnds = test.clock.now() + 5_000;
    await inStore(test, (query) =>
      query.updateTable("authorizations").set({ lease_id: "x", lease_expires_at: leaseEnds }).where("token_kind", "=", "user").execute(),
    );
    const before = (await rows()).map(({ id }) => id);
    const connecting = ada.connect();
    await vi.waitUntil(() => test.provider.tokenRequests.length === 2, PATIENCE);
    await turns(100);
    expect((await rows()).map(({ id }) => id)).toEqual(expect.arrayContaining(before));
    for (let index = 0; index < 60; index += 1) {
      test.clock.advance(100);
      await turns(5);
    }
    await connecting;
    expect((await rows()).map(({ id }) => id)).not.toEqual(expect.arrayContaining(before));
  });
});

describe("an answer with a user's token alone", () => {
  it.each(databaseKinds)(
    "makes a connection whose default is that kind, where no other is asked for, on %s",
    async (database: DatabaseKind) => {
      test = await startTestApp({ database, ...twoKinds({ scopes: { user: ["me"] } }) });
      const ada = await test.signIn("ada");
      const nothing = { access_token: undefined, refresh_token: undefined, expires_in: undefined, scope: undefined, token_type: undefined };
      test.provider.controls.next({ answer: nothing });
      const started = await ada.browser.fetch("/connect/test");
      const authorizeUrl = new URL(started.headers.get("location") ?? "");
      expect([authorizeUrl.searchParams.get("scope"), authorizeUrl.searchParams.get("user_scope")]).toEqual([null, "me"]);
      await ada.browser.fetch((await test.provider.authorize(authorizeUrl)).href);
      expect(await askKind(ada)).toMatchObject({ __typename: "AccessToken", kind: "user", scopes: ["me"] });
      test.clock.advance(HOUR_MS);
      expect(await askKind(ada)).toMatchObject({ __typename: "AccessToken", kind: "user", scopes: ["me"] });
      expect((await askKindRaw(ada, "bot")).errors[0]?.extensions.code).toBe("BAD_USER_INPUT");
    },
  );
});
