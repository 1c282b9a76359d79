import { notConnected, reconnectReasonOf, reconnectRequired, tokenWithheld } from "../../schema/outcomes.ts";
import type { AccessTokenOutcome, Connection, Viewer, ViewerConnections } from "../../schema/upstream.ts";
import type { HeldConnections } from "./upstream.ts";

/**
 * The port over what an adapter holds. A user gets a token of their own alone, and in a group none. Where it is known that they are in a
 * group, no token is asked for.
 */
export function withholdGroupTokens({ viewer, readToken, ...connections }: HeldConnections): ViewerConnections {
  return {
    ...connections,
    async accessToken(where, request) {
      const isMember = viewer !== null && viewer.groupId !== null;
      const connection = isMember ? await connections.find(where) : null;
      if (connection) return statusOf(connection);
      const { outcome, viewers } = await readToken(where, request);
      return outcome.type === "AccessToken" && !isOwn(outcome.connection, viewers) ? tokenWithheld(outcome.connection) : outcome;
    },
  };
}

/** Whether it was the owner who asked, and no member of a group, however often that was looked up. */
const isOwn = ({ owner }: Connection, viewers: readonly Viewer[]): boolean =>
  owner.kind === "user" && viewers.length > 0 && viewers.every(({ userId, groupId }) => groupId === null && userId === owner.id);

function statusOf(connection: Connection): AccessTokenOutcome {
  const { connector, authorization } = connection;
  if (!connection.enabled) return notConnected(connector.name, connector.connectorUrl);
  if (authorization?.status !== "active" || authorization.health === "reconnect_required")
    return reconnectRequired(connection, reconnectReasonOf(authorization?.healthCode ?? authorization?.errorCode));
  return tokenWithheld(connection);
}
