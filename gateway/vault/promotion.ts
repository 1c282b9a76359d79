import type { Transaction } from "kysely";
import type { Clock } from "../runtime/clock.ts";
import { findLastAccount } from "../custody/history.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { AuthorizationRow, ConnectionRow, Tables } from "../store/tables.ts";
import type { ActivationColumns } from "./activation-columns.ts";
import { type ConnectingFailure, disconnectedMeanwhile, movedMeanwhile } from "./connecting-failure.ts";
import { insertConnection } from "./pending.ts";
import { type ConnectionStore, locked, type StartedConnection } from "./connections.ts";
import { happeningsOfConnecting, refreshesOf } from "./happenings.ts";
import { stillConnectsFor } from "./current-owner.ts";
import { grantFacts } from "./sealed-columns.ts";

interface PromotionDependencies {
  database: Database;
  connections: Pick<ConnectionStore, "record">;
  macs: RowMacs;
  clock: Clock;
}

/** What a connection has before: its own grant, and those of further kinds. */
export interface Previous {
  own: AuthorizationRow | null;
  further: readonly AuthorizationRow[];
}

export const grantsIn = ({ own, further }: Previous): readonly AuthorizationRow[] => [...(own ? [own] : []), ...further];

/** A started grant that has its tokens or its key, and may replace the grants of its connection. */
export interface Candidate {
  started: StartedConnection;
  /** Who connects. */
  userId: string;
  /** The grants that it replaces, from `lockPrevious`. */
  previous: Previous;
  /** Whether its connection is not in the store yet. */
  isNew: boolean;
  columns: ActivationColumns;
  /** The grants of further kinds that were given with it. */
  further: readonly AuthorizationRow[];
  /** Those of `previous` that stay, as none of their kind was given. */
  kept: readonly AuthorizationRow[];
}

/** The grants that are being replaced; no refresh of them can begin any more. A started grant that is the connection's own already is not among them. */
export async function lockPrevious(
  { database }: Pick<PromotionDependencies, "database">,
  transaction: Transaction<Tables>,
  { authorization_id: id }: ConnectionRow,
  { authorization }: StartedConnection,
): Promise<Previous> {
  if (id === null) return { own: null, further: [] };
  const isGrant = transaction
    .selectFrom("authorizations")
    .selectAll()
    .where((row) => row.or([row("id", "=", id), row("came_with", "=", id)]));
  const rows = await locked(database, isGrant.orderBy("id")).execute();
  const own = rows.find((row) => row.id === id && id !== authorization.id) ?? null;
  return { own, further: rows.filter(({ came_with }) => came_with === id) };
}

/** Makes the new grant the connection's, in place of the old one. A failure where the new one is gone, or its user has left the owner. */
export async function promote(
  dependencies: PromotionDependencies,
  transaction: Transaction<Tables>,
  { started, userId, previous, isNew, columns, further, kept }: Candidate,
): Promise<ConnectingFailure | null> {
  if (!(await stillConnectsFor(dependencies, userId, started.connection, transaction))) return movedMeanwhile;
  const now = dependencies.clock.now();
  if (isNew) await insertConnection(transaction, started.connection);
  if (!(await activate(dependencies.macs, transaction, started, columns, now))) return disconnectedMeanwhile;
  await enable(transaction, started, now);
  if (previous.own) await removeReplaced(transaction, previous.own, now);
  await replaceFurther(transaction, started, { previous, further, kept });
  await recordConnected(dependencies, transaction, { started, userId, previous, isNew, columns, kept }, now);
  return null;
}

async function recordConnected(
  { connections }: PromotionDependencies,
  transaction: Transaction<Tables>,
  { started, userId, previous, isNew, columns, kept }: Omit<Candidate, "further">,
  now: number,
): Promise<void> {
  const { connection, connector, authorization } = started;
  const happenings = happeningsOfConnecting(
    {
      by: { id: userId, name: authorization.started_by_name },
      wasEnabled: connection.enabled === 1,
      previous: previous.own && { authorization: previous.own, connector },
      columns,
      slug: connector.slug,
      lastAccount: isNew ? null : await findLastAccount(transaction, connection.id),
    },
    now,
  );
  const replaced = grantsIn(previous).filter((grant) => !kept.includes(grant));
  await connections.record(transaction, connection, { happenings, refreshes: refreshesOf(replaced) });
}

async function replaceFurther(
  transaction: Transaction<Tables>,
  { authorization }: StartedConnection,
  { previous, further, kept }: Pick<Candidate, "previous" | "further" | "kept">,
): Promise<void> {
  const ids = kept.map(({ id }) => id);
  const gone = previous.further.map(({ id }) => id).filter((id) => !ids.includes(id));
  if (gone.length > 0) await transaction.deleteFrom("authorizations").where("id", "in", gone).execute();
  if (ids.length > 0) await transaction.updateTable("authorizations").set({ came_with: authorization.id }).where("id", "in", ids).execute();
  if (further.length > 0)
    await transaction
      .insertInto("authorizations")
      .values([...further])
      .execute();
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
