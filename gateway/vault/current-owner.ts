import type { Transaction } from "kysely";
import { notFound } from "../../schema/errors.ts";
import { ownerOfViewer } from "../../schema/upstream.ts";
import { locked, ownerOf } from "./connections.ts";
import type { Database } from "../store/database.ts";
import type { ConnectionRow, Tables } from "../store/tables.ts";

/**
 * Whether a user connects for the connection's owner still. Whoever has left a group since they started must not put a credential of
 * theirs into what the group uses; in the transaction that would do so, the user cannot be moved before it ends.
 */
export async function stillConnectsFor(
  database: Database,
  userId: string,
  connection: ConnectionRow,
  transaction?: Transaction<Tables>,
): Promise<boolean> {
  const row = (transaction ?? database.query).selectFrom("users").select(["id", "group_id"]).where("id", "=", userId);
  const user = await (transaction ? locked(database, row) : row).executeTakeFirst();
  if (!user) return false;
  const [current, owner] = [ownerOfViewer({ userId: user.id, groupId: user.group_id }), ownerOf(connection)];
  return current.kind === owner.kind && current.id === owner.id;
}

/** The sentence for whoever has moved meanwhile. */
export const MOVED_MEANWHILE = "Your group has changed since connecting was started: start again.";

/** Throws NOT_FOUND for a user who connects for somebody else by now. */
export async function assertStillConnectsFor(database: Database, userId: string, connection: ConnectionRow): Promise<void> {
  if (!(await stillConnectsFor(database, userId, connection))) throw notFound(MOVED_MEANWHILE);
}
