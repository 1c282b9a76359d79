import { randomUUID } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";
import { lendPostgres } from "./lent-postgres.ts";
import { STORES_FOLDER } from "./stores-folder.ts";

export type DatabaseKind = "sqlite" | "postgres";

/** A store of its own for one test, for any number of processes. */
export interface TestDatabase {
  kind: DatabaseKind;
  url: string;
  drop(): Promise<void>;
}

export const databaseKinds: readonly DatabaseKind[] = ["sqlite", "postgres"];

/** A store that has its tables, and no rows: a copy of one that was made for the run, as migrating takes longer than most tests. */
export async function createTestDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  const { sqlite, postgres } = inject("migratedStores");
  if (kind === "sqlite") return createSqlite(sqlite);
  return { kind, ...(await lendPostgres(() => createPostgres(inject("postgresUrl"), postgres))) };
}

/** A store of its own that was never opened. */
export const createEmptyDatabase = (kind: DatabaseKind): Promise<TestDatabase> =>
  kind === "sqlite" ? createSqlite() : createPostgres(inject("postgresUrl"));

/** @param original a file to begin with */
export async function createSqlite(original?: string): Promise<TestDatabase> {
  const directory = mkdtempSync(join(STORES_FOLDER, "xkit-test-"));
  const path = join(directory, "xkit.db");
  if (original !== undefined) copyFileSync(original, path);
  return { kind: "sqlite", url: `file:${path}`, drop: async () => rmSync(directory, { recursive: true, force: true }) };
}

/** A database of its own in a Postgres server. @param original the name of one to begin with, with which its own name begins */
export async function createPostgres(serverUrl: string, original?: string): Promise<TestDatabase> {
  const name = original === undefined ? `xkit_${randomUUID().replaceAll("-", "")}` : `${original}_${randomUUID().slice(-12)}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await run(serverUrl, `create database ${name}${original === undefined ? "" : ` template ${original}`}`);
  return { kind: "postgres", url: url.href, drop: () => run(serverUrl, `drop database ${name} with (force)`) };
}

/** Runs one statement on a connection of its own. */
export async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}
