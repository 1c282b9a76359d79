import { createHmac } from "node:crypto";
import { fetchResponse, NoResponseError } from "../http/fetch.ts";
import { retryAfterSeconds } from "../http/retry-after.ts";
import type { Webhook } from "./webhook.ts";

/** How long a receiver has to answer, in milliseconds. */
export const RECEIVER_TIMEOUT_MS = 15_000;

/** An event as it is sent. */
export interface Message {
  id: string;
  /** JSON. */
  body: string;
}

/** What became of sending: `outcome` is `status 204`, or why no answer came: `timeout`. */
export interface Sent {
  isTaken: boolean;
  outcome: string;
  /** How long the receiver asks to be left alone; null where it does not say. */
  retryAfterSeconds: number | null;
}

/**
 * The value of `webhook-signature` (Standard Webhooks, "Signature scheme"): one signature for each secret.
 * @param timestamp seconds since the epoch
 */
export const signatureOf = ({ id, body }: Message, timestamp: number, secrets: readonly Buffer[]): string =>
  secrets.map((secret) => `v1,${createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64")}`).join(" ");

/** Sends an event once. Any 2xx takes it. No redirect is followed, and nothing of the answer but its head is used. Never throws. */
export async function sendMessage(
  { url, secrets, allowsPrivate }: Webhook,
  message: Message,
  { now, timeoutMs = RECEIVER_TIMEOUT_MS, signal }: { now: number; timeoutMs?: number; signal?: AbortSignal | undefined },
): Promise<Sent> {
  const timestamp = Math.floor(now / 1000);
  const headers = {
    accept: "application/json",
    "content-type": "application/json",
    "webhook-id": message.id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": signatureOf(message, timestamp, secrets),
  };
  const limits = { timeoutMs, signal, isPublicOnly: !allowsPrivate, isHeadEnough: true };
  try {
    const { status, headers: answered } = await fetchResponse(url, { method: "POST", headers, body: message.body }, limits);
    const isTaken = status >= 200 && status < 300;
    return { isTaken, outcome: `status ${status}`, retryAfterSeconds: isTaken ? null : retryAfterSeconds(answered, now) };
  } catch (error) {
    return { isTaken: false, outcome: error instanceof NoResponseError ? error.code : "not_sent", retryAfterSeconds: null };
  }
}
