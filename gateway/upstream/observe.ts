import { andThen } from "../../schema/promise-or-value.ts";
import type { AccessTokenOutcome, OwnerConnections } from "../../schema/upstream.ts";

/** The same connections, telling `onOutcome` of every answer to "a token, please". */
export const observeOutcomes = <Connections extends OwnerConnections>(
  connections: Connections,
  onOutcome: (type: AccessTokenOutcome["type"]) => void,
): Connections => ({
  ...connections,
  accessToken: (where, request) =>
    andThen(connections.accessToken(where, request), (outcome) => {
      onOutcome(outcome.type);
      return outcome;
    }),
});
