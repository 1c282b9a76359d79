import type pg from "pg";
import type { Log } from "../runtime/log.ts";
import type { Change } from "./changes.ts";
import { canNotify, createClient, isAnswering, LISTEN, type Notify, PROOF_TIMEOUT_MS, proveHearing } from "./notifications.ts";

/** How long to wait before listening again after the connection was lost. */
const LISTEN_RETRY_MS = 1_000;
/**
 * How old the latest sign that hearing goes on may be, in milliseconds. When the connection is lost without a sign, as behind a firewall that
 * forgets it, a change of another process is missed for so long at most: nothing is cached after that.
 */
export const HEARTBEAT_MS = 1_000;
/** How often a sign is asked for: one that takes as long to come leaves no gap. */
const BEAT_INTERVAL_MS = HEARTBEAT_MS / 2;
/** How often hearing is proved by a notification of one's own. */
export const PROOF_INTERVAL_MS = 5_000;
/** How long a proof counts while another one cannot be sent. */
const PROOF_LASTS_MS = PROOF_INTERVAL_MS + 2 * PROOF_TIMEOUT_MS;

export const CANNOT_HEAR =
  "degraded: notifications of Postgres do not arrive, so nothing is cached. Behind a pooler in transaction mode, set DATABASE_LISTEN_URL to a direct connection.";

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

/** What the steps of listening act on. */
interface Line extends Dependencies {
  listening: ReturnType<typeof createListening>;
  deafness: ReturnType<typeof createDeafness>;
  schedule: ReturnType<typeof createSchedule>;
}

/** Listens, and proves that it hears before it resolves; resolves too when it does not. Throws when the server cannot be reached. */
export async function createListener(dependencies: Dependencies): Promise<Listener> {
  const [listening, deafness, schedule] = [createListening(), createDeafness(dependencies.log), createSchedule()];
  const line: Line = { ...dependencies, listening, deafness, schedule };
  try {
    await open(line);
  } catch (error) {
    await close(line);
    throw error;
  }
  return { isHearing: listening.isHearing, isDeaf: deafness.isDeaf, close: () => close(line) };
}

async function open(line: Line): Promise<void> {
  const client = createClient(line.url, line.tell);
  line.listening.start(client);
  client.on("error", () => lose(line, client)).on("end", () => lose(line, client));
  try {
    await client.connect();
    await client.query(LISTEN);
    line.deafness.noteReached();
  } catch (error) {
    lose(line, client);
    throw error;
  }
  await prove(line, client);
}

async function prove(line: Line, client: pg.Client): Promise<void> {
  const askedAt = readClocks();
  const hears = await proveHearing(client, line.notify, line.listening.isProved() ? BEAT_INTERVAL_MS / 2 : undefined);
  if (line.listening.current() !== client) return;
  if (hears) noteHeard(line, client, askedAt);
  else if (hears === false) noteUnheard(line, client);
  // None could be sent: what was proved before goes on where the connection answers.
  else if (line.listening.isProved()) await beat(line, client);
  else lose(line, client);
}

function noteHeard(line: Line, client: pg.Client, askedAt: Clocks): void {
  const isFirstProof = !line.listening.isProved();
  line.listening.noteProof(askedAt);
  line.deafness.note(false);
  planBeat(line, client, askedAt);
  // What changed before was not heard.
  if (isFirstProof) line.tell("everything");
}

async function beat(line: Line, client: pg.Client): Promise<void> {
  const askedAt = readClocks();
  const isAlive = await isAnswering(client);
  if (line.listening.current() !== client) return;
  if (!isAlive) return lose(line, client);
  line.listening.noteSign(askedAt);
  planBeat(line, client, askedAt);
}

function planBeat(line: Line, client: pg.Client, askedAt: Clocks): void {
  const next = () => (line.listening.isProofDue() ? prove(line, client) : beat(line, client));
  plan(line, next, Math.max(0, BEAT_INTERVAL_MS - ageOf(askedAt)));
}

/** Without hearing, subscribers look for themselves at each proof. */
function noteUnheard(line: Line, client: pg.Client): void {
  line.deafness.note(true);
  lose(line, client, PROOF_INTERVAL_MS);
  line.tell("everything");
}

function lose(line: Line, lost: pg.Client, retryMs = LISTEN_RETRY_MS): void {
  lost.end().catch(() => {});
  if (line.listening.current() !== lost) return;
  line.listening.stop();
  plan(line, () => open(line), retryMs);
}

/** The store may be reached where the listening connection is not. */
async function retry(line: Line): Promise<void> {
  const isStoreReached = await canNotify(line.notify);
  // It was opened again meanwhile.
  if (line.listening.current()) return;
  if (line.deafness.noteUnreached(isStoreReached) && !line.schedule.isClosed()) {
    line.deafness.note(true);
    line.tell("everything");
  }
  plan(line, () => open(line), LISTEN_RETRY_MS);
}

function plan(line: Line, step: () => Promise<void>, milliseconds: number): void {
  line.schedule.plan(() => void step().catch(() => retry(line)), milliseconds);
}

async function close({ listening, schedule }: Line): Promise<void> {
  schedule.close();
  const last = listening.current();
  listening.stop();
  await last?.end().catch(() => {});
}

/** The connection that listens, and when it was asked what it has last answered. */
function createListening() {
  let current: pg.Client | null = null;
  let proof: Clocks | null = null;
  let sign: Clocks | null = null;
  return {
    current: () => current,
    isProved: () => proof !== null,
    isProofDue: () => proof === null || ageOf(proof) >= PROOF_INTERVAL_MS,
    isHearing: () => proof !== null && sign !== null && ageOf(sign) <= HEARTBEAT_MS && ageOf(proof) <= PROOF_LASTS_MS,
    start(client: pg.Client) {
      current = client;
    },
    noteProof(askedAt: Clocks) {
      proof = sign = askedAt;
    },
    noteSign(askedAt: Clocks) {
      sign = askedAt;
    },
    stop() {
      current = proof = sign = null;
    },
  };
}

/** An instant, in milliseconds: the monotonic clock may stand still while the machine is suspended, and the other one can be set. */
interface Clocks {
  wall: number;
  monotonic: number;
}

const readClocks = (): Clocks => ({ wall: Date.now(), monotonic: performance.now() });

const ageOf = ({ wall, monotonic }: Clocks): number => Math.max(Date.now() - wall, performance.now() - monotonic);

/** Remembers whether notifications are sent and not heard, and logs each change of it. */
function createDeafness(log: Pick<Log, "info" | "error">) {
  let isDeaf = false;
  let unreached = 0;
  return {
    isDeaf: () => isDeaf,
    note(isDeafNow: boolean) {
      if (isDeafNow && !isDeaf) log.error({}, CANNOT_HEAR);
      if (!isDeafNow && isDeaf) log.info({}, "notifications of Postgres arrive again");
      isDeaf = isDeafNow;
    },
    noteReached() {
      unreached = 0;
    },
    /** @returns whether the store was reached where the listening connection was not, and not just once: it may have just come back. */
    noteUnreached(isStoreReached: boolean): boolean {
      unreached = isStoreReached ? unreached + 1 : 0;
      return unreached > 1;
    },
  };
}

/** The next step, which replaces the one before. None once it is closed. */
function createSchedule() {
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  return {
    isClosed: () => isClosed,
    plan(step: () => void, milliseconds: number) {
      clearTimeout(timer);
      if (!isClosed) timer = setTimeout(step, milliseconds).unref();
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
