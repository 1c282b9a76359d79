/** Refreshes ahead of time, of tokens that a refresh leaves alone: the caller has the current token at once (rule 1). */
import { afterEach, describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askKind } from "../../test/support/two-kinds.ts";
import { askToken, HOUR_MS, onlyAuthorization, refreshRequests, startConnected, turns } from "../../test/support/vault.ts";
import { createRefreshBehind, MOST_REFRESHES_BEHIND } from "./refresh-behind.ts";

let test: TestApp;
let ada: TestUser;
afterEach(() => test?.close());

/** A token that is due, and would still do for two minutes more or less. */
async function due(options: TestAppOptions = {}): Promise<string | undefined> {
  ({ test, ada } = await startConnected(options));
  const { value } = await askToken(ada);
  test.clock.advance(HOUR_MS - 120_000);
  return value;
}

const stored = () => vi.waitUntil(async () => (await onlyAuthorization(test)).version === 2, PATIENCE);

describe.each(databaseKinds)("a token that is due and would still do, on %s", (database) => {
  it("is given at once, and the next caller has the new one once it is stored", async () => {
    const first = await due({ database });
    const hold = test.provider.controls.hold();
    expect((await askToken(ada)).value).toBe(first);
    await hold.arrived(1);
    expect((await askToken(ada)).value).toBe(first);
    hold.release();
    await stored();
    expect((await askToken(ada)).value).not.toBe(first);
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("is refreshed once, however many ask at two gateways", async () => {
    const first = await due({ database });
    const twin = await test.startTwin();
    const hold = test.provider.controls.hold();
    const asking = Array.from({ length: 20 }, (_, index) => askToken(ada, index % 2 ? { via: twin } : {}));
    for (const { value } of await Promise.all(asking)) expect(value).toBe(first);
    await hold.arrived(1);
    await turns(100);
    hold.release();
    await stored();
    await vi.waitUntil(async () => (await askToken(ada, { via: twin })).value !== first, PATIENCE);
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("is not given to a caller who asks for more life, who waits for the refresh that goes on", async () => {
    const first = await due({ database });
    const hold = test.provider.controls.hold();
    expect((await askToken(ada)).value).toBe(first);
    await hold.arrived(1);
    const longer = askToken(ada, { minimumTtl: 600 });
    await turns(100);
    hold.release();
    expect((await longer).value).not.toBe(first);
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("has its refresh waited for by a stop, and what that brings is stored", async () => {
    await due({ database });
    const hold = test.provider.controls.hold();
    await askToken(ada);
    await hold.arrived(1);
    let isStopped = false;
    const stopping = test.app.close().then(() => (isStopped = true));
    await turns();
    expect(isStopped).toBe(false);
    hold.release();
    await stopping;
    expect(await onlyAuthorization(test)).toMatchObject({ version: 2, lease_id: null });
  });
});

describe("a refresh behind a caller", () => {
  it("is not tried again before its back-off is over", async () => {
    await due();
    test.provider.controls.always({ status: 503 });
    await askToken(ada);
    await vi.waitUntil(async () => (await onlyAuthorization(test)).failures === 1, PATIENCE);
    for (let asked = 0; asked < 5; asked += 1) expect((await askToken(ada)).__typename).toBe("AccessToken");
    await turns(100);
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("ends the connection where the provider refuses it, and is logged", async () => {
    await due();
    test.provider.controls.revokeGrants();
    expect((await askToken(ada, { verify: false })).__typename).toBe("AccessToken");
    await vi.waitUntil(async () => (await onlyAuthorization(test)).status === "error", PATIENCE);
    expect((await askToken(ada)).__typename).toBe("ReconnectRequired");
    expect(test.logged.join("")).toContain("grant no longer honoured");
  });

  it("is waited for where the provider refuses the current token when its user asks again (rule 12)", async () => {
    const first = await due();
    test.provider.controls.expireAccessTokens();
    expect((await askToken(ada)).value).not.toBe(first);
  });

  it("brings a narrower token too, which is given at once while it would still do", async () => {
    ({ test, ada } = await startConnected({ facts: { scopes: { narrows: true }, refresh: { kills_old_token: false } } }));
    const narrow = () => askKind(ada, undefined, { scopes: ["read"], verify: false });
    const first = (await narrow()).value;
    test.clock.advance(HOUR_MS - 120_000);
    const hold = test.provider.controls.hold();
    expect((await narrow()).value).toBe(first);
    hold.release();
    await vi.waitUntil(async () => (await narrow()).value !== first, PATIENCE);
  });

  it("is not there where a refresh ends the token before", async () => {
    await due({ facts: { refresh: {} } });
    await askToken(ada);
    await turns(100);
    expect(refreshRequests(test)).toHaveLength(0);
  });

  it("leaves a token of unknown life to callers who wait for it", async () => {
    test = await startTestApp();
    ada = await test.signIn("ada");
    test.provider.controls.always("omit-expires-in");
    await ada.connect();
    test.clock.advance(HOUR_MS);
    const hold = test.provider.controls.hold();
    const asking = askToken(ada);
    await hold.arrived(1);
    expect(await Promise.race([asking, turns(100).then(() => "waits")])).toBe("waits");
    hold.release();
    await asking;
  });
});

describe("the refreshes behind callers", () => {
  const connection = { id: "c", owner_kind: "user", owner_id: "ada" } as const;
  const connectionOf = (slug: string) => ({ connection, authorization: null, connector: { slug } });
  const errors: unknown[] = [];
  const log = { error: (facts: object) => void errors.push(facts) };
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

  it("of one connector are bounded, and take nothing from another's", async () => {
    const refreshBehind = createRefreshBehind({ log });
    const started: string[] = [];
    let end = () => {};
    const ending = new Promise<void>((resolve) => (end = resolve));
    const begin = (slug: string, key: string) => refreshBehind(connectionOf(slug), key, () => (started.push(key), ending));
    for (let index = 0; index <= MOST_REFRESHES_BEHIND; index += 1) begin("slow", `grant ${index}`);
    begin("quick", "other");
    expect(started).toHaveLength(MOST_REFRESHES_BEHIND + 1);
    expect(started).toContain("other");
    end();
    await settled();
    begin("slow", "later");
    expect(started).toContain("later");
  });

  it("are one for each grant at a time", async () => {
    const refreshBehind = createRefreshBehind({ log });
    const refresh = vi.fn<() => Promise<void>>(() => Promise.resolve());
    refreshBehind(connectionOf("one"), "grant", refresh);
    refreshBehind(connectionOf("one"), "grant", refresh);
    expect(refresh).toHaveBeenCalledOnce();
    await settled();
    refreshBehind(connectionOf("one"), "grant", refresh);
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  it("log what they throw, also at once, and reject nowhere", async () => {
    const refreshBehind = createRefreshBehind({ log });
    refreshBehind(connectionOf("one"), "grant", () => Promise.reject(new Error("later")));
    refreshBehind(connectionOf("one"), "other", () => {
      throw new Error("at once");
    });
    await settled();
    expect(errors).toMatchObject([{ err: { message: "at once" } }, { err: { message: "later" } }]);
  });
});
