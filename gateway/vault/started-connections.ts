import { notFound } from "../../schema/errors.ts";
import type { Authorization } from "../../schema/upstream.ts";
import type { Discovery } from "../oauth/discovery.ts";
import { requestAuthorization } from "../oauth/pushed-authorization.ts";
import { isUnattended } from "../oauth/request-tokens.ts";
import type { TokenFailure } from "../oauth/result.ts";
import { unknownEndpoints } from "../oauth/unknown-endpoints.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { valuesOf } from "../providers/connector-values.ts";
import { fillProvider } from "../providers/template.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import type { AttemptRow } from "../store/tables.ts";
import type { Activation } from "./activation.ts";
import { type Attempts, type AttemptSecrets, type Link, UNKNOWN_LINK } from "./attempts.ts";
import { requestRefused } from "./connecting-failure.ts";
import type { ConnectionStore, StartedConnection, View } from "./connections.ts";
import { assertStillConnectsFor } from "./current-owner.ts";
import type { Revoker } from "./revoke.ts";
import { parseScopes } from "./scopes.ts";
import { openFields, rowOf } from "./sealed-columns.ts";
import type { Spool } from "./spool.ts";

export interface ConnectingDependencies {
  database: Database;
  connections: ConnectionStore;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  revoker: Revoker;
  spool: Spool;
  sealer: Sealer;
  macs: RowMacs;
  clock: Clock;
  log: Log;
  discovery: Discovery;
  metadataOf: View["metadataOf"];
  /** Where this gateway is reached, without a slash at the end. */
  publicUrl: string;
  timeoutMs: number;
  /** Aborted when the process ends. */
  signal: AbortSignal;
}

/** What the steps of connecting share. */
export interface ConnectingParts extends ConnectingDependencies {
  attempts: Attempts;
  activation: Activation;
}

/**
 * What an attempt has started. Throws NOT_FOUND when it is gone, and when the user who started it does not connect for its owner any more.
 */
export async function readStarted(dependencies: ConnectingDependencies, attempt: AttemptRow): Promise<StartedConnection> {
  const { database, connections } = dependencies;
  const authorization = await database.query
    .selectFrom("authorizations")
    .selectAll()
    .where("id", "=", attempt.authorization_id)
    .executeTakeFirst();
  const stored = authorization && (await connections.read(authorization.connection_id));
  if (!stored) throw notFound("The connection was removed in the meantime: start again.");
  await assertStillConnectsFor(dependencies, attempt.user_id, stored.connection);
  return { ...stored, authorization };
}

/** Throws NOT_FOUND when what was collected does not open: connecting is started again. */
export function openCollected(dependencies: ConnectingDependencies, started: StartedConnection): Record<string, string> {
  try {
    return openFields(dependencies, started);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    dependencies.log.error({ ...rowOf(started), err: error }, "a stored secret does not open");
    throw notFound(UNKNOWN_LINK);
  }
}

/** What a browser holds, or will hold, of an attempt. */
interface Secrets extends AttemptSecrets {
  state: string;
}

/**
 * What the browser does next: a form of ours, then the provider. A page that cannot be bound is sent to `link` before. Throws
 * TEMPORARILY_UNAVAILABLE, CONNECTOR_MISCONFIGURED and FORBIDDEN where the provider takes no authorization request.
 */
export async function nextStep(
  dependencies: ConnectingDependencies,
  started: StartedConnection,
  attempt: AttemptRow,
  { link, ...secrets }: Secrets & { link: Link | null },
): Promise<Partial<Authorization>> {
  const { collect, oauth, slug } = started.connector;
  const { state } = secrets;
  const isAsked = collect !== null && !started.authorization.sealed_fields;
  if (!isAsked && (!oauth || isUnattended(oauth.provider))) return {};
  const form = isAsked ? `${dependencies.publicUrl}/connect/${slug}?state=${state}` : null;
  // Where it is linked, the browser asks once more.
  const authorizeUrl = link ? await link({ slug, state }) : (form ?? (await authorizeUrlOf(dependencies, started, attempt, secrets)));
  return { state, ...(isAsked && { collect }), authorizeUrl };
}

async function authorizeUrlOf(
  dependencies: ConnectingDependencies,
  started: StartedConnection,
  attempt: AttemptRow,
  { state, verifier, loginHint }: Secrets,
): Promise<string> {
  const { log, discovery, timeoutMs } = dependencies;
  const { oauth, slug, name } = started.connector;
  if (!oauth) throw new TypeError("Only a connector with an OAuth provider sends its users there.");
  const values = valuesOf(started.connector, oauth.client, { fields: openCollected(dependencies, started), stated: {} });
  const refused = (failure: TokenFailure) => {
    log.warn({ connector: slug, code: failure.code, reason: failure.reason }, "users cannot be sent to the provider");
    return requestRefused(name, failure);
  };
  const completed = await discovery.complete(oauth.provider).catch((error: unknown) => {
    throw refused(unknownEndpoints("authorize", error));
  });
  const asked = await requestAuthorization({
    provider: fillProvider(completed, values),
    client: oauth.client,
    redirectUri: attempt.redirect_uri,
    scopes: parseScopes(started.authorization.requested_scopes),
    state,
    verifier,
    params: loginHint === undefined ? {} : { login_hint: loginHint },
    timeoutMs,
  });
  if (asked.ok) return asked.url.href;
  throw refused(asked);
}
