import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const ONE = { id: "user-1", label: "one@example.test" };
const TWO = { id: "user-2", label: "two@example.test" };
const CONNECTIONS = `{ connections { id enabled authorization { id connectionId status displayLabel } } }`;
const AUTHORIZATION = `query ($id: ID!) { authorizationStatus(id: $id) { status displayLabel problem { title } } }`;

const connectionsOf = async (user: TestUser) => (await user.graphql(CONNECTIONS)).data.connections;
const idOf = async (user: TestUser) => (await connectionsOf(user))[0]?.id;

describe.each(databaseKinds)("A reconnect to another account, on %s", (database) => {
  async function connected(options: TestAppOptions = {}): Promise<TestUser> {
    test = await startTestApp({ database, ...options });
    test.provider.controls.account = ONE;
    const ada = await test.signIn("ada");
    await ada.connect();
    test.provider.controls.account = TWO;
    return ada;
  }

  describe("where several are supported", () => {
    it("becomes a connection of its own, and leaves the other one as it was", async () => {
      const ada = await connected();
      const first = await askToken(ada);
      const firstId = first.connection?.id ?? "";
      test.clock.advance(1_000);
      const page = await (await ada.connect("test", `?id=${firstId}`)).text();
      expect(page).toContain("This is a different account than before. one@example.test stays connected.");
      expect(page).toContain("Connected as two@example.test.");
      const [second, ...others] = await connectionsOf(ada);
      expect(second).toMatchObject({
        enabled: true,
        authorization: { status: "ACTIVE", displayLabel: TWO.label, connectionId: second.id },
      });
      expect(others).toMatchObject([{ id: firstId, enabled: true, authorization: { displayLabel: ONE.label } }]);
      expect((await askToken(ada, { where: { id: firstId } })).value).toBe(first.value);
      test.clock.advance(HOUR_MS);
      for (const id of [firstId, second.id]) expect((await askToken(ada, { where: { id } })).__typename).toBe("AccessToken");
    });

    it("reconnects the connection that the owner has to it", async () => {
      const ada = await connected();
      const firstId = await idOf(ada);
      await ada.connect("test", `?id=${randomUUID()}`);
      const secondId = (await connectionsOf(ada)).find(({ id }: { id: string }) => id !== firstId).id;
      const before = await askToken(ada, { where: { id: secondId } });
      await ada.connect("test", `?id=${firstId}`);
      expect(await connectionsOf(ada)).toHaveLength(2);
      expect((await askToken(ada, { where: { id: secondId } })).value).not.toBe(before.value);
    });

    it("mends nothing of a connection whose grant has ended", async () => {
      const ada = await connected();
      const firstId = await idOf(ada);
      test.provider.controls.revokeGrants();
      test.clock.advance(HOUR_MS);
      expect((await askToken(ada)).__typename).toBe("ReconnectRequired");
      await ada.connect("test", `?id=${firstId}`);
      expect((await askToken(ada, { where: { id: firstId } })).__typename).toBe("ReconnectRequired");
      expect(await askToken(ada)).toMatchObject({ __typename: "AccessToken" });
    });

    it("stays the group's, which its member may have left meanwhile: then nothing is connected", async () => {
      test = await startTestApp({ database });
      test.provider.controls.account = ONE;
      const grace = await test.signIn("grace", "acme");
      await grace.connect();
      test.provider.controls.account = TWO;
      const started = await grace.browser.fetch("/connect/test");
      const callback = await test.provider.authorize(started.headers.get("location") ?? "");
      const hold = test.provider.controls.hold();
      const finishing = grace.browser.fetch(callback.href);
      await hold.arrived(1);
      await test.app.provisionUser({ id: "grace", groupId: "other" });
      hold.release();
      expect((await finishing).status).toBe(400);
      const rows = await inStore(test, (query) => query.selectFrom("connections").select(["owner_id", "enabled"]).execute());
      expect(rows).toEqual([{ owner_id: "acme", enabled: 1 }]);
    });

    it("connects nothing where the connection was disconnected meanwhile", async () => {
      const ada = await connected();
      const started = await ada.browser.fetch("/connect/test");
      const callback = await test.provider.authorize(started.headers.get("location") ?? "");
      const hold = test.provider.controls.hold();
      const finishing = ada.browser.fetch(callback.href);
      await hold.arrived(1);
      await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
      hold.release();
      expect(await (await finishing).text()).toContain("disconnected while it was being connected");
      expect(await connectionsOf(ada)).toMatchObject([{ enabled: false }]);
    });

    it("seals what was typed for the connection that it becomes", async () => {
      const fields = { collect: { fields: [{ name: "team", label: "Team" }] } };
      test = await startTestApp({ database, connector: fields });
      test.provider.controls.account = ONE;
      const ada = await test.signIn("ada");
      const connect = async (query = "") => {
        const form = (await ada.browser.fetch(`/connect/test${query}`)).headers.get("location") ?? "";
        const body = new URLSearchParams({ team: "blue" });
        const sent = await ada.browser.fetch(form, { method: "POST", headers: { origin: test.config.publicUrl }, body });
        return ada.browser.fetch((await test.provider.authorize(sent.headers.get("location") ?? "")).href);
      };
      await connect();
      test.provider.controls.account = TWO;
      expect((await connect()).status).toBe(200);
      test.clock.advance(HOUR_MS);
      for (const { id } of await connectionsOf(ada)) expect((await askToken(ada, { where: { id } })).__typename).toBe("AccessToken");
    });
  });

  describe("where one is supported", () => {
    const single = { connector: { supports_multiple_connections: false } };

    it("is refused where only the realm is another, without the refresh token of the one before", async () => {
      const collect = { fields: [{ name: "shop", label: "Shop" }] };
      test = await startTestApp({ database, connector: { ...single.connector, collect }, facts: { account: { realm: ["field:shop"] } } });
      const ada = await test.signIn("ada");
      const connect = async (shop: string) => {
        const form = (await ada.browser.fetch("/connect/test")).headers.get("location") ?? "";
        const body = new URLSearchParams({ shop });
        const sent = await ada.browser.fetch(form, { method: "POST", headers: { origin: test.config.publicUrl }, body });
        return ada.browser.fetch((await test.provider.authorize(sent.headers.get("location") ?? "")).href);
      };
      expect((await connect("blue")).status).toBe(200);
      expect((await connect("blue")).status).toBe(200);
      const { value } = await askToken(ada);
      expect(await (await connect("red")).text()).toContain("another Test account than before: red/user-1, not blue/user-1.");
      expect((await askToken(ada)).value).toBe(value);
    });

    it("is refused with the names of both", async () => {
      const ada = await connected(single);
      const page = await (await ada.connect()).text();
      expect(page).toContain("another Test account than before: two@example.test, not one@example.test.");
      expect(page).toContain("Your existing connection still works.");
      expect(await connectionsOf(ada)).toMatchObject([{ authorization: { displayLabel: ONE.label } }]);
    });

    it("names an account without a label by its id, no longer than a line, and escaped", async () => {
      const ada = await connected(single);
      test.provider.controls.userInfo = JSON.stringify({ sub: "9", email: `<b>${"x".repeat(300)}` });
      const page = await (await ada.connect()).text();
      expect(page).toContain(`before: &lt;b&gt;${"x".repeat(97)}…, not one@example.test.`);
      test.provider.controls.userInfo = '{"sub":"9"}';
      expect(await (await ada.connect()).text()).toContain("before: 9, not one@example.test.");
    });

    it("tells those who watch it of both", async () => {
      const ada = await connected(single);
      const started = (await ada.graphql(`mutation { connect(slug: "test") { authorization { id authorizeUrl } } }`)).data.connect
        .authorization;
      await ada.browser.fetch((await test.provider.authorize(started.authorizeUrl)).href);
      const title = "That was another Test account than before: two@example.test, not one@example.test.";
      expect(await readStatus(ada, started.id)).toMatchObject({ status: "ERROR", displayLabel: TWO.label, problem: { title } });
    });
  });
});

/** The first event of an authorization's subscription. */
async function readStatus(user: TestUser, id: string): Promise<unknown> {
  const headers = { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${await user.bearer()}` };
  const body = JSON.stringify({ query: AUTHORIZATION.replace("query", "subscription"), variables: { id } });
  const text = await (await user.browser.fetch("/graphql", { method: "POST", headers, body })).text();
  const data = /data: (\{.*\})/.exec(text)?.[1] ?? "{}";
  return JSON.parse(data).data.authorizationStatus;
}
