import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";

export type DatabaseKind = "sqlite" | "postgres";

/** A store of its own for one test, for any number of processes. */
export interface TestDatabase {
  kind: DatabaseKind;
  url: string;
  drop(): Promise<void>;
}

export const databaseKinds: readonly DatabaseKind[] = ["sqlite", "postgres"];

export function createTestDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  return kind === "sqlite" ? createSqlite() : createPostgres(inject("postgresUrl"));
}

async function createSqlite(): Promise<TestDatabase> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-test-"));
  return {
    kind: "sqlite",
    url: `file:${join(directory, "xkit.db")}`,
    drop: async () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** A database of its own in a Postgres server. */
export async function createPostgres(serverUrl: string): Promise<TestDatabase> {
  const name = `xkit_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await run(serverUrl, `create database ${name}`);
  return { kind: "postgres", url: url.href, drop: () => run(serverUrl, `drop database ${name} with (force)`) };
}

/** Runs one statement on a connection of its own. */
export async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}
