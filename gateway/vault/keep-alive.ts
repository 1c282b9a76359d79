import { createHash } from "node:crypto";
import { sql } from "kysely";
import { isTemporary } from "../../schema/errors.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import type { ConnectionStore } from "./connections.ts";
import { grantClientOf } from "./grant-client.ts";
import { UNOPENED_CODE } from "./health.ts";
import { servesConnection } from "./token-kinds.ts";
import type { Refresher } from "./refresh.ts";

/** How often grants are looked for that are to be kept alive, in milliseconds. */
export const KEEP_ALIVE_INTERVAL_MS = 300_000;
/** Grants that are refreshed at most each time, one after the other. */
export const KEEP_ALIVE_BATCH = 50;
/** Grants that are looked at each time at most, those first that have been unused for longest. */
const MAXIMUM_CANDIDATES = 10_000;

const DAY_MS = 86_400_000;
/** A grant is refreshed once this share of the time has passed after which it would lapse, as a fraction. */
const [SHARE, OF] = [2, 3];
/** The refreshes of grants that were made at once are spread over a day, or this share of that time where it is shorter. */
const SPREAD_SHARE = 1 / 6;
/** It is refreshed for its own sake at most this often. */
const LEAST_PAUSE_MS = DAY_MS;

interface KeepAliveDependencies {
  database: Database;
  connections: ConnectionStore;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  refresher: Refresher;
  clock: Clock;
  log: Pick<Log, "error">;
}

type Life = Pick<AuthorizationRow, "issued_at" | "grant_expires_at">;

interface Candidate extends Life {
  connectionId: string;
  authorizationId: string;
  kind: string | null;
  connector: ConnectorConfig;
}

/** After how long without a refresh a connector's grants lapse, in milliseconds; null: they do not, or are not to be kept alive. */
function inactivityMsOf({ facts }: ConnectorConfig): number | null {
  const { keep_alive: isKept = false, inactivity_days: days = null } = facts?.refresh ?? {};
  return isKept && days !== null ? days * DAY_MS : null;
}

/** When a grant lapses unless it is refreshed; null: not that is known, or it has lapsed already. */
function lapsesAt({ issued_at: issuedAt, grant_expires_at: endsAt }: Life, connector: ConnectorConfig, now: number): number | null {
  const inactivityMs = inactivityMsOf(connector);
  const known = [endsAt, inactivityMs === null ? null : (issuedAt ?? 0) + inactivityMs];
  const ahead = known.filter((instant) => instant !== null).filter((instant) => instant > now);
  return ahead.length > 0 ? Math.min(...ahead) : null;
}

/** When a grant is to be refreshed so that it does not lapse, spread by its connection's id; null: not at all. */
export function keepAliveAt(connectionId: string, life: Life, connector: ConnectorConfig, now: number): number | null {
  const lapses = lapsesAt(life, connector, now);
  if (lapses === null || life.issued_at === null) return null;
  const lifeMs = lapses - life.issued_at;
  const spread = fractionOf(connectionId) * Math.min(DAY_MS, lifeMs * SPREAD_SHARE);
  return life.issued_at + Math.max((lifeMs * SHARE) / OF + spread, LEAST_PAUSE_MS);
}

/** A number from 0 to 1, always the same for an id. */
const fractionOf = (id: string): number => createHash("sha256").update(id).digest().readUInt32BE() / 2 ** 32;

/** Refreshes grants in time that lapse from disuse, or whose end nears. Which process does it, the lease decides. */
export function startKeepAlive(dependencies: KeepAliveDependencies) {
  const { clock } = dependencies;
  const stopping = new AbortController();
  const { signal } = stopping;
  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await Promise.race([clock.until(clock.now() + KEEP_ALIVE_INTERVAL_MS), stopped]);
      if (!signal.aborted) await refreshDue(dependencies, signal).catch((error: unknown) => noteFailure(dependencies, error));
    }
  }
  const running = run();

  return {
    /** Resolves when the refresh that is under way has ended. */
    stop(): Promise<void> {
      stopping.abort();
      return running;
    },
  };
}

/** A store that is away is told of elsewhere. */
function noteFailure({ log }: KeepAliveDependencies, err: unknown): void {
  if (!isTemporary(err)) log.error({ err }, "grants could not be kept alive");
}

async function refreshDue(dependencies: KeepAliveDependencies, signal: AbortSignal): Promise<void> {
  const { connections, refresher, clock } = dependencies;
  const now = clock.now();
  const due = (await listCandidates(dependencies, now)).filter(({ connectionId, connector, ...life }) =>
    isDue(connectionId, life, connector, now),
  );
  for (const { connectionId, authorizationId, kind, connector } of due.slice(0, KEEP_ALIVE_BATCH)) {
    if (signal.aborted) return;
    const stored = await connections.read(connectionId, kind);
    const authorization = stored?.authorization;
    // It may have been disconnected, connected otherwise, or refreshed by another process since it was listed.
    if (stored?.connection.enabled && authorization?.id === authorizationId && isDue(connectionId, authorization, connector, now))
      await refresher.refresh(stored, "due");
  }
}

function isDue(connectionId: string, life: Life, connector: ConnectorConfig, now: number): boolean {
  const dueAt = keepAliveAt(connectionId, life, connector, now);
  return dueAt !== null && dueAt <= now;
}

/** Working grants that can be refreshed now, and of which it may be time. */
async function listCandidates({ database, connectors }: KeepAliveDependencies, now: number): Promise<Candidate[]> {
  const kept = [...connectors.values()].flatMap((connector) => {
    const inactivityMs = inactivityMsOf(connector);
    return inactivityMs === null ? [] : [{ slug: connector.slug, latest: now - Math.floor((inactivityMs * SHARE) / OF) }];
  });
  const rows = await database.query
    .selectFrom("authorizations")
    .innerJoin("connections", "connections.id", "authorizations.connection_id")
    .where(servesConnection)
    .select(["connections.id as connectionId", "authorizations.id as authorizationId", "token_kind as kind", "connector_slug"])
    .select(["issued_at", "grant_expires_at", "client_id"])
    .where("enabled", "=", 1)
    .where("status", "=", "active")
    .where("sealed_refresh_token", "is not", null)
    .where("issued_at", "<=", now - LEAST_PAUSE_MS)
    .where((row) => row.or([row("retry_at", "is", null), row("retry_at", "<=", now)]))
    .where((row) => row.or([row("failure_code", "is", null), row("failure_code", "!=", UNOPENED_CODE)]))
    .where((row) =>
      row.or([
        row.and([
          row("grant_expires_at", ">", now),
          sql<boolean>`(${now} - issued_at) * ${sql.lit(OF)} >= (grant_expires_at - issued_at) * ${sql.lit(SHARE)}`,
        ]),
        ...kept.map(({ slug, latest }) => row.and([row("connector_slug", "=", slug), row("issued_at", "<=", latest)])),
      ]),
    )
    .orderBy("issued_at")
    .limit(MAXIMUM_CANDIDATES)
    .execute();
  return rows.flatMap(({ connector_slug: slug, client_id, ...row }) => {
    const connector = connectors.get(slug);
    return connector && grantClientOf({ authorization: { client_id }, connector }) ? [{ ...row, connector }] : [];
  });
}
