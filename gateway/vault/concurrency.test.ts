import { sql } from "kysely";
import Libsql from "libsql";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { App } from "../app.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { sendTo, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { type ChildGateway, startChild } from "../../test/support/child-gateway.ts";
import { askToken, HOUR_MS, inStore, onlyAuthorization, type TokenAnswer, turns } from "../../test/support/vault.ts";
import { PATIENCE } from "../../test/support/patience.ts";

let test: TestApp;
let children: ChildGateway[] = [];
afterEach(async () => {
  await Promise.all(children.map((child) => child.kill("SIGKILL")));
  children = [];
  await test?.close();
});

const many = <Result>(count: number, ask: () => Promise<Result>) => Promise.all(Array.from({ length: count }, ask));

/** Every answer is the same good token, and the provider honours it. */
async function expectOneGoodToken(answers: readonly TokenAnswer[]): Promise<void> {
  expect(new Set(answers.map(({ __typename, message }) => message ?? __typename))).toEqual(new Set(["AccessToken"]));
  expect(new Set(answers.map(({ value }) => value)).size).toBe(1);
  expect(test.provider.liveAccessTokens()).toContain(answers[0]?.value);
}

/** The provider rotates refresh tokens, and revokes the whole grant when one comes back: one refresh too many ends the connection. */
describe.each(databaseKinds)("50 requests at once on an expired token, on %s", (database) => {
  async function expired(): Promise<TestUser> {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    test.clock.advance(HOUR_MS);
    return ada;
  }

  it("get 50 good tokens of one refresh, and the next refresh works too", async () => {
    const ada = await expired();
    await expectOneGoodToken(await many(50, () => askToken(ada)));
    expect(test.provider.refreshCount()).toBe(1);
    test.clock.advance(HOUR_MS);
    await expectOneGoodToken(await many(50, () => askToken(ada)));
    expect(test.provider.refreshCount()).toBe(2);
  });

  it("get the same from two gateways over one store, of which one waits and adopts what the other stored", async () => {
    const ada = await expired();
    const twin = await test.startTwin();
    for (const refreshes of [1, 2]) {
      const hold = test.provider.controls.hold();
      const asking = Promise.all([many(25, () => askToken(ada)), many(25, () => askToken(ada, { via: twin }))]);
      await hold.arrived(1);
      await turns(100);
      hold.release();
      await expectOneGoodToken((await asking).flat());
      expect(test.provider.refreshCount()).toBe(refreshes);
      test.clock.advance(HOUR_MS);
    }
  });

  it("get the same when the refresh fails: one call for both gateways, and a retryAfter for every caller", async () => {
    const ada = await expired();
    const twin = await test.startTwin();
    test.provider.controls.always({ status: 503 });
    const hold = test.provider.controls.hold();
    const asking = Promise.all([many(25, () => askToken(ada)), many(25, () => askToken(ada, { via: twin }))]);
    await hold.arrived(1);
    await turns(100);
    hold.release();
    const answers = (await asking).flat();
    expect(new Set(answers.map(({ __typename }) => __typename))).toEqual(new Set(["TemporarilyUnavailable"]));
    expect(test.provider.tokenRequests).toHaveLength(2);
  });

  it("get the same from two real processes", { timeout: 60_000 }, async () => {
    await expired();
    children = await Promise.all([startChild(test, "ada"), startChild(test, "ada")]);
    await expectOneGoodToken((await Promise.all(children.map((child) => child.ask(25)))).flat());
    expect(test.provider.refreshCount()).toBe(1);
    test.clock.advance(HOUR_MS);
    await Promise.all(children.map((child) => child.advance(HOUR_MS)));
    await expectOneGoodToken((await Promise.all(children.map((child) => child.ask(25)))).flat());
    expect(test.provider.refreshCount()).toBe(2);
  });
});

describe("two machines over one Postgres, of which one has a clock that is two minutes fast", () => {
  /** Waits until the fast machine has tried to claim the refresh. */
  const untilTried = (): Promise<void> =>
    inStore(test, async (query) => {
      const trying = sql`select 1 from pg_stat_activity where application_name = 'fast' and query like 'update "authorizations"%'`;
      await vi.waitUntil(async () => (await trying.execute(query)).rows.length > 0, PATIENCE);
    });

  it("refresh once: the fast one does not take the other's lease for ended", { timeout: 60_000 }, async () => {
    test = await startTestApp({ database: "postgres" });
    const ada = await test.signIn("ada");
    await ada.connect();
    test.clock.advance(HOUR_MS);
    children = await Promise.all([startChild(test, "ada"), startChild(test, "ada", { clockLeadMs: 120_000, name: "fast" })]);
    const hold = test.provider.controls.hold();
    const first = children[0]?.ask(25) ?? [];
    await hold.arrived(1);
    const second = children[1]?.ask(25) ?? [];
    await untilTried();
    hold.release();
    await expectOneGoodToken([...(await first), ...(await second)]);
    expect(test.provider.refreshCount()).toBe(1);
  });
});

describe("a refresh whose row is locked for seconds before it can be claimed", () => {
  /** Whether a statement waits for the lock. */
  const isWaiting = () =>
    inStore(test, async (query) => (await sql`select 1 from pg_locks where not granted`.execute(query)).rows.length > 0);

  it.each([
    ["", null],
    [", also when the token was refused", "rejected"],
  ])("is claimed again, so that its lease outlives the provider's timeout%s", async (_also, why) => {
    test = await startTestApp({ database: "postgres" });
    const ada = await test.signIn("ada");
    await ada.connect();
    const { fingerprint } = await askToken(ada);
    if (why === null) test.clock.advance(HOUR_MS);
    const hold = test.provider.controls.hold();
    const asking = await inStore(test, (query) =>
      query.transaction().execute(async (transaction) => {
        await transaction.updateTable("authorizations").set({ updated_at: 0 }).execute();
        const answer = askToken(ada, why === null ? {} : { rejected: fingerprint ?? "" });
        await vi.waitUntil(isWaiting, PATIENCE);
        test.clock.advance(6_000);
        return { answer };
      }),
    );
    await hold.arrived(1);
    const { lease_expires_at: leaseEnds } = await onlyAuthorization(test);
    expect((leaseEnds ?? 0) - test.clock.now()).toBeGreaterThan(14_000);
    hold.release();
    expect(await asking.answer).toMatchObject({ __typename: "AccessToken" });
    expect(test.provider.refreshCount()).toBe(1);
  });
});

describe("two processes on one SQLite file", () => {
  it("write much at once, and lose and corrupt nothing", { timeout: 60_000 }, async () => {
    test = await startTestApp({ database: "sqlite" });
    await test.signIn("ada");
    children = await Promise.all([startChild(test, "ada"), startChild(test, "ada")]);
    await Promise.all(children.map((child, index) => child.provision(`group-${index}`, 300)));
    const users = await inStore(test, (query) => query.selectFrom("users").select("id").where("group_id", "is not", null).execute());
    expect(users).toHaveLength(600);
    const file = new Libsql(test.database.url.slice("file:".length));
    expect(file.prepare("pragma integrity_check").get()).toMatchObject({ integrity_check: "ok" });
    file.close();
  });
});

describe.each(databaseKinds)("twelve first connects at once, on %s", (database) => {
  it("begin one connection, even from two gateways", async () => {
    test = await startTestApp({ database, connector: { supports_multiple_connections: false } });
    const [ada, twin] = [await test.signIn("ada"), await test.startTwin()];
    const body = JSON.stringify({ query: `mutation { connect(slug: "test") { id } }` });
    const headers = { "content-type": "application/json", authorization: `Bearer ${await ada.bearer()}` };
    const connect = (app: Pick<App, "fetch">) =>
      sendTo(app)("/graphql", { method: "POST", headers, body }).then((response) => response.json());
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => connect(index % 2 ? twin : test.app)));
    expect(new Set(answers.map(({ data }) => data.connect.id)).size).toBe(1);
    expect((await ada.graphql("{ connections { id } }")).data.connections).toHaveLength(1);
  });
});
