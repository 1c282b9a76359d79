import { notConnected, reconnectRequired, tokenWithheld } from "../../schema/outcomes.ts";
import type { AccessTokenOutcome, Connection, Viewer, ViewerConnections } from "../../schema/upstream.ts";

/**
 * A user never gets a group's token, whatever the adapter would give: for a member no token is even asked for,
 * and for anybody else a group's token that comes all the same is withheld.
 */
export function withholdGroupTokens(connections: ViewerConnections, viewer: Viewer): ViewerConnections {
  return {
    ...connections,
    async accessToken(where, request) {
      const connection = viewer.groupId === null ? null : await connections.find(where);
      if (connection) return statusOf(connection);
      return withholdFrom(viewer, await connections.accessToken(where, request));
    },
  };
}

/** The outcome as any user may have it: nobody has a group's token. */
export function withholdGroups(outcome: AccessTokenOutcome): AccessTokenOutcome {
  return outcome.type === "AccessToken" && outcome.connection.owner.kind === "group" ? tokenWithheld(outcome.connection) : outcome;
}

/** A member has no token at all. */
function withholdFrom(viewer: Viewer, outcome: AccessTokenOutcome): AccessTokenOutcome {
  return outcome.type === "AccessToken" && viewer.groupId !== null ? tokenWithheld(outcome.connection) : withholdGroups(outcome);
}

function statusOf(connection: Connection) {
  const { connector, authorization } = connection;
  if (!connection.enabled) return notConnected(connector.name, connector.connectorUrl);
  if (authorization?.status !== "active") return reconnectRequired(connection, "REVOKED");
  return tokenWithheld(connection);
}
