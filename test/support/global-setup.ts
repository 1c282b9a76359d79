import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { systemClock } from "../../gateway/runtime/clock.ts";
import { openDatabase } from "../../gateway/store/open.ts";
import { type Build, buildGateway, bundle } from "./build.ts";
import { createPostgres, createSqlite, type TestDatabase } from "./databases.ts";
import { dropCopies } from "./lent-postgres.ts";
import { type PostgresServer, startPostgresServer } from "./postgres-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A Postgres server in which tests may make and drop databases. */
    postgresUrl: string;
    /** Stores that have their tables and no rows, of which tests get copies: the path of a file, and the name of a database of that server. */
    migratedStores: { sqlite: string; postgres: string };
    /** The folder that holds the gateway as JavaScript, its command line and the children of tests bundled. */
    gatewayBuild: string;
  }
}

/** Starts a real Postgres for the test run, unless `DATABASE_URL` names one, and compiles the gateway for the tests that start processes. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [postgres, build] = await Promise.all([providePostgres(), buildBundled()]);
  const { url, server } = postgres;
  const stores = await Promise.all([migrated(await createSqlite()), migrated(await createPostgres(url))]);
  const [sqlite, database] = stores.map((store) => store.url);
  const databaseName = new URL(database ?? "").pathname.slice(1);
  project.provide("postgresUrl", url);
  project.provide("gatewayBuild", build.directory);
  project.provide("migratedStores", { sqlite: fileURLToPath(sqlite ?? ""), postgres: databaseName });
  return async () => {
    build.remove();
    if (!server) await dropCopies(url, databaseName);
    for (const store of stores) await store.drop();
    await server?.remove();
  };
}

async function buildBundled(): Promise<Build> {
  const build = await buildGateway();
  await bundle(build.directory);
  return build;
}

/** `server` is null where it is not ours to stop. */
async function providePostgres(): Promise<{ url: string; server: PostgresServer | null }> {
  const given = process.env["DATABASE_URL"];
  if (given) return { url: given, server: null };
  const server = await startPostgresServer();
  return { url: server.url, server };
}

async function migrated(store: TestDatabase): Promise<TestDatabase> {
  const database = await openDatabase(store.url, { clock: systemClock });
  await database.close();
  return store;
}
