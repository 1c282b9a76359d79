import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type ChildGateway, startChild } from "../../test/support/child-gateway.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { inStore } from "../../test/support/vault.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../../test/support/webhook-receiver.ts";

/** Longer than a lease (15 s) and the first retry. */
const LATER_MS = 120_000;

let test: TestApp;
let receiver: WebhookReceiver;
const children: ChildGateway[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await child.kill("SIGKILL");
  await receiver.close();
  await test.close();
});

const pending = () => inStore(test, (query) => query.selectFrom("deliveries").select("number").execute());
const disconnect = (user: TestUser) => user.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);

describe.each(databaseKinds)("a process that is killed while it sends events, on %s", { timeout: 120_000 }, (database) => {
  it("loses none, and another process goes on in the order of each connection", async () => {
    receiver = await startWebhookReceiver();
    receiver.always(503);
    const secrets = [`whsec_${randomBytes(32).toString("base64")}`];
    const webhooks = [{ name: "backend", url: receiver.url, secrets, allow_private_addresses: true }];
    test = await startTestApp({ database, file: { webhooks } });
    for (const id of ["ada", "bob"]) {
      const user = await test.signIn(id);
      await user.connect();
      await disconnect(user);
      await user.connect();
    }
    await vi.waitUntil(() => receiver.received.length >= 2, PATIENCE);
    await test.app.close();
    const before = receiver.received.length;
    receiver.always("hang");
    const killed = await startChild(test, "ada", { aheadMs: LATER_MS, webhooks });
    children.push(killed);
    await vi.waitUntil(() => receiver.received.length >= before + 2, PATIENCE);
    await killed.kill("SIGKILL");
    receiver.always(204);
    children.push(await startChild(test, "ada", { aheadMs: 2 * LATER_MS, webhooks }));
    await vi.waitUntil(async () => (await pending()).length === 0, { ...PATIENCE, interval: 250 });
    const taken = receiver.received.filter(({ answered }) => answered === 204);
    expect(taken).toHaveLength(6);
    expect(new Set(taken.map(({ id }) => id)).size).toBe(6);
    for (const id of ["ada", "bob"])
      expect(
        taken
          .map(({ body }) => JSON.parse(body))
          .flatMap(({ event_type: type, payload }) => (payload.context.external_id === id ? [type] : [])),
      ).toEqual(["connection.enabled", "connection.disabled", "connection.enabled"]);
    const hung = receiver.received.filter(({ answered }) => answered === "hang").map(({ id }) => id);
    expect(taken.map(({ id }) => id)).toEqual(expect.arrayContaining(hung));
  });
});
