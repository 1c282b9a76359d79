import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { Sealer } from "../store/sealing.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import { type CollectedKey, columnsOfKey, columnsOfTokens } from "./activation-columns.ts";
import { type ConnectingFailure, mayServeElsewhere, objectionTo } from "./connecting-failure.ts";
import { type ConnectionStore, isLeased, type StartedConnection } from "./connections.ts";
import { lockPrevious, promote } from "./promotion.ts";
import type { Revoker } from "./revoke.ts";
import type { Granted } from "./spool.ts";

/** How often to look whether a refresh of the grant that is being replaced has ended. */
const SETTLE_POLL_MS = 100;

interface ActivationDependencies {
  database: Database;
  connections: ConnectionStore;
  revoker: Revoker;
  sealer: Sealer;
  macs: RowMacs;
  clock: Clock;
  log: Pick<Log, "error">;
}

/** What becomes of a started grant: the connection's own, or an error beside a connection that stays as it was. */
export interface Activation {
  /** Answers a failure when the user came back with another account than the connection has, or disconnected or moved meanwhile. */
  withTokens(started: StartedConnection, userId: string, granted: Granted): Promise<ConnectingFailure | null>;
  /** Answers a failure when the user disconnected or moved meanwhile. */
  withKey(started: StartedConnection, userId: string, key: CollectedKey): Promise<ConnectingFailure | null>;
  markRetrieving(started: StartedConnection): Promise<void>;
  fail(started: StartedConnection, failure: ConnectingFailure): Promise<void>;
}

/** The transitions of started grants, over the store and the providers. */
export const createActivation = (dependencies: ActivationDependencies): Activation => ({
  withTokens: (started, userId, granted) => activateWithTokens(dependencies, started, userId, granted),
  withKey: (started, userId, key) => activateWithKey(dependencies, started, userId, key),
  markRetrieving: (started) => amend(dependencies, started, { status: "retrieving_tokens" }),
  fail: (started, { code, message }) => amend(dependencies, started, { status: "error", error_code: code, error_message: message }),
});

async function activateWithTokens(
  dependencies: ActivationDependencies,
  started: StartedConnection,
  userId: string,
  granted: Granted,
): Promise<ConnectingFailure | null> {
  const { database, connections, revoker, clock } = dependencies;
  await database.clock.measure();
  for (;;) {
    const outcome = await connections.change(started.connection, async (transaction, current) => {
      const previous = await lockPrevious(dependencies, transaction, current, started);
      // Its refresh token may be about to change.
      if (previous && isLeased(previous, clock.now())) return "under way";
      const objection = objectionTo(started, previous, granted.account);
      if (objection) return objection;
      const columns = columnsOfTokens(dependencies, started, previous, granted);
      return promote(dependencies, transaction, { started, userId, previous, columns });
    });
    if (outcome !== "under way") {
      if (outcome && !mayServeElsewhere(outcome)) await revoker.revoke(started, granted.tokens);
      return outcome;
    }
    await clock.sleep(SETTLE_POLL_MS);
  }
}

function activateWithKey(
  dependencies: ActivationDependencies,
  started: StartedConnection,
  userId: string,
  key: CollectedKey,
): Promise<ConnectingFailure | null> {
  const columns = columnsOfKey(dependencies, started, key, dependencies.clock.now());
  return dependencies.connections.change(started.connection, async (transaction, current) => {
    const previous = await lockPrevious(dependencies, transaction, current, started);
    return promote(dependencies, transaction, { started, userId, previous, columns });
  });
}

function amend(
  { connections, clock }: Pick<ActivationDependencies, "connections" | "clock">,
  { connection, authorization }: StartedConnection,
  columns: Partial<AuthorizationRow>,
): Promise<void> {
  return connections.change(connection, async (transaction) => {
    const now = clock.now();
    await transaction
      .updateTable("authorizations")
      .set({ ...columns, updated_at: now })
      .where("id", "=", authorization.id)
      // What has succeeded stays so, though the answer to its commit was lost.
      .where("status", "!=", "active")
      .execute();
    await transaction.updateTable("connections").set({ updated_at: now }).where("id", "=", connection.id).execute();
  });
}
