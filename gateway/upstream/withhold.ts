import { isTemporary } from "../../schema/errors.ts";
import {
  connectionDisabled,
  notConnected,
  reconnectReasonOf,
  reconnectRequired,
  temporarilyUnavailable,
  tokenWithheld,
} from "../../schema/outcomes.ts";
import { andThen } from "../../schema/promise-or-value.ts";
import type {
  AccessTokenOutcome,
  Connection,
  ConnectionWhere,
  OwnerConnections,
  Viewer,
  ViewerConnections,
} from "../../schema/upstream.ts";
import type { HeldConnections } from "./upstream.ts";

/** When to ask again where that is not said, as where the user was another one after a token was read than before, in seconds. */
const ASK_AGAIN_SECONDS = 2;

type AccessToken = Extract<AccessTokenOutcome, { type: "AccessToken" }>;

/**
 * The port over what an adapter holds. A user gets a token of their own alone, and in a group none. Where it is known that they are in a
 * group, no token is asked for.
 */
export function withholdGroupTokens({ viewer, connections, readToken }: HeldConnections): ViewerConnections {
  const readJudged: OwnerConnections["accessToken"] = (where, request) =>
    andThen(readToken(where, request), ({ outcome, viewers }) => (outcome.type === "AccessToken" ? judge(outcome, viewers) : outcome));
  const isMember = viewer !== null && viewer.groupId !== null;
  return {
    ...connections,
    accessToken: isMember ? async (where, request) => (await findStatus(connections, where)) ?? readJudged(where, request) : readJudged,
  };
}

/** A token is let out to its owner, who was in no group, however often that was looked up. */
function judge(token: AccessToken, viewers: readonly Viewer[]): AccessTokenOutcome {
  const { owner, connector } = token.connection;
  const isOfGroup = owner.kind === "group" || viewers.some(({ groupId }) => groupId !== null);
  if (isOfGroup || viewers.length === 0) return tokenWithheld(token.connection);
  // Whose bearer it is cannot be said.
  if (new Set(viewers.map(({ userId }) => userId)).size > 1)
    return temporarilyUnavailable(connector.name, ASK_AGAIN_SECONDS, "its user has changed meanwhile");
  return viewers[0]?.userId === owner.id ? token : tokenWithheld(token.connection);
}

/** What a member of a group is told in place of a token; null where there is no such connection. */
async function findStatus(connections: Pick<ViewerConnections, "find">, where: ConnectionWhere): Promise<AccessTokenOutcome | null> {
  try {
    const connection = await connections.find(where);
    return connection && statusOf(connection);
  } catch (error) {
    if (!isTemporary(error)) throw error;
    const retryAfter = error.facts.retryAfter ?? ASK_AGAIN_SECONDS;
    return temporarilyUnavailable(where.slug ?? "This connection", retryAfter, "its status cannot be read");
  }
}

/** What a member of a group is told of a connection in place of its token. */
export function statusOf(connection: Connection): AccessTokenOutcome {
  const { connector, authorization } = connection;
  if (connection.disabledAt) return connectionDisabled(connector.name);
  if (!connection.enabled) return notConnected(connector.name, connector.connectorUrl);
  if (authorization?.status !== "active" || authorization.health === "reconnect_required")
    return reconnectRequired(connection, reconnectReasonOf(authorization?.healthCode ?? authorization?.errorCode));
  return tokenWithheld(connection);
}
