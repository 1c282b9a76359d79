import { z } from "zod";
import { type EventType, eventTypes } from "../../schema/events.ts";

/** The bytes of a signing secret (Standard Webhooks, "Signature scheme"). */
const SECRET_BYTES = { least: 24, most: 64 } as const;
/** Webhooks that a gateway can have, and secrets that one can have at a time. */
export const MAXIMUM_WEBHOOKS = 20;
const MAXIMUM_SECRETS = 4;

/** Where events are sent. */
export interface Webhook {
  name: string;
  url: string;
  /** What it is told. */
  events: readonly EventType[];
  /** Each signs every event, so that a new one can be taken up before an old one is given up. */
  secrets: readonly Buffer[];
  /** Whether its host may have an address outside the public internet. */
  allowsPrivate: boolean;
}

const nameSchema = z
  .string("must be a string")
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "must be 1 to 64 of a-z, 0-9, - and _, starting with a letter or digit");

/** `whsec_` and base64. The message holds no part of it. */
const secretSchema = z
  .string("must be a string")
  .refine(
    (text) => keyOf(text) !== null,
    `must be whsec_ followed by the base64 of ${SECRET_BYTES.least} to ${SECRET_BYTES.most} random bytes`,
  )
  .transform((text) => keyOf(text) ?? Buffer.alloc(0));

function keyOf(text: string): Buffer | null {
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (encoded === undefined) return null;
  const key = Buffer.from(encoded, "base64");
  return key.length >= SECRET_BYTES.least && key.length <= SECRET_BYTES.most ? key : null;
}

/** One entry of the configuration's webhooks, in the file's spelling. */
export const webhookSchema = z
  .strictObject({
    name: nameSchema.describe("The webhook's name, in logs and metrics."),
    url: z.string("must be a string").max(2048, "must have at most 2048 characters").describe("Where events are sent: https."),
    events: z
      .array(z.enum(eventTypes, `must be one of ${eventTypes.join(", ")}`))
      .min(1, "must list at least one event; leave it out for all events")
      .default([...eventTypes])
      .describe("The events that it receives. Default: all."),
    secrets: z
      .array(secretSchema)
      .min(1, "must have at least one secret")
      .max(MAXIMUM_SECRETS, `must have at most ${MAXIMUM_SECRETS} secrets`)
      .describe("Signing secrets, whsec_ followed by base64. Each of them signs every event, so that you can rotate them."),
    allow_private_addresses: z
      .boolean("must be true or false")
      .default(false)
      .describe("Whether its host may have an address outside the public internet."),
  })
  .refine(({ url, allow_private_addresses: allowsPrivate }) => isWebhookUrl(url, allowsPrivate), {
    path: ["url"],
    error: "must be an https URL without a user name (http only with allow_private_addresses)",
  })
  .transform((entry): Webhook => ({
    name: entry.name,
    url: entry.url,
    events: entry.events,
    secrets: entry.secrets,
    allowsPrivate: entry.allow_private_addresses,
  }));

function isWebhookUrl(text: string, allowsPrivate: boolean): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && allowsPrivate);
}

/** The configuration's webhooks. Their names tell their deliveries apart. */
export const webhooksSchema = z
  .array(webhookSchema)
  .max(MAXIMUM_WEBHOOKS, `must have at most ${MAXIMUM_WEBHOOKS} entries`)
  // Also where a webhook has other problems: all are told at once.
  .refine(haveDistinctNames, { error: "must have distinct names", when: ({ value }) => Array.isArray(value) });

function haveDistinctNames(webhooks: readonly (Partial<Webhook> | undefined)[]): boolean {
  const names = webhooks.flatMap((webhook) => webhook?.name ?? []);
  return new Set(names).size === names.length;
}
