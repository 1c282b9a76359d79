import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startPostgresServer } from "../test/support/postgres-server.ts";
import pg from "pg";
import { z } from "zod";
import { OTHER_CORE } from "./machine.ts";
import { cpuOfTree } from "./process.ts";

/** A Postgres server beside the load, which writes to the disk what it commits. */
export interface Postgres {
  url: string;
  /** CPU time so far of the server and all that it has started. */
  cpuMicroseconds(): number;
  /** What its database takes on the disk. */
  databaseBytes(): Promise<number>;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<Postgres> {
  const server = await startPostgresServer(["-c", "fsync=on"]);
  const [pid = ""] = readFileSync(join(server.directory, "postmaster.pid"), "utf8").split("\n");
  // What it starts from now on inherits the core.
  execFileSync("taskset", ["-a", "-p", "-c", String(OTHER_CORE), pid]);
  return {
    url: server.url,
    cpuMicroseconds: () => cpuOfTree(Number(pid)),
    databaseBytes: () => countBytes(server.url),
    stop: () => server.remove(),
  };
}

async function countBytes(connectionString: string): Promise<number> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const { rows } = await client.query("select pg_database_size(current_database())::float8 as bytes");
  await client.end();
  return z.object({ bytes: z.number() }).parse(rows[0]).bytes;
}
