import type { Transaction } from "kysely";
import { notFound, type Refusal } from "../../schema/errors.ts";
import { ownerOfViewer } from "../../schema/upstream.ts";
import { locked, ownerOf } from "./connections.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { ConnectionRow, Tables } from "../store/tables.ts";

/**
 * Whether a user still connects for the connection's owner. A user who has left the group since starting must not put their credential
 * into what the group uses. With a transaction, the user's row is locked until it ends.
 */
export async function stillConnectsFor(
  { database, macs }: { database: Database; macs: RowMacs },
  userId: string,
  connection: ConnectionRow,
  transaction?: Transaction<Tables>,
): Promise<boolean> {
  const row = (transaction ?? database.query).selectFrom("users").selectAll().where("id", "=", userId);
  const user = await (transaction ? locked(database, row) : row).executeTakeFirst();
  if (!user || !macs.accept("users", user)) return false;
  const [current, owner] = [ownerOfViewer({ userId: user.id, groupId: user.group_id }), ownerOf(connection)];
  return current.kind === owner.kind && current.id === owner.id;
}

/** The message for a user who has changed groups since starting. */
export const MOVED_MEANWHILE: Refusal = ({ refusals }) => refusals.groupChanged;

/** Throws NOT_FOUND for a user who no longer connects for the connection's owner. */
export async function assertStillConnectsFor(
  store: { database: Database; macs: RowMacs },
  userId: string,
  connection: ConnectionRow,
): Promise<void> {
  if (!(await stillConnectsFor(store, userId, connection))) throw notFound(MOVED_MEANWHILE);
}
