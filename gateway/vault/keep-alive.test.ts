import { afterEach, describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, inStore, onlyAuthorization, refreshRequests } from "../../test/support/vault.ts";
import { KEEP_ALIVE_INTERVAL_MS } from "./keep-alive.ts";

const DAY_MS = 86_400_000;
const DAY_SECONDS = 86_400;
/** By then a grant that lapses after 30 days has been refreshed. */
const DUE_MS = 21 * DAY_MS;

let test: TestApp;
afterEach(() => test?.close());

async function start(options: TestAppOptions = {}): Promise<TestUser> {
  test = await startTestApp({ facts: { refresh: { keep_alive: true, inactivity_days: 30 } }, ...options });
  return connect("ada");
}

async function connect(name: string): Promise<TestUser> {
  const user = await test.signIn(name);
  await user.connect();
  test.clock.advance(1);
  return user;
}

const isStored = (version: number) =>
  vi.waitFor(async () => expect(await onlyAuthorization(test)).toMatchObject({ version, lease_id: null }), PATIENCE);

describe.each(databaseKinds)("a grant that lapses from disuse, on %s", (database) => {
  it("is refreshed once before that, and again after as long", async () => {
    await start({ database });
    test.clock.advance(DUE_MS);
    await isStored(2);
    test.clock.advance(DUE_MS);
    // The next look is due an interval after the last one has ended, which no row shows.
    await vi.waitFor(async () => {
      test.clock.advance(KEEP_ALIVE_INTERVAL_MS);
      expect(await onlyAuthorization(test)).toMatchObject({ version: 3, lease_id: null });
    }, PATIENCE);
    expect(refreshRequests(test)).toHaveLength(2);
  });

  it("is refreshed by one of two processes", async () => {
    await start({ database });
    const twin = await test.startTwin();
    test.clock.advance(DUE_MS);
    await isStored(2);
    await Promise.all([test.app.close(), twin.close()]);
    expect(refreshRequests(test)).toHaveLength(1);
  });
});

describe("a grant is not kept alive", () => {
  /** The refreshes that came once another user's unused grant had its turn: what was due before it had its own. */
  async function countRefreshes(least: number): Promise<number> {
    await vi.waitFor(() => expect(refreshRequests(test).length).toBeGreaterThanOrEqual(least), PATIENCE);
    await test.app.close();
    return refreshRequests(test).length;
  }

  it("while it is used", async () => {
    const ada = await start();
    await connect("bob");
    test.clock.advance(DUE_MS / 2);
    await askToken(ada);
    test.clock.advance(DUE_MS / 2);
    expect(await countRefreshes(2)).toBe(2);
  });

  it("once it was refreshed otherwise, also while others had their turn", async () => {
    await start();
    const bob = await connect("bob");
    await connect("carol");
    let release = () => {};
    test.provider.controls.next({ until: new Promise<void>((resolve) => (release = resolve)) });
    test.clock.advance(DUE_MS);
    await vi.waitFor(() => expect(refreshRequests(test)).toHaveLength(1), PATIENCE);
    expect((await askToken(bob)).__typename).toBe("AccessToken");
    release();
    const versions = () => inStore(test, (query) => query.selectFrom("authorizations").select("version").execute());
    await expect.poll(async () => (await versions()).map(({ version }) => version)).toEqual([2, 2, 2]);
    expect(refreshRequests(test)).toHaveLength(3);
  });

  it("once its user has disconnected", async () => {
    const ada = await start();
    await connect("bob");
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    test.clock.advance(DUE_MS);
    expect(await countRefreshes(1)).toBe(1);
  });

  it("once the provider has refused it", async () => {
    const ada = await start();
    test.provider.controls.revokeGrants();
    test.clock.advance(DAY_MS);
    expect((await askToken(ada)).__typename).toBe("ReconnectRequired");
    await connect("bob");
    const asked = refreshRequests(test).length;
    test.clock.advance(DUE_MS);
    expect(await countRefreshes(asked + 1)).toBe(asked + 1);
  });
});

describe("a grant whose end is known", () => {
  it("is refreshed before it, whatever else is known of its provider", async () => {
    const stated = { answer: { refresh_token_expires_in: 90 * DAY_SECONDS } };
    test = await startTestApp();
    test.provider.controls.next(stated, stated);
    await connect("ada");
    test.clock.advance(61 * DAY_MS);
    await isStored(2);
    expect((await onlyAuthorization(test)).grant_expires_at).toBe(test.clock.now() + 90 * DAY_MS);
  });
});
