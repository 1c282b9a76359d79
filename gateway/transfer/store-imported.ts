import type { Transaction } from "kysely";
import { addFirstEntries, type Happening } from "../custody/history.ts";
import type { Recorder } from "../custody/recorder.ts";
import type { Topic } from "../store/changes.ts";
import type { Database } from "../store/database.ts";
import type { ConnectionRow, Tables } from "../store/tables.ts";
import { ownerOf, topicOf } from "../vault/connections.ts";
import type { Keys } from "../vault/sealed-columns.ts";
import { type ImportedRows, starterOf } from "./imported-rows.ts";
import type { Prepared } from "./prepare.ts";

/** What is stored of one imported connection. */
export interface ToStore {
  prepared: Prepared;
  /** The connection that is there; null: it is new. */
  target: ConnectionRow | null;
  rows: ImportedRows;
}

/**
 * Stores imported connections, and makes their owners known. Servers are told of those that were broken and work again, and not of others.
 * Answers the topics that have changed.
 */
export async function storeImported(
  { database, macs, recorder }: Pick<Keys, "macs"> & { database: Database; recorder: Recorder },
  transaction: Transaction<Tables>,
  items: readonly ToStore[],
): Promise<Topic[]> {
  if (items.length === 0) return [];
  const now = database.clock.now();
  const added = await addUsers(macs, transaction, items, now);
  await addGroups(transaction, items, now);
  const created = items.flatMap(({ target, rows }) => (target ? [] : rows.connection));
  if (created.length > 0) await transaction.insertInto("connections").values(created).execute();
  for (const { target, rows } of items) if (target) await replaceGrant(transaction, target, rows.connection);
  await transaction
    .insertInto("authorizations")
    .values(items.flatMap(({ rows }) => rows.grants))
    .execute();
  await transaction
    .insertInto("imports")
    .values(items.map(({ prepared, rows }) => ({ import_id: prepared.importId, connection_id: rows.connection.id, imported_at: now })))
    .execute();
  await addHistory(transaction, recorder, items, now);
  const changed = items.map(({ rows }) => topicOf(ownerOf(rows.connection)));
  const told: Topic[] = items.some(({ target }) => target !== null) ? ["events"] : [];
  return [...new Set([...changed, ...added.map((id): Topic => `user:${id}`), ...told])];
}

async function addHistory(transaction: Transaction<Tables>, recorder: Recorder, items: readonly ToStore[], now: number): Promise<void> {
  const created = items.filter(({ target }) => target === null);
  const first = created.map(({ prepared, rows }) => ({
    connectionId: rows.connection.id,
    happening: { kind: "connected" as const, by: starterOf(prepared) },
  }));
  await addFirstEntries(transaction, first, now);
  for (const { prepared, target, rows } of items) {
    if (!target) continue;
    const by = starterOf(prepared);
    const happenings: Happening[] =
      target.enabled === 1
        ? [
            { kind: "reconnected", by },
            { kind: "healed", by },
          ]
        : [{ kind: "connected", by, isTold: false }];
    // Refreshes of the grant before are in no history any more.
    await recorder.record(transaction, rows.connection, { happenings, refreshes: [] });
  }
}

/** Makes users known who are not. Answers which. */
async function addUsers(macs: Keys["macs"], transaction: Transaction<Tables>, items: readonly ToStore[], now: number): Promise<string[]> {
  const names = new Map(
    items.flatMap(({ prepared: { owner, imported } }) => (owner.kind === "user" ? [[owner.id, imported.name ?? null] as const] : [])),
  );
  if (names.size === 0) return [];
  const rows = [...names].map(([id, name]) => {
    const facts = { id, group_id: null, group_asserted_at: null, tokens_valid_from: null };
    return { ...facts, name, created_at: now, updated_at: now, mac: macs.sign("users", facts) };
  });
  const added = await transaction
    .insertInto("users")
    .values(rows.toSorted(byId))
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .execute();
  return added.map(({ id }) => id);
}

async function addGroups(transaction: Transaction<Tables>, items: readonly ToStore[], now: number): Promise<void> {
  const ids = new Set(items.flatMap(({ prepared: { owner } }) => (owner.kind === "group" ? owner.id : [])));
  if (ids.size === 0) return;
  await transaction
    .insertInto("groups")
    .values([...ids].map((id) => ({ id, created_at: now })).toSorted(byId))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** In one order, so that of two imports none waits for one that waits for it. */
const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);

/** Takes the grant that does not work out of a connection, and what was started for it. */
async function replaceGrant(transaction: Transaction<Tables>, target: ConnectionRow, next: ConnectionRow): Promise<void> {
  const { enabled, authorization_id, first_enabled_at, updated_at } = next;
  await transaction
    .updateTable("connections")
    .set({ enabled, authorization_id, first_enabled_at, updated_at })
    .where("id", "=", target.id)
    .execute();
  const former = transaction
    .selectFrom("authorizations")
    .select("id")
    .where("connection_id", "=", target.id)
    .where((row) => row.or([row("id", "=", target.authorization_id), row("came_with", "=", target.authorization_id)]));
  const ids = (await former.execute()).map(({ id }) => id);
  if (ids.length === 0) return;
  await transaction.deleteFrom("attempts").where("authorization_id", "in", ids).execute();
  await transaction.deleteFrom("authorizations").where("id", "in", ids).execute();
}
