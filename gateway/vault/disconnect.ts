import type { Clock } from "../runtime/clock.ts";
import type { Actor } from "../custody/history.ts";
import type { Log } from "../runtime/log.ts";
import type { ConnectionStore, StoredConnection } from "./connections.ts";
import { refreshesOf } from "./happenings.ts";
import { factsOf } from "./log-facts.ts";
import type { Revoker } from "./revoke.ts";

interface Dependencies {
  connections: ConnectionStore;
  revoker: Revoker;
  clock: Clock;
  log: Log;
}

/** Ends connections: here first and in any case, then at the provider as far as it can be reached. */
export function createDisconnect({ connections, revoker, clock, log }: Dependencies) {
  /** @param by The user who disconnects; null for a server. */
  return async function disconnect(stored: StoredConnection, by: Actor | null): Promise<void> {
    const { connection } = stored;
    const ended = await connections.change(connection, async (transaction, current) => {
      const mine = transaction.selectFrom("authorizations").selectAll().where("connection_id", "=", connection.id);
      const authorizations = await mine.execute();
      // What a refresh may have stored since the caller looked is what has to be revoked.
      const grants = authorizations.filter(({ id, came_with }) => (came_with ?? id) === current.authorization_id);
      const ids = authorizations.map(({ id }) => id);
      if (ids.length > 0) await transaction.deleteFrom("attempts").where("authorization_id", "in", ids).execute();
      await transaction.deleteFrom("authorizations").where("connection_id", "=", connection.id).execute();
      await transaction
        .updateTable("connections")
        .set({ enabled: 0, authorization_id: null, updated_at: clock.now() })
        .where("id", "=", connection.id)
        .execute();
      if (current.enabled)
        await connections.record(transaction, current, { happenings: [{ kind: "disconnected", by }], refreshes: refreshesOf(grants) });
      return grants.map((authorization) => ({ ...stored, connection: current, authorization }));
    });
    log.info(factsOf(stored), "disconnected");
    // One after the other: the end of one kind of token may be the end of all.
    for (const grant of ended ?? []) await revoker.revokeStored(grant);
  };
}
