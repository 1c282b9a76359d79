import type { Transaction } from "kysely";
import { ERASED_BODY } from "../custody/events.ts";
import type { Topic } from "../store/changes.ts";
import type { Database } from "../store/database.ts";
import type { Tables } from "../store/tables.ts";
import { isLeased, ownerOf, topicOf } from "../vault/connections.ts";
import { type PersonRows, rateKeysOf, readPerson } from "./person-rows.ts";

/** Rows that were deleted or changed, by table. Those that had none are left out. */
export type RowCounts = Record<string, number>;

/** What one transaction deleted. */
export interface Deletion {
  rows: PersonRows;
  counts: RowCounts;
  topics: Topic[];
}

/**
 * Deletes all that the store has of a user, and takes their name out of what groups have. `under way`: a refresh of a grant goes on, whose
 * tokens would come after the end of their connection; nothing is deleted then.
 */
export async function deletePerson(database: Database, transaction: Transaction<Tables>, userId: string): Promise<Deletion | "under way"> {
  const rows = await readPerson(transaction, userId, database);
  const now = database.clock.now();
  if (rows.own.grants.some((grant) => isLeased(grant, now))) return "under way";
  const counts: RowCounts = {};
  const note = (table: string, count: number) => void (count > 0 && (counts[table] = (counts[table] ?? 0) + count));
  await deleteAttempts(transaction, userId, rows, note);
  await deleteOwn(transaction, rows.own, note);
  await leaveShared(transaction, rows.shared, note);
  const history = transaction.updateTable("connection_history").set({ by_id: null, by_name: null }).where("by_id", "=", userId);
  note("connection_history", Number((await history.executeTakeFirstOrThrow()).numUpdatedRows));
  const sessions = await transaction.deleteFrom("sessions").where("user_id", "=", userId).returning("id").execute();
  note("sessions", sessions.length);
  const operating = await transaction.deleteFrom("operator_sessions").where("user_id", "=", userId).executeTakeFirstOrThrow();
  note("operator_sessions", Number(operating.numDeletedRows));
  await deleteDirectory(transaction, userId, note);
  const topics = [...rows.own.connections, ...rows.shared.connections].map((connection) => topicOf(ownerOf(connection)));
  return {
    rows,
    counts,
    topics: [...new Set([...topics, ...sessions.map(({ id }): Topic => `session:${id}`), `user:${userId}` as const])],
  };
}

type Note = (table: string, count: number) => void;

async function deleteAttempts(transaction: Transaction<Tables>, userId: string, { own, shared }: PersonRows, note: Note): Promise<void> {
  const grantIds = [...own.grants, ...shared.grants.filter(({ version }) => version === 0)].map(({ id }) => id);
  const attempts = transaction
    .deleteFrom("attempts")
    .where((row) => row.or([row("user_id", "=", userId), ...(grantIds.length > 0 ? [row("authorization_id", "in", grantIds)] : [])]));
  note("attempts", Number((await attempts.executeTakeFirstOrThrow()).numDeletedRows));
  const elsewhere = transaction
    .deleteFrom("upstream_attempts")
    .where((row) => row.or([row("user_id", "=", userId), row.and([row("owner_kind", "=", "user"), row("owner_id", "=", userId)])]));
  note("upstream_attempts", Number((await elsewhere.executeTakeFirstOrThrow()).numDeletedRows));
}

async function deleteOwn(transaction: Transaction<Tables>, { connections, grants }: PersonRows["own"], note: Note): Promise<void> {
  const ids = connections.map(({ id }) => id);
  if (ids.length === 0) return;
  await deleteHistory(transaction, ids, note);
  const uses = await transaction.deleteFrom("connection_uses").where("connection_id", "in", ids).executeTakeFirstOrThrow();
  note("connection_uses", Number(uses.numDeletedRows));
  const imports = await transaction.deleteFrom("imports").where("connection_id", "in", ids).executeTakeFirstOrThrow();
  note("imports", Number(imports.numDeletedRows));
  await transaction.deleteFrom("authorizations").where("connection_id", "in", ids).execute();
  note("authorizations", grants.length);
  await transaction.deleteFrom("connections").where("id", "in", ids).execute();
  note("connections", ids.length);
}

/** What servers were told of them goes too, also where a webhook has not taken it. An event's id stays, by which readers go on after it. */
async function deleteHistory(transaction: Transaction<Tables>, connectionIds: readonly string[], note: Note): Promise<void> {
  const history = await transaction.deleteFrom("connection_history").where("connection_id", "in", connectionIds).executeTakeFirstOrThrow();
  note("connection_history", Number(history.numDeletedRows));
  const numbers = transaction.selectFrom("events").select("number").where("connection_id", "in", connectionIds);
  await transaction.deleteFrom("deliveries").where("number", "in", numbers).execute();
  const erased = { body: ERASED_BODY, connection_id: null, owner_kind: null, owner_id: null };
  const told = await transaction.updateTable("events").set(erased).where("connection_id", "in", connectionIds).executeTakeFirstOrThrow();
  note("events", Number(told.numUpdatedRows));
}

/** A group keeps what is connected, without the name of who did it. What they have only started goes. */
async function leaveShared(transaction: Transaction<Tables>, { grants }: PersonRows["shared"], note: Note): Promise<void> {
  const unfinished = grants.filter(({ version }) => version === 0).map(({ id }) => id);
  const finished = grants.filter(({ version }) => version > 0).map(({ id }) => id);
  if (unfinished.length > 0) {
    await transaction.updateTable("connections").set({ authorization_id: null }).where("authorization_id", "in", unfinished).execute();
    await transaction.deleteFrom("authorizations").where("id", "in", unfinished).execute();
  }
  if (finished.length > 0)
    await transaction.updateTable("authorizations").set({ started_by: null, started_by_name: null }).where("id", "in", finished).execute();
  note("authorizations", grants.length);
}

async function deleteDirectory(transaction: Transaction<Tables>, userId: string, note: Note): Promise<void> {
  const tokens = await transaction.deleteFrom("one_time_tokens").where("user_id", "=", userId).executeTakeFirstOrThrow();
  note("one_time_tokens", Number(tokens.numDeletedRows));
  const rates = await transaction.deleteFrom("rates").where("key", "in", rateKeysOf(userId)).executeTakeFirstOrThrow();
  note("rates", Number(rates.numDeletedRows));
  // After the connections, as connecting locks them.
  const users = await transaction.deleteFrom("users").where("id", "=", userId).executeTakeFirstOrThrow();
  note("users", Number(users.numDeletedRows));
}
