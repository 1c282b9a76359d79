import type { Transaction } from "kysely";
import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { AuthorizationRow, ConnectionRow, Tables } from "../store/tables.ts";
import type { ActivationColumns } from "./activation-columns.ts";
import { type ConnectingFailure, disconnectedMeanwhile, movedMeanwhile } from "./connecting-failure.ts";
import { insertConnection } from "./pending.ts";
import { locked, type StartedConnection } from "./connections.ts";
import { stillConnectsFor } from "./current-owner.ts";
import { grantFacts } from "./sealed-columns.ts";

interface PromotionDependencies {
  database: Database;
  macs: RowMacs;
  clock: Clock;
}

/** A started grant that has what it takes to serve its connection. */
export interface Candidate {
  started: StartedConnection;
  /** Who connects. */
  userId: string;
  /** The grant that it replaces, from `lockPrevious`. */
  previous: AuthorizationRow | null;
  /** Whether its connection is not in the store yet. */
  isNew: boolean;
  columns: ActivationColumns;
}

/** The grant that is being replaced; no refresh of it can begin any more. */
export async function lockPrevious(
  { database }: Pick<PromotionDependencies, "database">,
  transaction: Transaction<Tables>,
  { authorization_id: id }: ConnectionRow,
  { authorization }: StartedConnection,
): Promise<AuthorizationRow | null> {
  if (id === null || id === authorization.id) return null;
  const row = transaction.selectFrom("authorizations").selectAll().where("id", "=", id);
  return (await locked(database, row).executeTakeFirst()) ?? null;
}

/** The new grant takes the connection over and the old one goes. Nothing comes of it when the new one is gone itself, or its user from the owner. */
export async function promote(
  dependencies: PromotionDependencies,
  transaction: Transaction<Tables>,
  { started, userId, previous, isNew, columns }: Candidate,
): Promise<ConnectingFailure | null> {
  if (!(await stillConnectsFor(dependencies, userId, started.connection, transaction))) return movedMeanwhile;
  const now = dependencies.clock.now();
  if (isNew) await insertConnection(transaction, started.connection);
  if (!(await activate(dependencies.macs, transaction, started, columns, now))) return disconnectedMeanwhile;
  await enable(transaction, started, now);
  if (previous) await removeReplaced(transaction, previous, now);
  return null;
}

/** False when the grant is gone. */
async function activate(
  macs: RowMacs,
  transaction: Transaction<Tables>,
  { connection, authorization }: StartedConnection,
  columns: ActivationColumns,
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable("authorizations")
    .set({
      ...columns,
      connection_id: connection.id,
      mac: macs.sign("authorizations", grantFacts(connection, { ...authorization, ...columns })),
      status: "active",
      error_code: null,
      error_message: null,
      connected_at: now,
      health_changed_at: now,
      updated_at: now,
    })
    .where("id", "=", authorization.id)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

async function enable(transaction: Transaction<Tables>, { connection, authorization }: StartedConnection, now: number): Promise<void> {
  await transaction
    .updateTable("connections")
    .set(({ fn, val }) => ({
      enabled: 1,
      authorization_id: authorization.id,
      first_enabled_at: fn.coalesce("first_enabled_at", val(now)),
      updated_at: now,
    }))
    .where("id", "=", connection.id)
    .execute();
}

/** What was replaced goes, unless it is itself still on its way: a second tab of the same user may yet come back. */
async function removeReplaced(transaction: Transaction<Tables>, { id }: AuthorizationRow, now: number): Promise<void> {
  await transaction
    .deleteFrom("attempts")
    .where("authorization_id", "=", id)
    .where((row) => row.or([row("used_at", "is not", null), row("expires_at", "<=", now)]))
    .execute();
  await transaction
    .deleteFrom("authorizations")
    .where("id", "=", id)
    .where("id", "not in", (query) => query.selectFrom("attempts").select("authorization_id"))
    .execute();
}
