/** Subscriptions over a gateway that is killed and started again on the same port. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gql } from "@urql/core";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { pipe, subscribe } from "wonka";
import { demoOf } from "../../test/support/build.ts";
import { type GatewayProcess, startProcess } from "../../test/support/process.ts";
import { createClient } from "../create-client.ts";
import { AuthorizationStatusDocument, ConnectionChangedDocument } from "../generated/graphql.ts";
import { createXkit, type Xkit } from "../xkit.ts";

const PATIENCE = { timeout: 150_000 };
const directory = mkdtempSync(join(tmpdir(), "xkit-back-"));
let port: number;
let url: string;
let gateway: GatewayProcess;
let xkit: Xkit;

const env = () => ({ PORT: String(port), XKIT_PUBLIC_URL: url, DATABASE_URL: `file:${join(directory, "xkit.db")}`, LOG_LEVEL: "silent" });

async function findPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => void server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

async function start(): Promise<void> {
  gateway = startProcess(["start"], env(), directory, { cli: demoOf(inject("gatewayBuild")) });
  await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), PATIENCE);
}

async function kill(): Promise<void> {
  gateway.child.kill("SIGKILL");
  await gateway.ended;
}

const provisionUser = async (id: string): Promise<string> => {
  const command = startProcess(["users", "token", id], env(), directory);
  await command.ended;
  return command.stdout().trim().split("\n").at(-1) ?? "";
};

beforeAll(async () => {
  port = await findPort();
  url = `http://localhost:${port}`;
  await start();
  xkit = createXkit(url);
  await xkit.login(await provisionUser("ada"));
}, 90_000);
afterAll(async () => {
  await kill();
  rmSync(directory, { recursive: true, force: true });
});

test("come back after SIGKILL, tell nothing twice, and have what was missed asked for", { timeout: 300_000 }, async () => {
  // Apart, as each stream comes back at its own time, and any of a client's has its queries asked again.
  const [client, follower] = [createClient({ session: xkit.session }), createClient({ session: xkit.session })];
  const changed: (string | undefined)[] = [];
  /** Undefined after a break, and once a minute. */
  const live: (string | undefined)[] = [];
  const statuses: (string | undefined)[] = [];
  const counts: (number | undefined)[] = [];
  const failures: unknown[] = [];
  const started = await xkit.startConnecting("demo");
  const id = started.authorization?.id ?? "";
  const stops = [
    pipe(
      client.subscription(ConnectionChangedDocument, {}),
      subscribe(({ data, error }) => void (error ? failures.push(error) : changed.push(data?.connectionChanged.id))),
    ),
    pipe(
      follower.subscription(AuthorizationStatusDocument, { id }),
      subscribe(({ data, error }) => void (error ? failures.push(error) : statuses.push(data?.authorizationStatus.status))),
    ),
    pipe(
      client.query(
        gql<{ connections: unknown[] }>`
          query Ids {
            connections {
              id
            }
          }
        `,
        {},
      ),
      subscribe(({ data }) => void counts.push(data?.connections.length)),
    ),
  ];
  xkit.on("connection:change", (connection) => void live.push(connection?.id));
  await vi.waitFor(() => expect([statuses, counts]).toEqual([["AWAITING_CALLBACK"], [1]]), PATIENCE);

  await kill();
  await start();
  await vi.waitFor(() => expect([live.length > 0, counts.slice(0, 2)]).toEqual([true, [1, 1]]), PATIENCE);
  await xkit.startConnecting("demo");
  await vi.waitFor(() => expect([changed, live.filter((told) => told !== undefined)]).toEqual([[started.id], [started.id]]), PATIENCE);
  expect([statuses, failures]).toEqual([["AWAITING_CALLBACK"], []]);
  for (const { unsubscribe } of stops) unsubscribe();
});
