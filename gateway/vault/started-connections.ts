import { notFound } from "../../schema/errors.ts";
import type { Authorization } from "../../schema/upstream.ts";
import { createAuthorizationRequest } from "../oauth/authorize.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { fillProvider } from "../providers/template.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import type { AttemptRow } from "../store/tables.ts";
import type { createActivation } from "./activation.ts";
import { type Attempts, type Link, UNKNOWN_LINK } from "./attempts.ts";
import type { ConnectionStore, StartedConnection } from "./connections.ts";
import { assertStillConnectsFor } from "./current-owner.ts";
import type { Revoker } from "./revoke.ts";
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
  /** Where this gateway is reached, without a slash at the end. */
  publicUrl: string;
  timeoutMs: number;
  /** Aborted when the process ends. */
  signal: AbortSignal;
}

/** What `submit` and `finish` share. */
export interface ConnectingParts extends ConnectingDependencies {
  attempts: Attempts;
  activation: ReturnType<typeof createActivation>;
  startedConnections: ReturnType<typeof createStartedConnections>;
}

/** What attempts have started: the connection, and what its browser does next. */
export function createStartedConnections(dependencies: ConnectingDependencies) {
  const { database, connections, log, publicUrl } = dependencies;

  /** Throws NOT_FOUND when it is gone, and when the user who started it does not connect for its owner any more. */
  async function read(attempt: AttemptRow): Promise<StartedConnection> {
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
  function openCollected(started: StartedConnection): Record<string, string> {
    try {
      return openFields(dependencies, started);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      log.error({ ...rowOf(started), err: error }, "a stored secret does not open");
      throw notFound(UNKNOWN_LINK);
    }
  }

  /** What the browser does next: a form of ours, then the provider. A page that cannot be bound is sent to `link` before. */
  async function nextStep(
    started: StartedConnection,
    attempt: AttemptRow,
    { state, verifier, link }: { state: string; verifier: string; link: Link | null },
  ): Promise<Partial<Authorization>> {
    const { slug } = started.connector;
    const next = await unlinkedStep(started, attempt, state, verifier);
    return next.authorizeUrl && link ? { ...next, authorizeUrl: await link({ slug, state }) } : next;
  }

  async function unlinkedStep(
    started: StartedConnection,
    attempt: AttemptRow,
    state: string,
    verifier: string,
  ): Promise<Partial<Authorization>> {
    const { collect, oauth, slug, scopes } = started.connector;
    if (collect && !started.authorization.sealed_fields)
      return { state, collect, authorizeUrl: `${publicUrl}/connect/${slug}?state=${state}` };
    if (!oauth) return {};
    const provider = fillProvider(oauth.provider, openCollected(started));
    const url = await createAuthorizationRequest({
      provider,
      client: oauth.client,
      redirectUri: attempt.redirect_uri,
      scopes,
      state,
      verifier,
    });
    return { state, authorizeUrl: url.href };
  }

  return { read, openCollected, nextStep };
}
