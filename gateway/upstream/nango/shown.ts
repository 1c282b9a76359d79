import { describeProblem, toSentence } from "../../../schema/problems.ts";
import type { Authorization, Connection, Connector, Owner } from "../../../schema/upstream.ts";
import { createAuthorization } from "../outside/answers.ts";
import type { Attempt } from "./attempts.ts";
import type { CatalogEntry } from "./catalog.ts";
import type { NangoConnection } from "./connections.ts";
import { showKept } from "./kept.ts";
import type { ConnectionMemory } from "./memory.ts";
import { connectedByOf, isReconnected } from "./tags.ts";

/** Codes of a grant whose last refresh failed, and of one for which Nango tries no more. */
const REFRESH_FAILED = "refresh_failed";
const REFRESH_EXHAUSTED = "refresh_exhausted";

/** A connection that Nango holds, as the port shows it. */
export function showHeld(
  owner: Owner,
  held: NangoConnection,
  { connector, metadata }: Pick<CatalogEntry, "connector" | "metadata">,
  memory: ConnectionMemory,
): Connection {
  const { id, authorizationId, createdAt, tags } = held;
  return {
    id,
    owner,
    enabled: true,
    connector,
    authorization: createAuthorization({
      ...showHealth(held, connector.name, memory),
      id: authorizationId,
      connectionId: id,
      // Nango does not say when it was connected again.
      connectedAt: isReconnected(tags) ? null : createdAt,
      connectedBy: connectedByOf(tags),
    }),
    metadata: showKept(metadata, { metadata: held.metadata, connection_config: memory.config }),
    createdAt,
    updatedAt: createdAt,
  };
}

type ShownHealth = Pick<Authorization, "status"> & Partial<Authorization>;

/** Why a refresh failed, Nango does not say. That it tries no more it says where the token is read. */
function showHealth({ hasFailed }: NangoConnection, name: string, memory: ConnectionMemory): ShownHealth {
  if (!hasFailed) return { status: "active", health: "working" };
  if (memory.reading.last()?.failure?.reason === "exhausted") {
    const problem = describeProblem(name, REFRESH_EXHAUSTED, "reconnect_required");
    const code = { errorCode: REFRESH_EXHAUSTED, healthCode: REFRESH_EXHAUSTED };
    return { ...code, status: "error", errorMessage: toSentence(problem), health: "reconnect_required", problem };
  }
  const problem = describeProblem(name, REFRESH_FAILED, "unavailable");
  return { status: "active", health: "unavailable", healthCode: REFRESH_FAILED, problem };
}

/** A connection that was started and that Nango does not hold yet. `reader`: the user who looks; null for a server. */
export function showAttempt(attempt: Attempt, connector: Connector, reader: string | null): Connection {
  const startedAt = new Date(attempt.startedAt);
  return {
    id: attempt.connectionId,
    owner: attempt.owner,
    enabled: false,
    connector,
    authorization: reader === null || reader === attempt.userId ? showStarted(attempt) : null,
    createdAt: startedAt,
    updatedAt: startedAt,
  };
}

export const showStarted = ({ authorizationId, connectionId }: Attempt): Authorization =>
  createAuthorization({ id: authorizationId, connectionId, status: "awaiting_callback" });

const rankOf = ({ enabled, authorization }: Connection): number => (enabled ? 2 : 0) + (authorization?.status === "active" ? 1 : 0);

/** The healthiest first: enabled, then active, then newest. */
export const byHealth = (a: Connection, b: Connection): number =>
  rankOf(b) - rankOf(a) || Number(b.createdAt) - Number(a.createdAt) || a.id.localeCompare(b.id);
