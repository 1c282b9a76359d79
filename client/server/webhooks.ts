import { type GatewayEvent, parseEvent } from "./events.ts";

/** How old a delivery may be, and how far ahead its time, in seconds (Standard Webhooks, "Verifying webhook authenticity"). */
const TOLERANCE_SECONDS = 300;
/** Longest body that is read. An event has less than 4 kB. */
const MAXIMUM_BODY_BYTES = 65_536;

/** Why a delivery is not taken: `code` is `missing_header`, `stale_timestamp`, `wrong_signature`, `body_too_long` or `not_an_event`. */
export class WebhookError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "WebhookError";
    this.code = code;
  }
}

export interface WebhookOptions {
  /** `whsec_…`, as in the gateway's configuration. Several while a secret is replaced. One that is undefined is refused. */
  secrets: string | undefined | readonly (string | undefined)[];
  /** The time now, in milliseconds since the epoch. Default: `Date.now()`. */
  now?: () => number;
}

/** A request, or its parts where the framework has read the body: `body` is the text or the bytes as they came, not parsed and written again. */
export type Delivery = Request | { headers: Headers | Readonly<Record<string, string | string[] | undefined>>; body: string | Uint8Array };

/**
 * The event of a webhook's request, once its signature is verified (Standard Webhooks). Answer 2xx within 15 s. An event can come twice: keep
 * the ids of the last day. Throws WebhookError: answer 400. Throws TypeError for an invalid secret, and for a body that is parsed or read already.
 *
 * ```ts
 * export async function POST(request: Request): Promise<Response> {
 *   const event = await verifyWebhook(request, { secrets: process.env.XKIT_WEBHOOK_SECRET });
 *   if (event.event_type === "connection.errored") await notify(event.payload.context.external_id, event.payload.connector_url);
 *   return new Response(null, { status: 204 });
 * }
 * ```
 */
export async function verifyWebhook(delivery: Delivery, { secrets, now = Date.now }: WebhookOptions): Promise<GatewayEvent> {
  const keys = await Promise.all((Array.isArray(secrets) ? secrets : [secrets]).map(importKey));
  if (keys.length === 0) throw new TypeError("No webhook secret is given.");
  const id = headerOf(delivery, "webhook-id");
  const timestamp = headerOf(delivery, "webhook-timestamp");
  const signatures = headerOf(delivery, "webhook-signature");
  if (!(Math.abs(now() / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS))
    throw new WebhookError("stale_timestamp", `The webhook's timestamp is more than ${TOLERANCE_SECONDS} s away from this server's clock.`);
  const body = await readBody(delivery);
  if (!(await isSigned(new TextEncoder().encode(`${id}.${timestamp}.${body}`), signatures, keys)))
    throw new WebhookError("wrong_signature", "The webhook is not signed with any of the secrets, or its body was changed on its way.");
  const event = parseEvent(id, body);
  if (!event) throw new WebhookError("not_an_event", "The webhook's body is no event.");
  return event;
}

/** The Web Crypto of every runtime, so that edge runtimes verify too. Throws TypeError, which holds no part of the secret. */
async function importKey(secret: string | undefined): Promise<CryptoKey> {
  const [, encoded] = /^whsec_(?!$)((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}={0,2})?)$/.exec(secret ?? "") ?? [];
  if (encoded === undefined) throw new TypeError("A webhook secret is whsec_ and base64. Is its environment variable set?");
  return crypto.subtle.importKey("raw", bytesOf(encoded), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

function headerOf({ headers }: Delivery, name: string): string {
  // Some hosts give the names in the spelling of a proxy in front, as `Webhook-Id`.
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers);
  const value = entries.find(([given]) => given.toLowerCase() === name)?.[1];
  if (typeof value === "string" && value !== "") return value;
  throw new WebhookError("missing_header", `The request has no header ${name}: it is no webhook of the gateway.`);
}

async function readBody(delivery: Delivery): Promise<string> {
  if (delivery instanceof Request) return readText(delivery);
  const { body } = delivery;
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  throw new TypeError(
    "The webhook's `body` must be the text or the bytes as they came, not what a parser has made of them. In Express, give the webhook's route `express.raw({ type: \"application/json\" })`, before any `express.json()`.",
  );
}

async function readText(request: Request): Promise<string> {
  if (request.bodyUsed || request.body?.locked)
    throw new TypeError(
      "The body of the webhook's request has been read already. Give the request as it came, or what was read: `{ headers: request.headers, body: text }`.",
    );
  if (!request.body) return "";
  const decoder = new TextDecoder();
  let [text, length] = ["", 0];
  for await (const chunk of chunksOf(request.body)) {
    length += chunk.byteLength;
    if (length > MAXIMUM_BODY_BYTES) throw new WebhookError("body_too_long", `The body is longer than ${MAXIMUM_BODY_BYTES} bytes.`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Whether one of the signatures, `v1,<base64>` with spaces between them, is of one of the keys. */
async function isSigned(message: Uint8Array<ArrayBuffer>, signatures: string, keys: CryptoKey[]): Promise<boolean> {
  const given = signatures.split(" ").flatMap((signature) => /^v1,([A-Za-z0-9+/]{43}=)$/.exec(signature)?.[1] ?? []);
  for (const key of keys)
    for (const signature of given) if (await crypto.subtle.verify("HMAC", key, bytesOf(signature), message)) return true;
  return false;
}
