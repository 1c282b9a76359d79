import { badUserInput } from "../../schema/errors.ts";
import { andThen } from "../../schema/promise-or-value.ts";
import type { OwnerConnections } from "../../schema/upstream.ts";

/** The same connections, which give no token of another kind than was asked for: an upstream that knows no kinds gives its only one. */
export const assertAskedKind = <Connections extends OwnerConnections>(connections: Connections): Connections => ({
  ...connections,
  accessToken: (where, request) =>
    andThen(connections.accessToken(where, request), (outcome) => {
      if (outcome.type !== "AccessToken" || request.kind === undefined || outcome.kind === request.kind) return outcome;
      throw badUserInput(`kind: ${outcome.connection.connector.name} has only one kind of token here: leave it out.`, "kind");
    }),
});
