import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import type { Clock } from "../clock.ts";
import { createChangeHub, type Topic } from "./changes.ts";
import type { Database } from "./database.ts";
import { migrations } from "./migrations/index.ts";
import { migrate } from "./migrations/migrate.ts";
import type { Tables } from "./tables.ts";

const POOL_MAXIMUM_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
/** How long to wait before listening again after the connection was lost. */
const LISTEN_RETRY_MS = 1_000;
const CHANNEL = "xkit_changes";
/** Any number that nobody else uses in this database. */
const MIGRATION_LOCK = 7_305_417_920;

// Instants and counts are far below 2^53; pg would hand them out as text.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** Opens a Postgres database, to be shared by any number of gateways. */
export async function openPostgres(url: string, clock: Clock): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_MAXIMUM_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  });
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  pool.on("error", () => {});

  const query = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  await query.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(transaction);
    await migrate(transaction, migrations, clock.now());
  });

  const hub = createChangeHub();
  const ear = await listen(url, hub.tell);

  return {
    kind: "postgres",
    query,
    changes: Object.assign(hub, { hear: ear.isOpen }),
    async write(topics, statements) {
      const result = await query.transaction().execute(async (transaction) => {
        const answer = await statements(transaction);
        // Delivered by Postgres at commit, or never: https://www.postgresql.org/docs/current/sql-notify.html
        for (const topic of topics) await sql`select pg_notify(${CHANNEL}, ${topic})`.execute(transaction);
        return answer;
      });
      for (const topic of topics) hub.tell(topic);
      return result;
    },
    async ping() {
      await sql`select 1`.execute(query);
    },
    async close() {
      await ear.close();
      await query.destroy();
    },
  };
}

/** Keeps one connection listening; while it is down nothing is heard, and once it is back everything may have changed. */
async function listen(url: string, tell: (topic: Topic | "everything") => void) {
  let client: pg.Client | null = null;
  let isOpen = false;
  let isClosed = false;
  let retry: NodeJS.Timeout | undefined;

  const lose = () => {
    isOpen = false;
    if (!isClosed) retry = setTimeout(() => void open().catch(lose), LISTEN_RETRY_MS).unref();
  };
  const open = async () => {
    const next = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, keepAlive: true });
    next.on("error", () => void next.end().catch(() => {}));
    next.on("notification", ({ payload }) => tell(isTopic(payload) ? payload : "everything"));
    await next.connect();
    await next.query(`listen ${CHANNEL}`);
    next.once("end", lose);
    client = next;
    isOpen = true;
    tell("everything");
  };
  await open();

  return {
    isOpen: () => isOpen,
    async close() {
      isClosed = true;
      clearTimeout(retry);
      await client?.end();
    },
  };
}

const isTopic = (payload: string | undefined): payload is Topic =>
  /^(connections:(user|group)|user|session|api-key):|^signing-keys$/.test(payload ?? "");
