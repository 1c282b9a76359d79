import { type Kysely, sql } from "kysely";
import type { Owner } from "../../schema/upstream.ts";
import type { Database } from "../store/database.ts";
import type { AuthorizationRow, ConnectionRow, Tables } from "../store/tables.ts";
import type { Prepared } from "./prepare.ts";

/** A connection that an owner has, and what its grant shows. */
export interface Holding {
  connection: ConnectionRow;
  accountId: string | null;
  status: AuthorizationRow["status"] | null;
}

/** What the store holds of the connections that are to be imported. What is decided is added to it, so that a later line sees it. */
export interface HeldBefore {
  /** Which connection each import made, by its id. */
  imports: Map<string, string>;
  /** By `keyOf`. */
  holdings: Map<string, Holding[]>;
  /** Ids that connections have. */
  ids: Set<string>;
  /** Whose the accounts are that were just decided to be imported, by `accountKeyOf`. */
  accounts: Map<string, string>;
}

/** An owner's connections of one connector. */
export const keyOf = ({ kind, id }: Owner, slug: string): string => JSON.stringify([kind, id, slug]);

/** An account of one connector. */
export const accountKeyOf = (slug: string, accountId: string): string => JSON.stringify([slug, accountId]);

export const nothingHeld = (): HeldBefore => ({ imports: new Map(), holdings: new Map(), ids: new Set(), accounts: new Map() });

/**
 * Two imports of one owner's connector wait for each other, as connecting does (`vault/connections.ts`), and so do two of one id. In SQLite
 * every transaction is alone.
 */
export async function lockOwners({ kind }: Pick<Database, "kind">, query: Kysely<Tables>, items: readonly Prepared[]): Promise<void> {
  if (kind === "sqlite") return;
  // In one order, so that none waits for one that waits for it.
  const keys = items.flatMap(({ owner, connector, importId, imported: { id } }) => [
    keyOf(owner, connector.slug),
    JSON.stringify(["import", importId]),
    ...(id == null ? [] : [JSON.stringify(["id", id])]),
  ]);
  const sorted = [...new Set(keys)].toSorted();
  await sql`select pg_advisory_xact_lock(hashtextextended(key, 0)) from unnest(${sorted}::text[]) as key`.execute(query);
}

/** Adds to `held` what the store has of these. @param locks whether their connections are locked until the transaction ends */
export async function readHeld(query: Kysely<Tables>, items: readonly Prepared[], held: HeldBefore, locks: boolean): Promise<void> {
  const importIds = items.map(({ importId }) => importId);
  for (const row of await query.selectFrom("imports").selectAll().where("import_id", "in", importIds).execute())
    held.imports.set(row.import_id, row.connection_id);
  const open = items.filter(({ importId }) => !held.imports.has(importId));
  if (open.length === 0) return;
  const ids = open.flatMap(({ imported }) => imported.id ?? []);
  if (ids.length > 0)
    for (const { id } of await query.selectFrom("connections").select("id").where("id", "in", ids).execute()) held.ids.add(id);
  for (const holding of await readHoldings(query, open, locks)) {
    const { owner_kind: kind, owner_id: id, connector_slug: slug } = holding.connection;
    const key = keyOf({ kind, id }, slug);
    const known = held.holdings.get(key) ?? [];
    if (!known.some(({ connection }) => connection.id === holding.connection.id)) held.holdings.set(key, [...known, holding]);
  }
}

/** Those of all connectors: SQLite would read all connections of a connector where it is stated beside the owners. */
async function readHoldings(query: Kysely<Tables>, items: readonly Prepared[], locks: boolean): Promise<Holding[]> {
  const ownersOf = (kind: Owner["kind"]) => [...new Set(items.flatMap(({ owner }) => (owner.kind === kind ? owner.id : [])))];
  const holdings: Holding[] = [];
  for (const kind of ["user", "group"] as const) {
    const owners = ownersOf(kind);
    if (owners.length === 0) continue;
    const rows = await query
      .selectFrom("connections")
      .leftJoin("authorizations", "authorizations.id", "connections.authorization_id")
      .selectAll("connections")
      .select(["authorizations.status as status", "authorizations.account_id as account_id"])
      .where("owner_kind", "=", kind)
      .where("owner_id", "in", owners)
      .orderBy("connections.id")
      .$if(locks, (query) => query.forUpdate("connections"))
      .execute();
    for (const { status, account_id: accountId, ...connection } of rows) holdings.push({ connection, accountId, status });
  }
  return holdings;
}
