import { createHmac, randomBytes } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { callerOf, createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { whileTimePasses } from "../../test/support/importing.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore } from "../../test/support/vault.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../../test/support/webhook-receiver.ts";
import { FOLD_MS, MOST_ONE_BY_ONE, TOLD_AGAIN_MS } from "./connector-news.ts";
import { CONNECTOR_LOOK_MS } from "./event-sweep.ts";
import { MAXIMUM_ATTEMPTS } from "./outbox.ts";
import { AT_ONCE } from "./webhook-delivery.ts";

let test: TestApp;
let receiver: WebhookReceiver;
afterEach(async () => {
  await receiver?.close();
  await test?.close();
});

const secrets = [randomBytes(32), randomBytes(24)];
const DAY_MS = 86_400_000;

/** A gateway with a webhook to a receiver on this machine. */
async function start(database: TestAppOptions["database"], webhook: object = {}, options: TestAppOptions = {}): Promise<void> {
  receiver = await startWebhookReceiver();
  const own = {
    name: "backend",
    url: receiver.url,
    secrets: secrets.map((secret) => `whsec_${secret.toString("base64")}`),
    allow_private_addresses: true,
    ...webhook,
  };
  test = await startTestApp({ ...(database && { database }), ...options, file: { ...options.file, webhooks: [own] } });
}

const bodies = () => receiver.received.map(({ body }) => JSON.parse(body));
const typesOf = () => bodies().map(({ event_type: type }) => type);
const arrived = (count: number) => vi.waitUntil(() => receiver.received.length >= count, PATIENCE);
/** No delivery is waiting any more. */
const settled = () =>
  vi.waitUntil(async () => {
    test.clock.advance(1_000);
    const rows = await inStore(test, (query) => query.selectFrom("deliveries").select("number").where("dead_at", "is", null).execute());
    return rows.length === 0;
  }, PATIENCE);

async function connected(id: string): Promise<TestUser> {
  const user = await test.signIn(id);
  await user.connect();
  return user;
}

const disconnect = (user: TestUser) => user.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
const idOf = async (user: TestUser) => (await user.graphql(`{ connection(where: { slug: "test" }) { id } }`)).data.connection.id;

describe.each(databaseKinds)("webhooks on %s", (database) => {
  it("are told of what happens to connections as Xkit told it, with the link that mends it", async () => {
    await start(database);
    const ada = await connected("ada");
    const id = await idOf(ada);
    test.provider.controls.revokeGrants();
    test.clock.advance(HOUR_MS);
    await askToken(ada);
    await ada.connect();
    await disconnect(ada);
    await arrived(4);
    const subject = { connector: { slug: "test" }, context: { external_id: "ada" }, connection: { external_id: id } };
    expect(bodies()).toMatchObject(
      ["connection.enabled", "connection.errored", "connection.healed", "connection.disabled"].map((type) => ({
        event_type: type,
        payload: { ...subject, connector_url: `${test.config.publicUrl}/connectors/test` },
      })),
    );
    expect(Object.keys(bodies()[0])).toEqual(["event_type", "payload"]);
    expect(bodies()[1].payload.error).toEqual({ code: "invalid_grant" });
  });

  it("get each event signed with every secret, and the same id each time it is sent", async () => {
    await start(database);
    receiver.next(500);
    await connected("ada");
    await arrived(1);
    await settled();
    const [first, second] = receiver.received;
    expect(second).toMatchObject({ id: first?.id, body: first?.body });
    for (const { id, timestamp, body, signature } of receiver.received)
      expect(signature.split(" ")).toEqual(
        secrets.map((secret) => `v1,${createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64")}`),
      );
  });

  it("lose nothing and keep the order of each connection before a receiver that fails, drops, redirects and lies", async () => {
    await start(database);
    receiver.next(500, "drop", "redirect", "endless", 429, 404);
    const users = await Promise.all(["ada", "bob", "eve"].map(connected));
    for (let time = 0; time < 2; time += 1)
      for (const user of users) {
        await disconnect(user);
        await user.connect();
      }
    await settled();
    const taken = receiver.received
      .filter(({ answered }) => answered === 204 || answered === "endless")
      .map(({ body }) => JSON.parse(body));
    for (const id of ["ada", "bob", "eve"]) {
      const own = taken.filter(({ payload }) => payload.context.external_id === id);
      expect(own.map(({ event_type: type }) => type)).toEqual([
        "connection.enabled",
        "connection.disabled",
        "connection.enabled",
        "connection.disabled",
        "connection.enabled",
      ]);
    }
  });

  it("are tried for a day, and then the event is dead, and the next one of its connection is sent", async () => {
    await start(database);
    receiver.always(503);
    const ada = await connected("ada");
    const startedAt = test.clock.now();
    const findDelivery = (attempts: number) =>
      inStore(test, (query) => query.selectFrom("deliveries").selectAll().where("attempts", "=", attempts).executeTakeFirst());
    for (let attempts = 1; attempts <= MAXIMUM_ATTEMPTS; attempts += 1) {
      // What became of an attempt is stored before the clock moves on.
      const delivery = await vi.waitUntil(() => findDelivery(attempts), PATIENCE);
      if (attempts < MAXIMUM_ATTEMPTS) test.clock.advance(delivery.next_at - test.clock.now());
    }
    const spentMs = Number(receiver.received.at(-1)?.timestamp) * 1000 - startedAt;
    expect(spentMs).toBeGreaterThan(0.8 * DAY_MS);
    expect(spentMs).toBeLessThan(1.4 * DAY_MS);
    receiver.always(204);
    await disconnect(ada);
    await arrived(MAXIMUM_ATTEMPTS + 1);
    expect(typesOf().at(-1)).toBe("connection.disabled");
    const dead = await inStore(test, (query) => query.selectFrom("deliveries").selectAll().where("dead_at", "is not", null).execute());
    expect(dead).toMatchObject([{ endpoint: "backend", attempts: MAXIMUM_ATTEMPTS, outcome: "status 503" }]);
  });

  it("are sent nothing more of a user who was deleted, also where it was read before", async () => {
    await start(database);
    receiver.always("hang");
    await connected("first");
    await arrived(1);
    for (let index = 0; index < AT_ONCE; index += 1) await connected(`user-${index}`);
    await connected("last");
    receiver.release();
    await arrived(1 + AT_ONCE);
    const deleting = callerOf(test, await createServerHeaders(test))("DELETE", "/platform/users/last");
    await expect
      .poll(() => inStore(test, (query) => query.selectFrom("deliveries").select("number").execute()), PATIENCE)
      .toHaveLength(AT_ONCE);
    receiver.always(204);
    receiver.release();
    await settled();
    await whileTimePasses(test, deleting);
    expect(bodies().map(({ payload }) => payload.context.external_id)).not.toContain("last");
    expect(receiver.received).toHaveLength(1 + AT_ONCE);
  });

  it("are told what they asked for alone", async () => {
    await start(database, { events: ["connection.disabled"] });
    await disconnect(await connected("ada"));
    await arrived(1);
    expect(typesOf()).toEqual(["connection.disabled"]);
  });

  it("are told of many connections that break at once by one event with their number", async () => {
    await start(database);
    const users: TestUser[] = [];
    for (let index = 0; index < MOST_ONE_BY_ONE + 3; index += 1) users.push(await connected(`user-${index}`));
    await settled();
    receiver.received.length = 0;
    test.provider.controls.revokeGrants();
    test.clock.advance(HOUR_MS);
    for (const user of users) await askToken(user);
    test.clock.advance(FOLD_MS + CONNECTOR_LOOK_MS);
    await vi.waitUntil(() => {
      test.clock.advance(CONNECTOR_LOOK_MS);
      return typesOf().includes("connector.misconfigured");
    }, PATIENCE);
    expect(typesOf().filter((type) => type === "connection.errored")).toHaveLength(MOST_ONE_BY_ONE);
    const [folded] = bodies().filter(({ event_type: type }) => type === "connector.misconfigured");
    expect(folded.payload).toMatchObject({ connector: { slug: "test" }, error: { code: "invalid_grant" }, count: 3 });
    expect(folded.payload).not.toHaveProperty("connection");
  });

  it("are told of a connector that is set up wrong once an hour, however many connections notice it", async () => {
    await start(database, { events: ["connector.misconfigured"] });
    const users = [await connected("ada"), await connected("bob"), await connected("eve")];
    test.provider.controls.always({ status: 401, body: { error: "invalid_client" } });
    test.clock.advance(HOUR_MS);
    for (const user of users.slice(0, 2)) await askToken(user);
    const folded = async (count: number) =>
      vi.waitUntil(() => {
        test.clock.advance(CONNECTOR_LOOK_MS);
        return receiver.received.length >= count;
      }, PATIENCE);
    await folded(1);
    for (const user of users.slice(2)) await askToken(user);
    await folded(2);
    expect(bodies().map(({ payload }) => payload.count)).toEqual([2, 1]);
    const [first = 0, second = 0] = bodies().map(({ payload }) => Date.parse(payload.occurred_at));
    expect(second - first).toBeGreaterThanOrEqual(TOLD_AGAIN_MS);
  });

  it("are told by one event that a connector works again, however many connections its mended secret heals", async () => {
    await start(database, { events: ["connection.healed", "connector.healed"] });
    const users = [await connected("ada"), await connected("bob"), await connected("eve")];
    test.provider.controls.always({ status: 401, body: { error: "invalid_client" } });
    test.clock.advance(HOUR_MS);
    for (const user of users) await askToken(user);
    test.provider.controls.always(null);
    test.clock.advance(HOUR_MS);
    for (const user of users) await askToken(user);
    await vi.waitUntil(() => {
      test.clock.advance(CONNECTOR_LOOK_MS);
      return receiver.received.length > 0;
    }, PATIENCE);
    expect(bodies()).toMatchObject([{ event_type: "connector.healed", payload: { connector: { slug: "test" }, count: 3 } }]);
    expect(bodies()[0].payload).not.toHaveProperty("error");
  });

  it("are not sent to a private address unless that is allowed", async () => {
    await start(database, { url: "https://localhost:1/events", allow_private_addresses: false });
    await connected("ada");
    const outcome = async () => (await inStore(test, (query) => query.selectFrom("deliveries").selectAll().execute()))[0]?.outcome;
    await expect.poll(outcome, PATIENCE).toBe("private_address");
  });

  it("are each sent by one of several processes, and by another one when that has ended", async () => {
    await start(database);
    await test.startTwin();
    await Promise.all(["ada", "bob"].map(connected));
    await settled();
    expect(receiver.received).toHaveLength(2);
    receiver.always(503);
    await Promise.all(["eve", "mia"].map(connected));
    await arrived(4);
    await test.app.close();
    receiver.always(204);
    await settled();
    expect(receiver.received.filter(({ answered }) => answered === 204).map(({ id }) => id)).toHaveLength(4);
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(4);
  });
});
