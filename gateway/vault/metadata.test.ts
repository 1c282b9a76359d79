import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore, onlyAuthorization, spooledFiles, takeStoreAway } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const facts = { metadata: { realm: "callback:realmId", domain: "token:api.domain", hub: "token:hub_id", org: "userinfo:org" } };

async function start(options: TestAppOptions = {}): Promise<TestUser> {
  test = await startTestApp({ facts, ...options });
  return test.signIn("ada");
}

/** Connects, with further parameters in the callback. */
async function connect(user: TestUser, params: Record<string, string> = {}): Promise<Response> {
  const started = await user.browser.fetch("/connect/test");
  const callback = await test.provider.authorize(started.headers.get("location") ?? "");
  for (const [name, value] of Object.entries(params)) callback.searchParams.set(name, value);
  return user.browser.fetch(callback.href);
}

const shownSchema = z.object({ connections: z.array(z.object({ metadata: z.array(z.object({ name: z.string(), value: z.string() })) })) });

/** The metadata of the user's only connection, in the order in which it is shown. */
async function shownTo(user: TestUser): Promise<[name: string, value: string][]> {
  const { data } = await user.graphql(`{ connections { metadata { name value } } }`);
  return (shownSchema.parse(data).connections[0]?.metadata ?? []).map(({ name, value }) => [name, value]);
}

const all = { answer: { api: { domain: "eu.test" }, hub_id: 7 } };
const tell = (org: string) => (test.provider.controls.userInfo = JSON.stringify({ sub: "user-1", org }));

describe.each(databaseKinds)("metadata, on %s", (database) => {
  it("is what the callback, the token answer and userinfo state, sorted by name", async () => {
    const ada = await start({ database });
    test.provider.controls.next(all);
    tell("acme");
    await connect(ada, { realmId: "9007199254740993" });
    expect(await shownTo(ada)).toEqual([
      ["domain", "eu.test"],
      ["hub", "7"],
      ["org", "acme"],
      ["realm", "9007199254740993"],
    ]);
  });

  it("is sealed in the store, and nothing else of the answers is kept", async () => {
    const ada = await start({ database });
    test.provider.controls.next({ answer: { ...all.answer, unasked: "planted" } });
    await connect(ada);
    const { sealed_stated: sealed } = await onlyAuthorization(test);
    expect(sealed).toMatch(/^s1\.test\.[\w-]+$/);
    expect(JSON.stringify(await onlyAuthorization(test))).not.toMatch(/eu\.test|planted/);
  });

  it("is kept over a refresh, which replaces what it states", async () => {
    const ada = await start({ database });
    test.provider.controls.next(all);
    tell("acme");
    await connect(ada, { realmId: "1" });
    test.clock.advance(HOUR_MS);
    test.provider.controls.next({ answer: { api: { domain: "us.test" } } });
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect(Object.fromEntries(await shownTo(ada))).toEqual({ domain: "us.test", hub: "7", org: "acme", realm: "1" });
  });

  it("survives with refreshed and first tokens that the store could not take", async () => {
    const ada = await start({ database });
    const hold = test.provider.controls.hold();
    test.provider.controls.next(all);
    const connecting = connect(ada, { realmId: "1" });
    await hold.arrived(1);
    const store = await takeStoreAway(test);
    hold.release();
    await connecting;
    expect(spooledFiles(test)).toHaveLength(1);
    await store.comeBack();
    const twin = await test.startTwin();
    expect((await askToken(ada, { via: twin })).__typename).toBe("AccessToken");
    expect(Object.fromEntries(await shownTo(ada))).toEqual({ domain: "eu.test", hub: "7", realm: "1" });
  });
});

describe("metadata", () => {
  it("is kept over a reconnect of the same account, which replaces what it states", async () => {
    const ada = await start();
    test.provider.controls.next(all);
    await connect(ada, { realmId: "1" });
    await connect(ada, { realmId: "2" });
    expect(Object.fromEntries(await shownTo(ada))).toEqual({ domain: "eu.test", hub: "7", realm: "2" });
  });

  it("is not taken over from a connection whose account was not known", async () => {
    const ada = await start();
    test.provider.controls.userInfo = "{}";
    test.provider.controls.next(all);
    await connect(ada);
    test.provider.controls.userInfo = null;
    await connect(ada);
    expect(await shownTo(ada)).toEqual([]);
  });

  it("is gone after a disconnect", async () => {
    const ada = await start();
    await connect(ada, { realmId: "1" });
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    expect(await shownTo(ada)).toEqual([]);
  });

  it("is never a token, whatever the answer calls it", async () => {
    const ada = await start({ facts: { metadata: { copy: "token:copy" } } });
    const { accessToken } = test.provider.controls.issueTokens();
    test.provider.controls.next({ answer: { access_token: accessToken, copy: accessToken } });
    await connect(ada);
    expect((await askToken(ada)).value).toBe(accessToken);
    expect(await shownTo(ada)).toEqual([]);
  });

  it("is shown to the members of a group, as its status is", async () => {
    test = await startTestApp({ facts });
    const grace = await test.signIn("grace", "acme");
    await connect(grace, { realmId: "1" });
    expect(await shownTo(await test.signIn("fred", "acme"))).toEqual([["realm", "1"]]);
    expect(await shownTo(await test.signIn("bob", "other"))).toEqual([]);
  });

  it("is the values of fields that the user typed, once the connection is made", async () => {
    const collect = { fields: [{ name: "subdomain", label: "Subdomain" }] };
    const ada = await start({ facts: { metadata: { subdomain: "field:subdomain" } }, connector: { collect } });
    const { data } = await ada.graphql(`mutation { connect(slug: "test") { authorization { state } } }`);
    const submit = `mutation ($state: String!) { submitAuthorization(state: $state, fields: [{ name: "subdomain", value: "acme" }]) { authorizeUrl } }`;
    const submitted = await ada.graphql(submit, { state: data.connect.authorization.state });
    expect(await shownTo(ada)).toEqual([]);
    await ada.browser.fetch((await test.provider.authorize(submitted.data.submitAuthorization.authorizeUrl)).href);
    expect(await shownTo(ada)).toEqual([["subdomain", "acme"]]);
  });

  it("that does not open is logged and not shown, and does not keep a refresh from being stored", async () => {
    const ada = await start();
    await connect(ada, { realmId: "1" });
    const { sealed_access_token: other } = await onlyAuthorization(test);
    await inStore(test, (query) => query.updateTable("authorizations").set({ sealed_stated: other }).execute());
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada, { via: await test.startTwin() })).__typename).toBe("AccessToken");
    expect(await shownTo(ada)).toEqual([]);
    expect(test.logged.join("\n")).toContain("the values that the provider stated cannot be decrypted");
  });
});

describe("a provider's facts", () => {
  it.each([
    [{ metadata: { token: "token:access_token" } }],
    [{ metadata: { token: "token:authed_user.refresh_token" } }],
    [{ metadata: { key: "field:key" }, variables: [{ name: "key", secret: true, may: "param" }] }],
    [{ metadata: { key: "callback:key" }, variables: [{ name: "key", secret: true, from: "callback", may: "param" }] }],
  ])("that show a secret are refused: %j", async (wrong) => {
    await expect(start({ facts: wrong })).rejects.toThrow("must not be a token or a secret: users see it");
  });

  it("whose metadata shows a secret field of the connector's own are refused", async () => {
    const collect = { fields: [{ name: "key", label: "Key", secret: true }] };
    await expect(start({ facts: { metadata: { shown: "field:key" } }, connector: { collect } })).rejects.toThrow(/the metadata "shown"/);
  });
});
