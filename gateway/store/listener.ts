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
/** How long a proof counts, by the wall clock: of what came while the machine was suspended, a broken connection says nothing. */
const PROOF_LASTS_MS = PROOF_INTERVAL_MS + 2 * PROOF_TIMEOUT_MS;
const CHANNEL = "xkit_changes";
const PROOF = "proof:";
/** Postgres takes no longer payload (https://www.postgresql.org/docs/current/sql-notify.html); ids of issuers may be longer. */
const LONGEST_PAYLOAD_BYTES = 7_999;

export const CANNOT_HEAR =
  "degraded: cannot hear changes. Notifications of Postgres do not arrive, as behind a pooler in transaction mode, so nothing is cached. Set DATABASE_LISTEN_URL to a direct connection that can be made.";

/** Sends a payload on the channel over a connection other than the listening one. */
export type Notify = (channel: string, payload: string) => Promise<unknown>;

/** Hears of the changes of every process, over a connection of its own. */
export interface Listener {
  /** Whether hearing was proved at the latest check. */
  isHearing(): boolean;
  /** Whether notifications are sent and do not arrive, or cannot be listened for. */
  isDeaf(): boolean;
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
  const deafness = createDeafness(log);
  let current: pg.Client | null = null;
  let hearing: pg.Client | null = null;
  let provedAt = 0;
  let unreached = 0;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  const plan = (action: () => Promise<void>, milliseconds: number) => {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(() => void action().catch(retry), milliseconds).unref();
  };
  const retry = async () => {
    // The store may be reached where the listening connection is not. Once may be a store that has just come back.
    const isSent = await notify(CHANNEL, PROOF).then(
      () => true,
      () => false,
    );
    // It was opened again meanwhile.
    if (current) return;
    unreached = isSent ? unreached + 1 : 0;
    if (unreached > 1 && !isClosed) {
      deafness.note(true);
      tell("everything");
    }
    plan(open, LISTEN_RETRY_MS);
  };
  const lose = (lost: pg.Client, retryMs = LISTEN_RETRY_MS) => {
    lost.end().catch(() => {});
    if (current !== lost) return;
    current = hearing = null;
    plan(open, retryMs);
  };
  const judge = (client: pg.Client, hears: boolean) => {
    const isNews = !hears || hearing !== client;
    deafness.note(!hears);
    if (hears) {
      hearing = client;
      provedAt = Date.now();
      plan(() => prove(client), PROOF_INTERVAL_MS);
    } else lose(client, PROOF_INTERVAL_MS);
    // What changed before was not heard. Without hearing, subscribers look for themselves at each proof.
    if (isNews) tell("everything");
  };
  const prove = async (client: pg.Client) => {
    const hears = await proveHearing(client, notify);
    if (current !== client) return;
    if (hears === null) lose(client);
    else judge(client, hears);
  };
  const open = async () => {
    const client = createClient(url, tell);
    current = client;
    client.on("error", () => lose(client)).on("end", () => lose(client));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      unreached = 0;
    } catch (error) {
      lose(client);
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
  const isHearing = () => hearing !== null && Date.now() - provedAt <= PROOF_LASTS_MS;
  return { isHearing, isDeaf: deafness.isDeaf, close };
}

/** Remembers whether notifications are sent and not heard, and logs each change of it. */
function createDeafness(log: Pick<Log, "info" | "error">) {
  let isDeaf = false;
  return {
    isDeaf: () => isDeaf,
    note(isDeafNow: boolean) {
      if (isDeafNow && !isDeaf) log.error({}, CANNOT_HEAR);
      if (!isDeafNow && isDeaf) log.info({}, "changes are heard again");
      isDeaf = isDeafNow;
    },
  };
}

function createClient(url: string, tell: (change: Change) => void): pg.Client {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, query_timeout: CONNECT_TIMEOUT_MS });
  client.on("notification", ({ payload = "" }) => {
    if (!payload.startsWith(PROOF)) tell(isTopic(payload) ? payload : "everything");
  });
  return client;
}

/**
 * Whether a notification arrives while no statement runs on the listening connection: a pooler may deliver one beside a statement's
 * answer. Null while none can be sent, because the store is away or its connections are all taken.
 */
async function proveHearing(client: pg.Client, notify: Notify): Promise<boolean | null> {
  const payload = PROOF + randomUUID();
  const arrival = arrivalOf(client, payload);
  let isSent = false;
  void notify(CHANNEL, payload).then(() => (isSent = true), arrival.cancel);
  return (await arrival.arrived) || (isSent ? false : null);
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

/** Tells every process of a change once the transaction of `notify` is committed. */
export const announce = (topic: Topic, notify: Notify): Promise<unknown> => notify(CHANNEL, payloadOf(topic));

/** "everything" when the topic is too long to be sent. */
const payloadOf = (topic: Topic): string => (Buffer.byteLength(topic) > LONGEST_PAYLOAD_BYTES ? "everything" : topic);

const isTopic = (payload: string): payload is Topic => /^(connections:(user|group)|user|session|api-key):|^signing-keys$/.test(payload);
