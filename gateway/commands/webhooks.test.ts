import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { PATIENCE } from "../../test/support/patience.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { inStore } from "../../test/support/vault.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../../test/support/webhook-receiver.ts";
import { listDeadEvents, listWebhooks, replayEvents, testWebhook } from "./webhooks.ts";

const keys = `test:${randomBytes(32).toString("base64")}`;
let test: TestApp;
let receiver: WebhookReceiver;
let folder: string;
afterEach(async () => {
  vi.unstubAllEnvs();
  await test.close();
  await receiver.close();
  rmSync(folder, { recursive: true });
});

/** A gateway with a webhook, and the environment of commands on it. */
async function start(): Promise<void> {
  receiver = await startWebhookReceiver();
  const secrets = [`whsec_${randomBytes(32).toString("base64")}`];
  const webhooks = [{ name: "backend", url: receiver.url, secrets, allow_private_addresses: true }];
  test = await startTestApp({ file: { webhooks }, env: { XKIT_ENCRYPTION_KEYS: keys } });
  // Commands have the machine's time.
  test.clock.advance(Date.now() - test.clock.now());
  folder = mkdtempSync(join(tmpdir(), "xkit-webhooks-"));
  const path = join(folder, "xkit.config.json");
  // The secrets of connectors are not asked for.
  writeFileSync(path, JSON.stringify({ platform: { name: "Acme" }, webhooks, connectors: [{ slug: "x", client_secret: "${NOT_SET}" }] }));
  for (const [name, value] of Object.entries({ XKIT_CONFIG: path, DATABASE_URL: test.database.url, XKIT_ENCRYPTION_KEYS: keys }))
    vi.stubEnv(name, value);
}

async function printedBy(command: () => Promise<void>): Promise<string> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  try {
    await command();
    return log.mock.calls.map(([line]) => String(line)).join("\n");
  } finally {
    log.mockRestore();
  }
}

const arrived = (count: number) =>
  vi.waitUntil(() => {
    test.clock.advance(1_000);
    return receiver.received.length >= count;
  }, PATIENCE);
const untilTaken = () =>
  vi.waitUntil(async () => {
    test.clock.advance(1_000);
    return (await inStore(test, (query) => query.selectFrom("deliveries").select("number").execute())).length === 0;
  }, PATIENCE);

it("webhooks test sends an event, and says whether it was taken", async () => {
  await start();
  expect(await printedBy(() => testWebhook("backend"))).toBe("backend accepted the event: status 204.");
  expect(JSON.parse(receiver.received[0]?.body ?? "")).toMatchObject({ event_type: "webhook.test" });
  receiver.always(500);
  await expect(testWebhook("backend")).rejects.toThrow("backend did not accept the event: status 500.");
  await expect(testWebhook("other")).rejects.toThrow('No webhook is named "other". Configured webhooks: backend.');
});

it("webhooks list and dead tell what was not taken, and replay sends it again", async () => {
  await start();
  receiver.always(500);
  const ada = await test.signIn("ada");
  await ada.connect();
  await arrived(1);
  // The receiver has the event before the outcome is in the store.
  const outcomes = () => inStore(test, (query) => query.selectFrom("deliveries").select("outcome").execute());
  await expect.poll(outcomes, PATIENCE).toEqual([{ outcome: "status 500" }]);
  expect(await printedBy(listWebhooks)).toContain("1 pending since");
  await inStore(test, (query) => query.updateTable("deliveries").set({ dead_at: test.clock.now(), attempts: 10 }).execute());
  expect(await printedBy(listWebhooks)).toMatch(/^backend {2}http:\/\/127\.0\.0\.1:\d+\/events {2}0 pending {2}1 dead/);
  const [id] = receiver.received.map((one) => one.id);
  expect(await printedBy(() => listDeadEvents("backend"))).toMatch(new RegExp(`^${id} {2}connection.enabled .* status 500$`));
  receiver.always(204);
  expect(await printedBy(() => replayEvents("backend", {}))).toBe("1 event queued to be sent again by a running gateway.");
  await untilTaken();
  for (const options of [{ id: id ?? "" }, { since: new Date(0).toISOString() }]) {
    const before = receiver.received.length;
    expect(await printedBy(() => replayEvents("backend", options))).toContain("1 event");
    await arrived(before + 1);
    await untilTaken();
    expect(receiver.received.at(-1)?.id).toBe(id);
  }
  await expect(replayEvents("backend", { id: "evt_x" })).rejects.toThrow("No stored event has this id");
  await expect(replayEvents("backend", { since: "yesterday" })).rejects.toThrow("--since must be a time");
});
