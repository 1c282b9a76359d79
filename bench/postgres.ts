import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startPostgresServer } from "../test/support/postgres-server.ts";
import { OTHER_CORE } from "./machine.ts";

/** A Postgres server beside the load, which writes to the disk what it commits. */
export interface Postgres {
  url: string;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<Postgres> {
  const server = await startPostgresServer(["-c", "fsync=on"]);
  const [pid = ""] = readFileSync(join(server.directory, "postmaster.pid"), "utf8").split("\n");
  // What it starts from now on inherits the core.
  execFileSync("taskset", ["-a", "-p", "-c", String(OTHER_CORE), pid]);
  return { url: server.url, stop: () => server.remove() };
}
