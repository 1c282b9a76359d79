import { randomUUID } from "node:crypto";
import pg from "pg";
import { withTimeout } from "../runtime/with-timeout.ts";
import type { Change, Topic } from "./changes.ts";

/** Where changes are told of. */
export const CHANNEL = "xkit_changes";
/** The statement that starts to listen. */
export const LISTEN = `listen ${CHANNEL}`;
const PROOF = "proof:";
/** How long a proof of hearing may take. */
export const PROOF_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Postgres takes no longer payload (https://www.postgresql.org/docs/current/sql-notify.html); ids of issuers may be longer. */
const LONGEST_PAYLOAD_BYTES = 7_999;

/** Sends a payload on a channel over a connection other than the listening one. */
export type Notify = (channel: string, payload: string) => Promise<unknown>;

/** A connection that tells of what it hears. */
export function createClient(url: string, tell: (change: Change) => void): pg.Client {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, query_timeout: CONNECT_TIMEOUT_MS });
  client.on("notification", ({ payload = "" }) => {
    if (!payload.startsWith(PROOF)) tell(isTopic(payload) ? payload : "everything");
  });
  return client;
}

/**
 * Whether a notification arrives while no statement runs on the listening connection: a pooler may deliver one beside a statement's
 * answer. Null while none can be sent, because the store is away or its connections are all taken.
 * @param sendWithinMs how long it may take to send it
 */
export async function proveHearing(client: pg.Client, notify: Notify, sendWithinMs = PROOF_TIMEOUT_MS): Promise<boolean | null> {
  const payload = PROOF + randomUUID();
  const arrival = arrivalOf(client, payload);
  let isSent = false;
  void notify(CHANNEL, payload).then(() => (isSent = true), arrival.cancel);
  const timer = setTimeout(() => isSent || arrival.cancel(), sendWithinMs);
  const hasArrived = await arrival.arrived;
  clearTimeout(timer);
  return hasArrived || (isSent ? false : null);
}

/**
 * Whether the connection answers in time: all that was sent to it before has then arrived. Not while hearing is proved, as it is a statement.
 * It listens again, which changes nothing.
 */
export async function isAnswering(client: pg.Client): Promise<boolean> {
  const answered = client.query(LISTEN).then(
    () => true,
    () => false,
  );
  return (await withTimeout(answered, PROOF_TIMEOUT_MS)) ?? false;
}

/** Whether a payload arrives in time. */
function arrivalOf(client: pg.Client, expected: string): { arrived: Promise<boolean>; cancel(): void } {
  let settle: (hasArrived: boolean) => void = () => {};
  const arrived = new Promise<boolean>((resolve) => {
    const onNotification = ({ payload }: pg.Notification) => payload === expected && settle(true);
    const timer = setTimeout(() => settle(false), PROOF_TIMEOUT_MS);
    settle = (hasArrived) => {
      clearTimeout(timer);
      client.off("notification", onNotification);
      resolve(hasArrived);
    };
    client.on("notification", onNotification);
  });
  return { arrived, cancel: () => settle(false) };
}

/** Whether notifications can be sent. */
export const canNotify = (notify: Notify): Promise<boolean> =>
  notify(CHANNEL, PROOF).then(
    () => true,
    () => false,
  );

/** Tells every process of a change once the transaction of `notify` is committed. */
export const announce = (topic: Topic, notify: Notify): Promise<unknown> => notify(CHANNEL, payloadOf(topic));

/** What tells of a topic: "everything" when it is too long to be sent. */
export const payloadOf = (topic: Topic): string => (Buffer.byteLength(topic) > LONGEST_PAYLOAD_BYTES ? "everything" : topic);

const isTopic = (payload: string): payload is Topic =>
  /^(connections:(user|group)|user|session|api-key|person):|^(signing-keys|events)$/.test(payload);
