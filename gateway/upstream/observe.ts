import type { AccessTokenOutcome, OwnerConnections } from "../../schema/upstream.ts";

/** The same connections, telling `onOutcome` of every answer to "a token, please". */
export const observeOutcomes = <Connections extends OwnerConnections>(
  connections: Connections,
  onOutcome: (type: AccessTokenOutcome["type"]) => void,
): Connections => ({
  ...connections,
  async accessToken(where, request) {
    const outcome = await connections.accessToken(where, request);
    onOutcome(outcome.type);
    return outcome;
  },
});
