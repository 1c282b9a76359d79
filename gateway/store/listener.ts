import { randomUUID } from "node:crypto";
import pg from "pg";
import type { Log } from "../runtime/log.ts";
import type { Change, Topic } from "./changes.ts";

const CONNECT_TIMEOUT_MS = 5_000;
/** How long to wait before listening again after the connection was lost. */
const LISTEN_RETRY_MS = 1_000;
/** How often hearing is proved, and how long a proof may take. */
const PROOF_INTERVAL_MS = 5_000;
const PROOF_TIMEOUT_MS = 2_000;
const CHANNEL = "xkit_changes";
const PROOF = "proof:";
/** Postgres takes no longer payload (https://www.postgresql.org/docs/current/sql-notify.html); ids of issuers may be longer. */
const LONGEST_PAYLOAD_BYTES = 7_999;

export const CANNOT_HEAR =
  "degraded: cannot hear changes. Notifications of Postgres do not arrive, as behind a pooler in transaction mode, so nothing is cached. Set DATABASE_LISTEN_URL to a direct connection.";

/** Sends a payload on the channel over a connection other than the listening one. */
export type Notify = (channel: string, payload: string) => Promise<unknown>;

/** Hears of the changes of every process, over a connection of its own. */
export interface Listener {
  /** Whether hearing was proved at the latest check. */
  isHearing(): boolean;
  /** Whether notifications are sent and do not arrive. */
  isDeaf(): boolean;
  notify(topic: Topic, notify: Notify): Promise<void>;
  close(): Promise<void>;
}

interface Dependencies {
  url: string;
  notify: Notify;
  tell: (change: Change) => void;
  log: Pick<Log, "info" | "error">;
}

/** Listens, and proves that it hears before it resolves; resolves too when it does not. Throws when the server cannot be reached. */
export async function createListener({ url, notify, tell, log }: Dependencies): Promise<Listener> {
  let hearing: pg.Client | null = null;
  let isDeaf = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let current: pg.Client | null = null;

  const plan = (action: () => Promise<void>, milliseconds: number) => {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(() => void action().catch(() => plan(open, LISTEN_RETRY_MS)), milliseconds).unref();
  };
  const lose = (lost: pg.Client, retryMs: number) => {
    lost.end().catch(() => {});
    if (current !== lost) return;
    current = hearing = null;
    plan(open, retryMs);
  };
  const hear = (client: pg.Client) => {
    if (isDeaf) log.info({}, "changes are heard again");
    isDeaf = false;
    if (hearing !== client) {
      hearing = client;
      tell("everything");
    }
    plan(() => prove(client), PROOF_INTERVAL_MS);
  };
  const goDeaf = (client: pg.Client) => {
    if (!isDeaf) log.error({}, CANNOT_HEAR);
    isDeaf = true;
    lose(client, PROOF_INTERVAL_MS);
    // Subscribers look for themselves meanwhile.
    tell("everything");
  };
  /** A notification must arrive while no statement runs on the listening connection: a pooler may deliver one beside a statement's answer. */
  const prove = async (client: pg.Client) => {
    const payload = PROOF + randomUUID();
    const arrival = arrivalOf(client, payload);
    try {
      await notify(CHANNEL, payload);
    } catch {
      // The store is away, and no proof is possible.
      arrival.cancel();
      return lose(client, LISTEN_RETRY_MS);
    }
    const hasArrived = await arrival.arrived;
    if (current !== client) return;
    if (hasArrived) hear(client);
    else goDeaf(client);
  };
  const open = async () => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, query_timeout: CONNECT_TIMEOUT_MS });
    current = client;
    client.on("error", () => lose(client, LISTEN_RETRY_MS)).on("end", () => lose(client, LISTEN_RETRY_MS));
    client.on("notification", ({ payload = "" }) => {
      if (!payload.startsWith(PROOF)) tell(isTopic(payload) ? payload : "everything");
    });
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
    } catch (error) {
      lose(client, LISTEN_RETRY_MS);
      throw error;
    }
    await prove(client);
  };
  const close = async () => {
    isClosed = true;
    clearTimeout(timer);
    const last = current;
    current = hearing = null;
    await last?.end().catch(() => {});
  };

  await open().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    isHearing: () => hearing !== null,
    isDeaf: () => isDeaf,
    notify: async (topic, send) => void (await send(CHANNEL, payloadOf(topic))),
    close,
  };
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

/** "everything" when the topic is too long to be sent. */
const payloadOf = (topic: Topic): string => (Buffer.byteLength(topic) > LONGEST_PAYLOAD_BYTES ? "everything" : topic);

const isTopic = (payload: string): payload is Topic => /^(connections:(user|group)|user|session|api-key):|^signing-keys$/.test(payload);
