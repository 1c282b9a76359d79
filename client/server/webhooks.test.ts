import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { signatureOf } from "../../gateway/custody/webhook-send.ts";
import { verifyWebhook } from "./webhooks.ts";

const NOW_SECONDS = 1_790_000_000;
const now = () => NOW_SECONDS * 1000;
const keys = [randomBytes(32), randomBytes(24)];
const secrets = keys.map((key) => `whsec_${key.toString("base64")}`);
const BODY = JSON.stringify({ event_type: "connection.errored", payload: { error: { code: "invalid_grant" } } });

/** A delivery as the gateway signs it. */
function deliver({
  body = BODY,
  seconds = NOW_SECONDS,
  by = keys,
  sent = body,
}: { body?: string; seconds?: number; by?: Buffer[]; sent?: string } = {}) {
  const id = "evt_1";
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": signatureOf({ id, body }, seconds, by),
  };
  return new Request("https://app.example.com/hook", { method: "POST", headers, body: sent });
}

test("gives the event of a delivery that any of the secrets has signed, by the request or by its parts", async () => {
  const event = { id: "evt_1", event_type: "connection.errored", payload: { error: { code: "invalid_grant" } } };
  for (const secret of secrets) expect(await verifyWebhook(deliver(), { secrets: secret, now })).toEqual(event);
  expect(await verifyWebhook(deliver({ by: keys.slice(1) }), { secrets, now })).toEqual(event);
  const { headers } = deliver();
  const capitalised = [...headers].map(([name, value]) => [name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()), value]);
  for (const parts of [[...headers], capitalised])
    expect(await verifyWebhook({ headers: Object.fromEntries(parts), body: BODY }, { secrets, now })).toEqual(event);
});

test.each([
  ["another body", "wrong_signature", () => deliver({ sent: `${BODY} ` })],
  ["another secret", "wrong_signature", () => deliver({ by: [randomBytes(32)] })],
  ["an old timestamp", "stale_timestamp", () => deliver({ seconds: NOW_SECONDS - 301 })],
  ["a timestamp to come", "stale_timestamp", () => deliver({ seconds: NOW_SECONDS + 301 })],
  ["a body without end", "body_too_long", () => deliver({ body: "x".repeat(70_000) })],
  ["no headers", "missing_header", () => new Request("https://app.example.com/hook", { method: "POST", body: BODY })],
  ["a signed body that is no event", "not_an_event", () => deliver({ body: "[1]" })],
])("refuses a delivery with %s as %s", async (_what, code, delivery) => {
  await expect(verifyWebhook(delivery(), { secrets, now })).rejects.toMatchObject({ name: "WebhookError", code });
});

test("takes the bytes of a body that the framework has read", async () => {
  const { headers } = deliver();
  expect(await verifyWebhook({ headers, body: Buffer.from(BODY) }, { secrets, now })).toMatchObject({ id: "evt_1" });
});

test("names the cause and the remedy where the body was parsed or read already", async () => {
  const { headers } = deliver();
  for (const body of [JSON.parse(BODY), undefined])
    await expect(verifyWebhook({ headers, body }, { secrets, now })).rejects.toThrow(
      new TypeError(
        "The webhook's `body` must be the text or the bytes as they came, not what a parser has made of them. In Express, give the webhook's route `express.raw({ type: \"application/json\" })`, before any `express.json()`.",
      ),
    );
  const read = deliver();
  await read.json();
  const locked = deliver();
  locked.body?.getReader();
  for (const delivery of [read, locked])
    await expect(verifyWebhook(delivery, { secrets, now })).rejects.toThrow(
      new TypeError(
        "The body of the webhook's request has been read already. Give the request as it came, or what was read: `{ headers: request.headers, body: text }`.",
      ),
    );
});

test("refuses a secret that is none, without repeating it", async () => {
  for (const none of ["s3cret", "whsec_", "whsec_s3cre", undefined, [secrets[0], undefined]]) {
    const refused = verifyWebhook(deliver(), { secrets: none, now });
    await expect(refused).rejects.toThrow(TypeError);
    await expect(refused).rejects.toThrow(/^A webhook secret is whsec_ and base64\. Is its environment variable set\?$/);
  }
  await expect(verifyWebhook(deliver(), { secrets: [], now })).rejects.toThrow(TypeError);
});
