import type { TestProject } from "vitest/node";
import { buildGateway } from "./build.ts";
import { type PostgresServer, startPostgresServer } from "./postgres-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A Postgres server in which tests may make and drop databases. */
    postgresUrl: string;
    /** The folder that holds the gateway and `test/support/child.ts`, compiled to JavaScript. */
    gatewayBuild: string;
  }
}

/** Starts a real Postgres for the test run, unless `DATABASE_URL` names one, and compiles the gateway for the tests that start processes. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [server, build] = await Promise.all([providePostgres(project), buildGateway({ project: "test/tsconfig.build.json" })]);
  project.provide("gatewayBuild", build.directory);
  return async () => {
    build.remove();
    await server?.remove();
  };
}

async function providePostgres(project: TestProject): Promise<PostgresServer | null> {
  const given = process.env["DATABASE_URL"];
  const server = given ? null : await startPostgresServer();
  project.provide("postgresUrl", server?.url ?? given ?? "");
  return server;
}
