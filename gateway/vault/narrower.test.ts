/** Access tokens with fewer scopes than their grant (RFC 6749 section 6). */
import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import type { TestApp, TestAppOptions, TestUser } from "../../test/support/test-app.ts";
import { startTestApp } from "../../test/support/test-app.ts";
import { askKind, twoKinds } from "../../test/support/two-kinds.ts";
import { HOUR_MS, isAccepted, onlyAuthorization, refreshRequests, takeStoreAway, turns } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const narrows = { scopes: { narrows: true }, refresh: { kills_old_token: false } };

async function start(options: TestAppOptions = {}): Promise<TestUser> {
  test = await startTestApp({ facts: narrows, ...options });
  const ada = await test.signIn("ada");
  await ada.connect();
  return ada;
}

const narrow = (user: TestUser, ...scopes: string[]) => askKind(user, undefined, { scopes, verify: false });
const full = (user: TestUser) => askKind(user, undefined, { verify: false });
const scopesSent = () => refreshRequests(test).map(({ params }) => params["scope"]);

describe.each(databaseKinds)("a token that is asked for with fewer scopes than are granted, on %s", (database) => {
  it("has just these, and the grant's own token stays", async () => {
    const ada = await start({ database });
    const before = await full(ada);
    const token = await narrow(ada, "read");
    expect(token).toMatchObject({ __typename: "AccessToken", scopes: ["read"], missingScopes: [] });
    expect(token.value).not.toBe(before.value);
    expect(scopesSent()).toEqual(["read"]);
    expect(await Promise.all([token, before].map(({ value }) => isAccepted(test, value)))).toEqual([true, true]);
    expect(await full(ada)).toMatchObject({ value: before.value, scopes: ["read", "write"] });
  });

  it("costs no request while it is fresh, and one for each set of scopes, in whatever order", async () => {
    const ada = await start({ database });
    const { value } = await narrow(ada, "read");
    expect((await narrow(ada, "read", "read")).value).toBe(value);
    const other = await narrow(ada, "write");
    expect(other).toMatchObject({ scopes: ["write"] });
    expect(scopesSent()).toEqual(["read", "write"]);
    expect((await narrow(ada, "write", "read")).value).toBe((await full(ada)).value);
    expect(refreshRequests(test)).toHaveLength(2);
  });

  it("leaves the refresh token that came with it to the next refresh", async () => {
    const ada = await start({ database });
    await narrow(ada, "read");
    test.clock.advance(HOUR_MS);
    const [token, own] = [await narrow(ada, "read"), await full(ada)];
    expect(token).toMatchObject({ scopes: ["read"] });
    expect(own).toMatchObject({ scopes: ["read", "write"] });
    expect(await Promise.all([token, own].map(({ value }) => isAccepted(test, value)))).toEqual([true, true]);
    expect(scopesSent()).toEqual(["read", undefined, "read"]);
  });

  it("is one for many callers, beside a refresh of the grant's own and another set of scopes", async () => {
    const ada = await start({ database });
    test.clock.advance(HOUR_MS - 100_000);
    const hold = test.provider.controls.hold();
    const asking = Promise.all([
      ...Array.from({ length: 10 }, () => narrow(ada, "read")),
      ...Array.from({ length: 10 }, () => narrow(ada, "write")),
      ...Array.from({ length: 10 }, () => full(ada)),
    ]);
    await hold.arrived(1);
    await turns(100);
    hold.release();
    const answers = await asking;
    for (const scopes of [["read"], ["write"]]) {
      const given = answers.filter((answer) => JSON.stringify(answer.scopes) === JSON.stringify(scopes));
      expect(given).toHaveLength(10);
      expect(new Set(given.map(({ value }) => value)).size).toBe(1);
    }
    expect(answers.map(({ __typename }) => __typename)).not.toContain("TemporarilyUnavailable");
    expect(test.provider.refreshCount()).toBe(3);
    expect((await onlyAuthorization(test)).status).toBe("active");
  });
});

describe("a narrower token", () => {
  it("is the full one where the provider is not declared to give one", async () => {
    const ada = await start({ facts: {} });
    expect(await narrow(ada, "read")).toMatchObject({ scopes: ["read", "write"] });
    expect(refreshRequests(test)).toEqual([]);
  });

  it("is replaced alone when it was refused", async () => {
    const ada = await start();
    const [own, first] = [await full(ada), await narrow(ada, "read")];
    const second = await askKind(ada, undefined, { scopes: ["read"], rejected: first.fingerprint, verify: false });
    expect(second).toMatchObject({ scopes: ["read"] });
    expect(second.value).not.toBe(first.value);
    expect((await full(ada)).value).toBe(own.value);
    expect(refreshRequests(test)).toHaveLength(2);
  });

  it("is the full one where the provider refuses the scopes, and nothing is wrong with the connection", async () => {
    const ada = await start();
    test.provider.controls.next({ status: 400, body: { error: "invalid_scope" } });
    expect(await narrow(ada, "read")).toMatchObject({ __typename: "AccessToken", scopes: ["read", "write"] });
    await narrow(ada, "read");
    expect(refreshRequests(test)).toHaveLength(1);
    expect(await onlyAuthorization(test)).toMatchObject({ failures: 0, failure_kind: null, lease_id: null });
  });

  it("is the full one where the provider gives one without a scope that was asked for", async () => {
    const ada = await start();
    test.provider.controls.next({ answer: { scope: "write" } });
    expect(await narrow(ada, "read")).toMatchObject({ __typename: "AccessToken", scopes: ["read", "write"] });
    await narrow(ada, "read");
    expect(refreshRequests(test)).toHaveLength(1);
    test.clock.advance(HOUR_MS);
    expect(await full(ada)).toMatchObject({ scopes: ["read", "write"] });
  });

  it("is the full one while the provider is away, which is asked again later", async () => {
    const ada = await start();
    test.provider.controls.next({ status: 503 });
    expect(await narrow(ada, "read")).toMatchObject({ scopes: ["read", "write"] });
    await narrow(ada, "read");
    expect(refreshRequests(test)).toHaveLength(1);
    test.clock.advance(20_000);
    expect(await narrow(ada, "read")).toMatchObject({ scopes: ["read"] });
  });

  it("is not given once the grant has ended, nor to another grant", async () => {
    const ada = await start();
    const { value } = await narrow(ada, "read");
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    expect((await narrow(ada, "read")).__typename).toBe("NotConnected");
    await ada.connect();
    expect((await narrow(ada, "read")).value).not.toBe(value);
  });

  it("is not given before what came with it is stored", async () => {
    const ada = await start();
    const hold = test.provider.controls.hold();
    const asking = narrow(ada, "read");
    await hold.arrived(1);
    const store = await takeStoreAway(test);
    hold.release();
    expect(await Promise.race([asking, turns(200).then(() => "waits")])).toBe("waits");
    await store.comeBack();
    expect(await asking).toMatchObject({ scopes: ["read"] });
    test.clock.advance(HOUR_MS);
    expect((await full(ada)).__typename).toBe("AccessToken");
  });

  it("is of the kind of token that was asked for", async () => {
    const { facts, connector } = twoKinds({ scopes: { bot: ["read"], user: ["me", "mine"] } });
    const ada = await start({ facts: { ...facts, ...narrows }, connector });
    expect(await askKind(ada, "user", { scopes: ["mine"], verify: false })).toMatchObject({ kind: "user", scopes: ["mine"] });
    expect(await askKind(ada, "user", { verify: false })).toMatchObject({ kind: "user", scopes: ["me", "mine"] });
  });
});
