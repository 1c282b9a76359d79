import type { AccessTokenOutcome, OwnerConnections } from "../../schema/upstream.ts";
import type { Upstream } from "./upstream.ts";

/** The same upstream, telling `onOutcome` of every answer to "a token, please". */
export function observeOutcomes(upstream: Upstream, onOutcome: (type: AccessTokenOutcome["type"]) => void): Upstream {
  const { users } = upstream;
  const observe = <Connections extends OwnerConnections>(connections: Connections): Connections => ({
    ...connections,
    async accessToken(where, request) {
      const outcome = await connections.accessToken(where, request);
      onOutcome(outcome.type);
      return outcome;
    },
  });
  return {
    ...upstream,
    users: users.knownHere
      ? { ...users, forUser: (caller) => observe(users.forUser(caller)) }
      : { ...users, forBearer: (bearer, viewer) => observe(users.forBearer(bearer, viewer)) },
    forPlatform() {
      const platform = upstream.forPlatform();
      return { ...platform, connectionsOf: (owner) => observe(platform.connectionsOf(owner)) };
    },
  };
}
