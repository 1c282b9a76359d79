import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { z } from "zod";
import { type Change, createChangeHub, type Topic } from "./changes.ts";
import type { Database, StoreOptions } from "./database.ts";
import { migrations } from "./migrations/index.ts";
import { migrate } from "./migrations/migrate.ts";
import { createStoreClock } from "./store-clock.ts";
import type { Tables } from "./tables.ts";

const POOL_MAXIMUM_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
/** How long to wait before listening again after the connection was lost. */
const LISTEN_RETRY_MS = 1_000;
/** How often the listening connection is tried, and how long it may take: a line that went dead without a word must not go unnoticed. */
const LISTEN_CHECK_MS = 5_000;
const LISTEN_CHECK_TIMEOUT_MS = 5_000;
/** Postgres takes no longer payload (https://www.postgresql.org/docs/current/sql-notify.html); ids of issuers may be longer. */
const LONGEST_PAYLOAD_BYTES = 7_999;
const CHANNEL = "xkit_changes";
/** Any number that nobody else uses in this database. */
const MIGRATION_LOCK = 7_305_417_920;

const timeSchema = z.object({ now: z.number() });

// Instants and counts are far below 2^53; pg would hand them out as text.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** Opens a Postgres database, to be shared by any number of gateways. */
export async function openPostgres(url: string, { clock: machine, log }: StoreOptions): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_MAXIMUM_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  });
  // A connection that breaks would end the process if its error had no listener. The pool listens to idle connections alone. Its next
  // statement fails, and the pool does not take it back.
  pool.on("error", () => {}).on("connect", (client) => client.on("error", () => {}));

  const query = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const clock = createStoreClock(machine, async () => {
    const { rows } = await sql`select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as "now"`.execute(query);
    return timeSchema.parse(rows[0]).now;
  });
  let isListening = () => false;
  const changes = createChangeHub(log, () => isListening());
  const listener = await prepare().catch(async (error: unknown) => {
    clock.stop();
    await query.destroy();
    throw error;
  });

  async function prepare() {
    await query.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(transaction);
      await migrate(transaction, migrations, machine.now());
    });
    await clock.measure();
    return listen(url, changes.tell);
  }
  isListening = listener.isOpen;

  return {
    kind: "postgres",
    query,
    changes,
    async write(topics, statements) {
      const result = await query.transaction().execute(async (transaction) => {
        const answer = await statements(transaction);
        // Delivered by Postgres at commit, or never: https://www.postgresql.org/docs/current/sql-notify.html
        for (const topic of topics) await sql`select pg_notify(${CHANNEL}, ${payloadOf(topic)})`.execute(transaction);
        return answer;
      });
      for (const topic of topics) changes.tell(topic);
      return result;
    },
    clock,
    async ping() {
      await sql`select 1`.execute(query);
    },
    async close() {
      clock.stop();
      await listener.close();
      await query.destroy();
    },
  };
}

/** Keeps one connection listening; while it is down nothing is heard, and once it is back everything may have changed. */
async function listen(url: string, tell: (change: Change) => void) {
  let client: pg.Client | null = null;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  const plan = (action: () => void, milliseconds: number) => {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(action, milliseconds).unref();
  };
  const lose = (lost: pg.Client) => {
    if (client === lost) client = null;
    // With a question open, this drops the socket at once instead of taking leave of a peer that may be gone.
    lost.end().catch(() => {});
    if (!client) plan(() => void open().catch(() => {}), LISTEN_RETRY_MS);
  };
  const check = (listening: pg.Client) => {
    listening.query("select 1").then(
      () => client === listening && plan(() => check(listening), LISTEN_CHECK_MS),
      () => client === listening && lose(listening),
    );
  };
  const open = async () => {
    const next = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: LISTEN_CHECK_TIMEOUT_MS,
    });
    let isLost = false;
    const loseOnce = () => {
      if (isLost) return;
      isLost = true;
      lose(next);
    };
    next.on("error", loseOnce).on("end", loseOnce);
    next.on("notification", ({ payload }) => tell(isTopic(payload) ? payload : "everything"));
    try {
      await next.connect();
      await next.query(`listen ${CHANNEL}`);
    } catch (error) {
      loseOnce();
      throw error;
    }
    if (isClosed) loseOnce();
    if (isLost) return;
    client = next;
    tell("everything");
    plan(() => check(next), LISTEN_CHECK_MS);
  };
  try {
    await open();
  } catch (error) {
    isClosed = true;
    clearTimeout(timer);
    throw error;
  }

  return {
    isOpen: () => client !== null,
    async close() {
      isClosed = true;
      clearTimeout(timer);
      const last = client;
      client = null;
      await last?.end();
    },
  };
}

/** What others take for "everything" when the topic is too long to be told. */
const payloadOf = (topic: Topic): string => (Buffer.byteLength(topic) > LONGEST_PAYLOAD_BYTES ? "everything" : topic);

const isTopic = (payload: string | undefined): payload is Topic =>
  /^(connections:(user|group)|user|session|api-key):|^signing-keys$/.test(payload ?? "");
