import { notConnected, reconnectReasonOf, reconnectRequired, tokenWithheld } from "../../schema/outcomes.ts";
import {
  type AccessTokenOutcome,
  type Connection,
  type Owner,
  ownerOfViewer,
  type Viewer,
  type ViewerConnections,
} from "../../schema/upstream.ts";

/**
 * A user never gets a group's token. For a member no token is asked for. For any other user, a group's token that an adapter gives all
 * the same is withheld.
 */
export function withholdGroupTokens(connections: ViewerConnections, viewer: Viewer): ViewerConnections {
  return {
    ...connections,
    async accessToken(where, request) {
      const connection = viewer.groupId === null ? null : await connections.find(where);
      if (connection) return statusOf(connection);
      return withholdFrom(ownerOfViewer(viewer), await connections.accessToken(where, request));
    },
  };
}

/** The outcome as a user may have it who sees the connections of `reader`: a token of their own alone, and in a group none. */
export function withholdFrom(reader: Owner, outcome: AccessTokenOutcome): AccessTokenOutcome {
  if (outcome.type !== "AccessToken") return outcome;
  const { owner } = outcome.connection;
  const isOwn = reader.kind === "user" && owner.kind === "user" && owner.id === reader.id;
  return isOwn ? outcome : tokenWithheld(outcome.connection);
}

function statusOf(connection: Connection) {
  const { connector, authorization } = connection;
  if (!connection.enabled) return notConnected(connector.name, connector.connectorUrl);
  if (authorization?.status !== "active" || authorization.health === "reconnect_required")
    return reconnectRequired(connection, reconnectReasonOf(authorization?.healthCode ?? authorization?.errorCode));
  return tokenWithheld(connection);
}
