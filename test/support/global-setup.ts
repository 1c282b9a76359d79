import type { TestProject } from "vitest/node";
import { startPostgresServer } from "./postgres-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A Postgres server in which tests may make and drop databases. */
    postgresUrl: string;
  }
}

/** Starts a real Postgres for the test run, unless `DATABASE_URL` names one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["DATABASE_URL"];
  if (given) {
    project.provide("postgresUrl", given);
    return async () => {};
  }
  const server = await startPostgresServer();
  project.provide("postgresUrl", server.url);
  return () => server.remove();
}
