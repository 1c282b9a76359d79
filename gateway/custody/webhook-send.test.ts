import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { eventTypes } from "../../schema/events.ts";
import { type ReceiverBehaviour, startWebhookReceiver, type WebhookReceiver } from "../../test/support/webhook-receiver.ts";
import { sendMessage, signatureOf } from "./webhook-send.ts";

let receiver: WebhookReceiver;
afterEach(() => receiver?.close());

const message = { id: "evt_1", body: `{"event_type":"connection.enabled"}` };
const now = Date.UTC(2026, 0, 1);

async function send(behaviour: ReceiverBehaviour, timeoutMs?: number) {
  receiver = await startWebhookReceiver();
  receiver.always(behaviour);
  const webhook = { name: "backend", url: receiver.url, events: eventTypes, secrets: [randomBytes(32)], allowsPrivate: true };
  return sendMessage(webhook, message, { now, ...(timeoutMs !== undefined && { timeoutMs }) });
}

describe("an event that is sent", () => {
  it.each([200, 201, 204, 299])("is taken by a status of %i", async (status) => {
    expect(await send(status)).toEqual({ isTaken: true, outcome: `status ${status}`, retryAfterSeconds: null });
  });

  it.each([304, 400, 404, 410, 500, 503])("is not taken by a status of %i", async (status) => {
    expect(await send(status)).toMatchObject({ isTaken: false, outcome: `status ${status}` });
  });

  it("is not sent on where a redirect leads", async () => {
    expect(await send("redirect")).toMatchObject({ isTaken: false, outcome: "status 302" });
    expect(receiver.received).toHaveLength(1);
  });

  it("is not waited for longer than the receiver has", async () => {
    expect(await send("hang", 200)).toMatchObject({ isTaken: false, outcome: "timeout" });
  });

  it("is not taken where the connection is cut before the answer", async () => {
    expect(await send("drop")).toMatchObject({ isTaken: false, outcome: "connection_lost" });
  });

  it("is taken by the head of an answer that never ends, which is not read to an end", async () => {
    expect(await send("endless")).toMatchObject({ isTaken: true, outcome: "status 200" });
    await expect.poll(() => receiver.openConnections()).toBe(0);
  });

  it("is signed as the example of Standard Webhooks is", () => {
    const secret = Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64");
    const example = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: `{"test": 2432232314}` };
    expect(signatureOf(example, 1_614_265_330, [secret])).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });
});
