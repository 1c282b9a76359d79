import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { signIn, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore, refreshRequests } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const ONE = { id: "user-1", label: "one@example.test" };
const TWO = { id: "user-2", label: "two@example.test" };
const REFUSE = { shared_accounts: "refuse" };
const IN_USE = "already connected elsewhere in this app";
const SHARED = "other owners have connected the same account";
const DISCONNECT = `mutation { disconnect(where: { slug: "test" }) { id } }`;

describe.each(databaseKinds)("One account at two owners, on %s", (database) => {
  async function start(connector: Record<string, unknown> = {}): Promise<[ada: TestUser, bob: TestUser]> {
    test = await startTestApp({ database, connector });
    test.provider.controls.account = ONE;
    return [await test.signIn("ada"), await test.signIn("bob")];
  }

  it("is allowed, and written to the log with the other connection's id", async () => {
    const [ada, bob] = await start();
    await ada.connect();
    expect(test.logged.join()).not.toContain(SHARED);
    expect((await bob.connect()).status).toBe(200);
    const { connection } = await askToken(ada);
    const line = test.logged.find((each) => each.includes(SHARED)) ?? "";
    expect(JSON.parse(line)).toMatchObject({ connector: "test", user: "bob", others: [connection?.id] });
    expect(line).not.toMatch(/\b(ada|user-1)\b|one@/);
  });

  describe("where it is refused", () => {
    it("is refused for the second, without a word about the first", async () => {
      const [ada, bob] = await start(REFUSE);
      await ada.connect();
      const page = await (await bob.connect()).text();
      expect(page).toContain(IN_USE);
      expect(page).not.toMatch(/\bada\b/);
      expect((await askToken(bob)).__typename).toBe("NotConnected");
      expect((await askToken(ada)).__typename).toBe("AccessToken");
      expect(test.provider.revocations).toEqual([]);
    });

    it("is connected by exactly one of two who connect it at once, each at another process", async () => {
      const [ada] = await start(REFUSE);
      const bob = await signIn(await test.startTwin(), test.provider, "bob");
      const callbacks = await Promise.all(
        [ada, bob].map(async ({ browser }) => {
          const started = await browser.fetch("/connect/test");
          return (await test.provider.authorize(started.headers.get("location") ?? "")).href;
        }),
      );
      const hold = test.provider.controls.hold();
      const finishing = Promise.all([ada.browser.fetch(callbacks[0] ?? ""), bob.browser.fetch(callbacks[1] ?? "")]);
      await hold.arrived(2);
      hold.release();
      expect((await finishing).map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400]);
      const active = await inStore(test, (query) =>
        query.selectFrom("authorizations").select("id").where("status", "=", "active").execute(),
      );
      expect(active).toHaveLength(1);
    });

    it("is free again once the first has disconnected it", async () => {
      const [ada, bob] = await start(REFUSE);
      await ada.connect();
      await ada.graphql(DISCONNECT);
      expect((await bob.connect()).status).toBe(200);
      expect(await (await ada.connect()).text()).toContain(IN_USE);
    });

    it("is free again once the first one's grant has ended", async () => {
      const [ada, bob] = await start(REFUSE);
      await ada.connect();
      test.provider.controls.revokeGrants();
      test.clock.advance(HOUR_MS);
      expect((await askToken(ada)).__typename).toBe("ReconnectRequired");
      expect((await bob.connect()).status).toBe(200);
      expect(await (await ada.connect()).text()).toContain(IN_USE);
    });

    it("goes on where both had it before, reconnects included", async () => {
      const [ada, bob] = await start();
      await ada.connect();
      await bob.connect();
      const later = await signIn(await test.startTwin(REFUSE), test.provider, "bob");
      expect((await later.connect()).status).toBe(200);
    });

    it("is one owner's to connect twice, and to reconnect", async () => {
      const [ada] = await start(REFUSE);
      await ada.connect();
      expect((await ada.connect()).status).toBe(200);
      expect((await ada.connect("test", "?id=7d9c7c3b-9f1a-4f0c-8d58-8c7a0a0b0c0d")).status).toBe(200);
    });

    it("is another account at another connector", async () => {
      test = await startTestApp({ database, connector: REFUSE });
      const [ada, bob] = [await test.signIn("ada"), await test.signIn("bob")];
      test.provider.controls.account = ONE;
      await ada.connect();
      test.provider.controls.account = TWO;
      expect((await bob.connect()).status).toBe(200);
      test.provider.controls.account = ONE;
      const refused = await bob.connect("test", "?id=7d9c7c3b-9f1a-4f0c-8d58-8c7a0a0b0c0e");
      expect(await refused.text()).toContain(IN_USE);
      const rows = await inStore(test, (query) => query.selectFrom("connections").select("enabled").execute());
      expect(rows.filter(({ enabled }) => enabled === 1)).toHaveLength(2);
    });

    it("leaves no new connection behind where a reconnect came back with it", async () => {
      const [ada, bob] = await start(REFUSE);
      await ada.connect();
      test.provider.controls.account = TWO;
      await bob.connect();
      test.provider.controls.account = ONE;
      expect(await (await bob.connect()).text()).toContain(IN_USE);
      const { data } = await bob.graphql(`{ connections { enabled authorization { displayLabel } } }`);
      expect(data.connections).toEqual([{ enabled: true, authorization: { displayLabel: TWO.label } }]);
    });

    it("is refused where the provider does not say whose it is", async () => {
      const [ada] = await start(REFUSE);
      test.provider.controls.account = { id: "", label: "" };
      expect(await (await ada.connect()).text()).toContain("did not say whose account this is");
      expect(refreshRequests(test)).toEqual([]);
    });
  });
});
