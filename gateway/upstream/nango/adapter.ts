import { GatewayError } from "../../../schema/errors.ts";
import type { Platform, ViewerConnections } from "../../../schema/upstream.ts";
import type { ConnectorConfig } from "../../providers/connector.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { withTimeout } from "../../runtime/with-timeout.ts";
import type { Database } from "../../store/database.ts";
import { createSingleFlight } from "../../store/single-flight.ts";
import { createOwnPlatform, type OwnDirectory } from "../own-users.ts";
import type { TokenHolder, Webhook } from "../upstream.ts";
import { createAttempts } from "./attempts.ts";
import { createNangoCatalog, type NangoCatalog } from "./catalog.ts";
import { createNangoClient, type NangoClient } from "./client.ts";
import { createMemory } from "./memory.ts";
import { connectionsOf } from "./owner-connections.ts";
import { connectionsOfCaller, type NangoCaller } from "./viewer-connections.ts";
import { NANGO_WEBHOOK_PATH, receiveWebhook } from "./webhook.ts";

interface NangoOptions {
  /** Origin of Nango's API. */
  url: string;
  /** The API key of one environment. */
  secretKey: string;
  /** The signing key of the environment's webhooks; null where none come. */
  webhookKey: string | null;
  auth: OwnDirectory;
  database: Database;
  platform: Platform;
  /** Those that the configuration states; empty where the catalog is all of Nango's integrations. */
  connectors: ReadonlyMap<string, ConnectorConfig>;
  /** Where this gateway is reached, without a slash at the end. */
  publicUrl: string;
  /** Longest an answer may take, in milliseconds. */
  timeoutMs: number;
  /** Longest a request for a token waits, in milliseconds. */
  requestDeadlineMs: number;
  clock: Clock;
  log: Log;
}

/** How often Nango is asked for an owner who is watched, in milliseconds. Its webhooks tell what was made, and not what was deleted. */
const POLL_MS = 5_000;
const POLL_BESIDE_WEBHOOKS_MS = 30_000;
/** Longest that a question whether Nango answers may wait: a balancer waits no longer. */
const CHECK_TIMEOUT_MS = 2_000;

export interface NangoAdapter extends TokenHolder {
  /** What a user has, before anything is withheld. */
  forUser(this: void, caller: NangoCaller): ViewerConnections;
  webhook: Webhook | null;
}

/** The adapter for one environment of Nango, under our own users and groups. */
export function createNangoAdapter(options: NangoOptions): NangoAdapter {
  const { auth, database, clock, webhookKey } = options;
  const client = createNangoClient(options);
  const catalog = createNangoCatalog({ ...options, client });
  const attempts = createAttempts(options);
  const memoryOf = createMemory(clock, database.changes, webhookKey === null ? POLL_MS : POLL_BESIDE_WEBHOOKS_MS);
  const { singleFlight, idle } = createSingleFlight(database);
  const dependencies = { ...options, client, catalog, attempts, memoryOf, singleFlight };
  const receive = (signingKey: string) => (request: Request) => receiveWebhook({ signingKey, tell: attempts.tell }, request);
  return {
    catalog,
    forUser: (caller) => connectionsOfCaller(dependencies, caller),
    forPlatform: () => createOwnPlatform(auth, (owner) => connectionsOf(dependencies, { owner, reader: null })),
    webhook: webhookKey === null ? null : { path: NANGO_WEBHOOK_PATH, receive: receive(webhookKey) },
    check: () => check(client, catalog),
    degradation: client.keyProblem,
    endSubscriptions: () => database.changes.end(),
    close: idle,
  };
}

/** A refused key, or too many requests, is no reason to throw: all instances share them, and a balancer would be left with none. */
async function check(client: NangoClient, catalog: NangoCatalog): Promise<void> {
  try {
    const isChecked = await withTimeout(
      catalog.check().then(() => true),
      CHECK_TIMEOUT_MS,
    );
    if (!isChecked) throw new GatewayError("UPSTREAM_UNAVAILABLE", `Nango did not answer within ${CHECK_TIMEOUT_MS} ms.`);
  } catch (error) {
    const isTooOften = error instanceof GatewayError && error.code === "TEMPORARILY_UNAVAILABLE";
    if (client.keyProblem() === null && !isTooOften) throw error;
  }
}
