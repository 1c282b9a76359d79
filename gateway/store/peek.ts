import { existsSync } from "node:fs";
import { Kysely, PostgresDialect, SqliteDialect } from "kysely";
import type { Tables } from "./tables.ts";

/** How long a store has to let itself be read, in milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Reads from a store as it is: it is neither made nor brought to the newest shape. Null where there is none.
 * Throws what its driver throws, also for a store of an earlier release that lacks what is read.
 */
export async function peek<Result>(databaseUrl: string, read: (query: Kysely<Tables>) => Promise<Result>): Promise<Result | null> {
  if (databaseUrl.startsWith("file:") && !existsSync(pathOf(databaseUrl))) return null;
  const query = new Kysely<Tables>({
    dialect: databaseUrl.startsWith("file:") ? await openFile(databaseUrl) : await openServer(databaseUrl),
  });
  try {
    return await read(query);
  } finally {
    await query.destroy();
  }
}

const pathOf = (databaseUrl: string): string => databaseUrl.slice("file:".length);

/** Each brings a driver of its own: only the one in use is loaded. */
async function openFile(databaseUrl: string): Promise<SqliteDialect> {
  const { default: Libsql } = await import("libsql");
  const database = new Libsql(pathOf(databaseUrl));
  database.exec(`pragma busy_timeout = ${PATIENCE_MS}`);
  return new SqliteDialect({ database });
}

async function openServer(databaseUrl: string): Promise<PostgresDialect> {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1, connectionTimeoutMillis: PATIENCE_MS, query_timeout: PATIENCE_MS });
  // Without a listener, a connection that breaks would end the process.
  pool.on("error", () => {});
  return new PostgresDialect({ pool });
}
