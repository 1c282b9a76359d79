import type { Transaction } from "kysely";
import type { Account } from "../oauth/account.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import type { AuthorizationRow, ConnectionRow, Tables } from "../store/tables.ts";
import { objectionToShared } from "./account-holders.ts";
import { type Audited, recordConnect } from "./audited.ts";
import { type CollectedKey, columnsOfKey, columnsOfTokens } from "./activation-columns.ts";
import { type ConnectingFailure, disabledMeanwhile, disconnectedMeanwhile, mayServeElsewhere, objectionTo } from "./connecting-failure.ts";
import { type ConnectionStore, isLeased, ownerOf, type StartedConnection, type StoredConnection } from "./connections.ts";
import { findOfSameKind, furtherGrants, keptGrants } from "./further-grants.ts";
import { type GrantTarget, isDisabled, moveToOtherConnection, needsOtherConnection } from "./other-connection.ts";
import { type Candidate, grantsIn, lockPrevious, promote } from "./promotion.ts";
import type { Revoker } from "./revoke.ts";
import type { Keys } from "./sealed-columns.ts";
import type { Granted } from "./spool.ts";

/** How often to look whether a refresh of the grant that is being replaced has ended. */
const SETTLE_POLL_MS = 100;

interface ActivationDependencies extends Keys, Audited {
  database: Database;
  connections: ConnectionStore;
  revoker: Revoker;
  clock: Clock;
  log: Pick<Log, "info" | "error">;
}

/** What became of a started grant: why it failed, or the connection that it serves. */
export type Activated = { failure: ConnectingFailure } | { failure: null; connectionId: string };

/**
 * What becomes of a started grant: the connection's own, one of another connection of the owner (`other-connection.ts`), or an error beside a
 * connection that stays as it was.
 */
export interface Activation {
  /** Answers a failure when the account may not be the connection's, or the user disconnected or moved meanwhile. */
  withTokens(started: StartedConnection, userId: string, granted: Granted): Promise<Activated>;
  /** The same. What the user typed is sealed in the started grant. */
  withKey(started: StartedConnection, userId: string, key: CollectedKey): Promise<Activated>;
  markRetrieving(started: StartedConnection): Promise<void>;
  fail(started: StartedConnection, failure: ConnectingFailure): Promise<void>;
}

/** The transitions of started grants, over the store and the providers. */
export const createActivation = (dependencies: ActivationDependencies): Activation => ({
  async withTokens(started, userId, granted) {
    const activated = await activateWithTokens(dependencies, started, userId, granted);
    // The failure is told by `fail`.
    if (!activated.failure) recordConnect(dependencies, started, { ...activated, isThere: true });
    return activated;
  },
  async withKey(started, userId, key) {
    const activated = await activate(dependencies, started, userId, {
      account: key.account,
      grantsOf: ({ started: target }) => ({
        columns: columnsOfKey(dependencies, target, key, dependencies.clock.now()),
        further: [],
        kept: [],
      }),
    });
    const isThere = activated.failure === null || (await isStarted(dependencies, started));
    recordConnect(dependencies, started, { ...activated, isThere });
    return activated;
  },
  async markRetrieving(started) {
    await amend(dependencies, started, { status: "retrieving_tokens" });
  },
  async fail(started, failure) {
    const { code, message, accounts } = failure;
    await amend(dependencies, started, {
      status: "error",
      error_code: code,
      error_message: message,
      ...(accounts && { display_label: accounts.actual }),
    });
    recordConnect(dependencies, started, { failure, isThere: await isStarted(dependencies, started) });
  },
});

async function activateWithTokens(
  dependencies: ActivationDependencies,
  started: StartedConnection,
  userId: string,
  granted: Granted,
): Promise<Activated> {
  const { database, revoker } = dependencies;
  await database.clock.measure();
  const activated = await activate(dependencies, started, userId, {
    account: granted.account,
    grantsOf: (target) => grantsOfTokens(dependencies, target, granted),
  });
  if (activated.failure && !mayServeElsewhere(activated.failure)) await revoker.revoke(started, granted.tokens);
  return activated;
}

/** What a started grant has received. */
interface Received {
  account: Account | null;
  grantsOf(target: GrantTarget): Pick<Candidate, "columns" | "further" | "kept">;
}

/** The connection's own grant, and those of further kinds of token beside it. */
function grantsOfTokens(
  dependencies: ActivationDependencies,
  { started, previous }: GrantTarget,
  granted: Granted,
): ReturnType<Received["grantsOf"]> {
  const before = grantsIn(previous);
  const columns = columnsOfTokens(dependencies, started, findOfSameKind(started, before, started.authorization), granted);
  const further = furtherGrants(dependencies, started, before, granted, dependencies.clock.now());
  return { columns, further, kept: keptGrants(started, previous.further, further, granted) };
}

async function activate(
  dependencies: ActivationDependencies,
  started: StartedConnection,
  userId: string,
  received: Received,
): Promise<Activated> {
  const { connections, clock } = dependencies;
  const { connection, connector } = started;
  for (;;) {
    const outcome = await connections.begin(ownerOf(connection), connector.slug, (transaction, owned) =>
      activateIn(dependencies, transaction, { started, userId, owned, received }),
    );
    if (outcome !== "under way") return outcome;
    await clock.sleep(SETTLE_POLL_MS);
  }
}

/** Within a transaction. `under way`: a refresh of a grant that is to be replaced goes on. */
async function activateIn(
  dependencies: ActivationDependencies,
  transaction: Transaction<Tables>,
  {
    started,
    userId,
    owned,
    received,
  }: { started: StartedConnection; userId: string; owned: readonly StoredConnection[]; received: Received },
): Promise<Activated | "under way"> {
  const { account } = received;
  const own =
    owned.find(({ connection }) => connection.id === started.connection.id)?.connection ?? (await readConnection(transaction, started));
  if (!own) return { failure: disconnectedMeanwhile };
  const previous = await lockPrevious(dependencies, transaction, own, started);
  const here = { started: { ...started, connection: own }, previous, isNew: false };
  const objection = objectionTo(started, here.previous.own, account);
  if (objection) return { failure: objection };
  const target = needsOtherConnection(started, here.previous.own, account)
    ? await moveToOtherConnection(dependencies, transaction, started, owned, account)
    : here;
  if (!target) return { failure: disconnectedMeanwhile };
  if (isDisabled(target, owned, account)) return { failure: disabledMeanwhile };
  // Its refresh token may be about to change.
  if (grantsIn(target.previous).some((grant) => isLeased(grant, dependencies.clock.now()))) return "under way";
  const shared = await objectionToShared(dependencies, transaction, target.started, target.previous.own, account);
  if (shared) return { failure: shared };
  const failure = await promote(dependencies, transaction, { ...target, userId, ...received.grantsOf(target) });
  return failure ? { failure } : { failure: null, connectionId: target.started.connection.id };
}

/** Undefined where the connection is gone, as with its user. */
const readConnection = (transaction: Transaction<Tables>, { connection: { id } }: StartedConnection): Promise<ConnectionRow | undefined> =>
  transaction.selectFrom("connections").selectAll().where("id", "=", id).executeTakeFirst();

async function isStarted({ database }: Pick<ActivationDependencies, "database">, { authorization }: StartedConnection): Promise<boolean> {
  const row = await database.query.selectFrom("authorizations").select("id").where("id", "=", authorization.id).executeTakeFirst();
  return row !== undefined;
}

/** Null where the connection is gone. */
function amend(
  { connections, clock }: Pick<ActivationDependencies, "connections" | "clock">,
  { connection, authorization }: StartedConnection,
  columns: Partial<AuthorizationRow>,
): Promise<void | null> {
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
