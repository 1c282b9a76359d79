import type { Kysely, QueryCreator, RawBuilder, Transaction } from "kysely";
import type { Owner } from "../../schema/upstream.ts";
import type { Topic } from "../store/changes.ts";
import type { Database } from "../store/database.ts";
import type { AuthorizationRow, ConnectionRow, Tables } from "../store/tables.ts";
import { servesConnection } from "./token-kinds.ts";

/** A connection's row beside those of its grants, by their ids. */
export interface ConnectionRows {
  connection: ConnectionRow;
  grants: AuthorizationRow[];
}

/** The rows of a grant that has changed. */
export interface ChangedGrant {
  connection: ConnectionRow;
  authorization: AuthorizationRow;
}

/** New columns for one grant, where it still has this version. */
export interface GrantChange {
  /** As it is known: perhaps it has been disabled or enabled since. */
  connection: ConnectionRow;
  grant: Pick<AuthorizationRow, "id" | "version">;
  columns: Partial<AuthorizationRow> & { updated_at: number };
  /** Writes what it means to the connection's history, in the same transaction. Null: nothing. */
  record: ((transaction: Transaction<Tables>, connection: ConnectionRow) => Promise<void>) | null;
  /** Makes the HMAC beside the connection as it is then: it covers whether that is disabled. Null: no column is covered. */
  sign: ((connection: ConnectionRow) => string | null) | null;
}

/** A connection's columns beside those of a grant, which has some of the same names. */
type BesideGrant = { [Column in keyof ConnectionRow as `c_${Column}`]: ConnectionRow[Column] };

const connectionColumns = <Table extends string>(table: Table) =>
  [
    `${table}.id as c_id`,
    `${table}.owner_kind as c_owner_kind`,
    `${table}.owner_id as c_owner_id`,
    `${table}.connector_slug as c_connector_slug`,
    `${table}.enabled as c_enabled`,
    `${table}.authorization_id as c_authorization_id`,
    `${table}.first_enabled_at as c_first_enabled_at`,
    `${table}.disabled_at as c_disabled_at`,
    `${table}.created_at as c_created_at`,
    `${table}.updated_at as c_updated_at`,
  ] as const;

function split<Row extends BesideGrant>(row: Row): { connection: ConnectionRow; grant: Omit<Row, keyof BesideGrant> } {
  const {
    c_id,
    c_owner_kind,
    c_owner_id,
    c_connector_slug,
    c_enabled,
    c_authorization_id,
    c_first_enabled_at,
    c_disabled_at,
    c_created_at,
    c_updated_at,
    ...grant
  } = row;
  const connection = {
    id: c_id,
    owner_kind: c_owner_kind,
    owner_id: c_owner_id,
    connector_slug: c_connector_slug,
    enabled: c_enabled,
    authorization_id: c_authorization_id,
    first_enabled_at: c_first_enabled_at,
    disabled_at: c_disabled_at,
    created_at: c_created_at,
    updated_at: c_updated_at,
  };
  return { connection, grant };
}

/** Of a connection without a grant. */
type Absent = { [Column in keyof AuthorizationRow]: AuthorizationRow[Column] | null };

const isGrant = (row: Absent): row is AuthorizationRow => row.id !== null;

/** Each connection beside its grants, in one statement: between two, a reconnect would show half of itself. */
const selectRows = (query: Kysely<Tables>) =>
  query
    .selectFrom("connections")
    .leftJoin("authorizations", (join) => join.onRef("authorizations.connection_id", "=", "connections.id").on(servesConnection()))
    .select(connectionColumns("connections"))
    .selectAll("authorizations")
    .orderBy("connections.id")
    .orderBy("authorizations.id");

/** An owner's connections, by their ids. */
export async function readOwnedRows(query: Kysely<Tables>, { kind, id }: Owner): Promise<ConnectionRows[]> {
  return gather(await selectRows(query).where("owner_kind", "=", kind).where("owner_id", "=", id).execute());
}

/** Those of these connections for which a condition holds, each beside its own grant alone, in no order. */
export async function readRowsWhere(
  query: Kysely<Tables>,
  ids: readonly string[],
  condition: RawBuilder<boolean>,
): Promise<ConnectionRows[]> {
  const rows = query
    .selectFrom("connections")
    .leftJoin("authorizations", "authorizations.id", "connections.authorization_id")
    .select(connectionColumns("connections"))
    .selectAll("authorizations")
    .where("connections.id", "in", [...ids]);
  return gather(await rows.where(condition).execute());
}

/** One connection, or none. */
export async function readConnectionRows(query: Kysely<Tables>, connectionId: string): Promise<ConnectionRows[]> {
  return gather(await selectRows(query).where("connections.id", "=", connectionId).execute());
}

function gather(rows: readonly (BesideGrant & Absent)[]): ConnectionRows[] {
  const gathered: ConnectionRows[] = [];
  for (const row of rows) {
    const { connection, grant } = split(row);
    const last = gathered.at(-1);
    const grants = last?.connection.id === connection.id ? last.grants : [];
    if (grants !== last?.grants) gathered.push({ connection, grants });
    if (isGrant(grant)) grants.push(grant);
  }
  return gathered;
}

/** Answers the rows as they are then; null: nothing has changed. Every process is told. */
export async function changeGrantRows(database: Database, topic: Topic, change: GrantChange): Promise<ChangedGrant | null> {
  const { columns, record, sign } = change;
  for (let { connection } = change; ;) {
    const update = { ...change, connection, columns: sign ? { ...columns, mac: sign(connection) } : columns };
    const changed = await (database.kind === "postgres" && record === null
      ? changeInOneStatement(database, topic, update)
      : database.write(record ? [topic, "events"] : [topic], (transaction) => changeInTransaction(database, transaction, update)));
    if (changed) return changed;
    // A grant of another version, and one without its connection, change as little.
    const current = await selectConnection(database.query, connection).executeTakeFirst();
    if (!current || !sign || current.disabled_at === connection.disabled_at) return null;
    connection = current;
  }
}

const selectConnection = (query: QueryCreator<Tables>, { id }: Pick<ConnectionRow, "id">) =>
  query.selectFrom("connections").selectAll().where("id", "=", id);

/** The connection; where an HMAC is made, only while it is disabled or enabled as it is known to be. */
const selectKnown = (query: QueryCreator<Tables>, { connection, sign }: Pick<GrantChange, "connection" | "sign">) =>
  selectConnection(query, connection).$if(sign !== null, (known) =>
    known.where("disabled_at", "is not distinct from", connection.disabled_at),
  );

/** SQLite has one writing transaction at a time, and no statement that changes two tables. On Postgres, the connection is locked first. */
async function changeInTransaction(
  database: Pick<Database, "kind">,
  transaction: Transaction<Tables>,
  change: GrantChange,
): Promise<ChangedGrant | null> {
  const { grant, columns, record } = change;
  const known = selectKnown(transaction, change);
  if (!(await (database.kind === "postgres" ? known.forUpdate() : known).executeTakeFirst())) return null;
  const authorization = await transaction
    .updateTable("authorizations")
    .set(columns)
    .where("id", "=", grant.id)
    .where("version", "=", grant.version)
    .returningAll()
    .executeTakeFirst();
  if (!authorization) return null;
  const touch = transaction.updateTable("connections").set({ updated_at: columns.updated_at }).where("id", "=", change.connection.id);
  const connection = await touch.returningAll().executeTakeFirstOrThrow();
  await record?.(transaction, connection);
  return { connection, authorization };
}

/** One round trip. As everywhere, the connection is locked before its grant, so that none deadlocks. */
async function changeInOneStatement(database: Database, topic: Topic, change: GrantChange): Promise<ChangedGrant | null> {
  const { grant, columns } = change;
  const changed = await database.changeOne([topic], (query, mark) =>
    query
      .with("locked", (part) => selectKnown(part, change).forUpdate())
      .with("granted", (part) =>
        part
          .updateTable("authorizations")
          .from("locked")
          .set(columns)
          .where("authorizations.id", "=", grant.id)
          .where("authorizations.version", "=", grant.version)
          .whereRef("authorizations.connection_id", "=", "locked.id")
          .returningAll("authorizations"),
      )
      .with("touched", (part) =>
        part
          .updateTable("connections")
          .from("granted")
          .set({ updated_at: columns.updated_at })
          .whereRef("connections.id", "=", "granted.connection_id")
          .returningAll("connections"),
      )
      .selectFrom("granted")
      .innerJoin("touched", "touched.id", "granted.connection_id")
      .selectAll("granted")
      .select(connectionColumns("touched"))
      .select(mark.as("mark"))
      .executeTakeFirst(),
  );
  if (!changed) return null;
  const { connection, grant: authorization } = split(changed);
  return { connection, authorization };
}
