import {
  Kysely,
  type PostgresCursor,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
  sql,
} from "kysely";
import pg from "pg";
import { z } from "zod";
import { createAvailability } from "./availability.ts";
import { createChangeHub, type Topic } from "./changes.ts";
import type { Database, StoreOptions } from "./database.ts";
import { CANNOT_HEAR, createListener, type Listener } from "./listener.ts";
import { migrations } from "./migrations/index.ts";
import { migrate } from "./migrations/migrate.ts";
import { announce, CHANNEL, payloadOf } from "./notifications.ts";
import { createStoreClock } from "./store-clock.ts";
import type { Tables } from "./tables.ts";
import { isUnavailable, sortErrors } from "./unavailable.ts";

const POOL_MAXIMUM_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 5_000;
/** How long a statement of a transaction may take, by the server's clock. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** The same during migrations, which read whole tables and wait for another process that migrates. */
const MIGRATION_TIMEOUT_MS = 300_000;
/** How much longer the answer to any statement is waited for. The server stops those of transactions before. */
const ANSWER_MARGIN_MS = 2_000;
/** An advisory lock's number: any that no other program uses in this database. */
const MIGRATION_LOCK = 7_305_417_920;

const timeSchema = z.object({ now: z.number() });
const markSchema = z.object({ now: z.number() });
/** The server's time when it comes to this, in milliseconds since the epoch. */
const serverTime = sql`(extract(epoch from clock_timestamp()) * 1000)::float8`;

// Instants and counts are far below 2^53; pg would hand them out as text.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** Opens a Postgres database, to be shared by any number of gateways. */
export async function openPostgres(url: string, { clock: machine, log, listenUrl = url }: StoreOptions): Promise<Database> {
  const availability = createAvailability(log, touch);
  const query = new Kysely<Tables>({ dialect: sortErrors(new PostgresDialect({ pool: createPool(url) }), availability.report) });
  const clock = createStoreClock(machine, async () => {
    const { rows } = await sql`select ${serverTime} as "now"`.execute(query);
    return timeSchema.parse(rows[0]).now;
  });
  let listener: Listener | null = null;
  const changes = createChangeHub(log, () => listener?.isHearing() ?? false);
  const notify = (channel: string, payload: string) => sql`select pg_notify(${channel}, ${payload})`.execute(query);

  /** Changes nothing, and needs all that a change needs: a server that is not read-only, and space on its disk. */
  async function touch() {
    await sql`update migrations set checksum = checksum where name = (select min(name) from migrations)`.execute(query);
  }
  async function close() {
    availability.close();
    clock.stop();
    await listener?.close();
    await query.destroy();
  }
  try {
    await migrateStore(url, machine.now());
    await clock.measure();
    listener = await createListener({ url: listenUrl, notify, tell: changes.tell, log });
  } catch (error) {
    await close();
    throw error;
  }
  const { isDeaf } = listener;

  return {
    kind: "postgres",
    query,
    changes,
    dropCaches: (change = "everything") => changes.tell(change),
    async write(topics, statements) {
      const result = await query.transaction().execute(async (transaction) => {
        const answer = await statements(transaction);
        // Delivered by Postgres at commit, or never: https://www.postgresql.org/docs/current/sql-notify.html
        const send = (channel: string, payload: string) => sql`select pg_notify(${channel}, ${payload})`.execute(transaction);
        for (const topic of topics) await announce(topic, send);
        return answer;
      });
      for (const topic of topics) changes.tell(topic);
      return result;
    },
    async changeOne(topics, statement) {
      const sentAt = Date.now();
      const changed = await statement(query, markOf(topics));
      if (!changed) return null;
      const { mark, ...row } = changed;
      clock.note(sentAt, markSchema.parse(mark).now);
      for (const topic of topics) changes.tell(topic);
      return row;
    },
    clock,
    checkWritable: availability.check,
    degradation: () => (isDeaf() ? CANNOT_HEAR : null),
    close,
  };
}

/** Sends news, which is delivered at commit, and tells the time. */
function markOf(topics: readonly Topic[]) {
  const told = topics.map((topic) => sql`, ${sql.lit(topic)}, pg_notify(${CHANNEL}, ${payloadOf(topic)})::text`);
  return sql`json_build_object('now', ${serverTime}${sql.join(told, sql``)})`;
}

/** One process after the other. */
async function migrateStore(url: string, now: number): Promise<void> {
  const query = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: createPool(url, MIGRATION_TIMEOUT_MS) }) });
  try {
    await query.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(transaction);
      await migrate(transaction, migrations, now);
    });
  } finally {
    await query.destroy();
  }
}

function createPool(url: string, statementTimeoutMs = STATEMENT_TIMEOUT_MS): PostgresPool {
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_MAXIMUM_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: statementTimeoutMs + ANSWER_MARGIN_MS,
  });
  // A connection that breaks would end the process if its error had no listener. The pool listens to idle connections alone. Its next
  // statement fails, and the pool does not take it back.
  pool.on("error", () => {}).on("connect", (client) => client.on("error", () => {}));
  return { connect: async () => guard(await pool.connect(), statementTimeoutMs), end: () => pool.end() };
}

/**
 * A connection that is not used again once a statement failed on it for now: the statement may still be running, the server may be about to
 * end the connection, or it may be a primary server no longer.
 */
function guard(client: pg.PoolClient, statementTimeoutMs: number): PostgresPoolClient {
  // Set for each transaction: poolers refuse startup parameters, and share sessions. The default of a database may be another level, at
  // which statements that lock rows fail where they are meant to wait.
  const begin = `begin isolation level read committed; set local statement_timeout = ${statementTimeoutMs}`;
  const connection: PostgresPoolClient = client;
  let failure: Error | null = null;

  async function run<Row>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<Row>> {
    if (failure) throw failure;
    try {
      return await connection.query<Row>(text === "begin" ? begin : text, values);
    } catch (error) {
      if (isUnavailable(error)) failure = error;
      throw error;
    }
  }
  function query<Row>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  function query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  function query<Row>(
    text: string | PostgresCursor<Row>,
    values: readonly unknown[] = [],
  ): PostgresCursor<Row> | Promise<PostgresQueryResult<Row>> {
    if (typeof text !== "string") throw new TypeError("Streaming is not supported.");
    return run<Row>(text, values);
  }
  return { query, release: () => client.release(failure ?? undefined) };
}
