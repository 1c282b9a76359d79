import { type Kysely, sql, type Transaction } from "kysely";
import type { Account } from "../oauth/account.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import type { AuthorizationRow, ConnectionRow, Tables } from "../store/tables.ts";
import { accountInUse, type ConnectingFailure, unnamedAccount } from "./connecting-failure.ts";
import type { StartedConnection } from "./connections.ts";
import { factsOf } from "./log-facts.ts";
import { relationTo } from "./same-account.ts";

interface HolderDependencies {
  database: Pick<Database, "kind">;
  log: Pick<Log, "info">;
}

/** Most connections of other owners that a line of the log names. */
const MAXIMUM_NAMED = 5;

/**
 * Looks whether other owners have connected the account, and writes it to the log. A failure where the connector refuses that. Then other
 * processes that connect the same account wait until the transaction ends, so that one of two owners at once is refused.
 */
export async function objectionToShared(
  { database, log }: HolderDependencies,
  transaction: Transaction<Tables>,
  started: StartedConnection,
  previous: AuthorizationRow | null,
  account: Account | null,
): Promise<ConnectingFailure | null> {
  const { connector } = started;
  if (account && account.id !== null && connector.sharedAccounts === "refuse" && database.kind === "postgres")
    await lockAccount(transaction, connector.slug, account.id);
  const { others, failure } = await lookAtOthers(transaction, started, previous, account);
  if (others.length > 0) log.info({ ...factsOf(started), others }, "other owners have connected the same account");
  return failure;
}

/** The connections of other owners that have the account, and a failure where the connector refuses that. */
export async function lookAtOthers(
  query: Kysely<Tables>,
  started: StartedConnection,
  previous: AuthorizationRow | null,
  account: Account | null,
): Promise<{ others: string[]; failure: ConnectingFailure | null }> {
  const { name, sharedAccounts } = started.connector;
  const isRefused = sharedAccounts === "refuse";
  if (account === null || account.id === null) return { others: [], failure: isRefused ? unnamedAccount(name) : null };
  const others = await listOthers(query, started.connection, { id: account.id, idPath: account.idPath });
  // What was connected before it was refused goes on.
  const isHeld = previous?.status === "active" && previous.account_id !== null && relationTo(started, previous, account) === "same";
  return { others, failure: isRefused && others.length > 0 && !isHeld ? accountInUse(name) : null };
}

/** In SQLite every writing transaction is alone already. */
export const lockAccount = (transaction: Kysely<Tables>, slug: string, accountId: string) =>
  sql`select pg_advisory_xact_lock(hashtextextended(${JSON.stringify(["account", slug, accountId])}, 0))`.execute(transaction);

/**
 * The connections of other owners that this account serves. One whose grant has ended serves nothing. Where the path of its id is not known,
 * accounts are compared by their ids alone.
 */
export async function listOthers(
  query: Kysely<Tables>,
  { owner_kind: kind, owner_id: id, connector_slug: slug }: Pick<ConnectionRow, "owner_kind" | "owner_id" | "connector_slug">,
  account: { id: string; idPath: string | null },
): Promise<string[]> {
  const rows = await query
    .selectFrom("authorizations")
    // By the connection's primary key: its grant's id is in no index of connections.
    .innerJoin("connections", (join) =>
      join.onRef("connections.id", "=", "authorizations.connection_id").onRef("connections.authorization_id", "=", "authorizations.id"),
    )
    .select("connections.id")
    .where("authorizations.account_id", "=", account.id)
    .$if(account.idPath !== null, (rows) =>
      rows.where((row) =>
        row.or([row("authorizations.account_id_path", "=", account.idPath), row("authorizations.account_id_path", "is", null)]),
      ),
    )
    // As expressions that no index has: the active grants and a connector's connections are many, an account's grants few.
    .where(sql`authorizations.status || ''`, "=", "active")
    .where(sql`connections.connector_slug || ''`, "=", slug)
    .where("connections.enabled", "=", 1)
    .where((row) => row.or([row("connections.owner_kind", "!=", kind), row("connections.owner_id", "!=", id)]))
    .orderBy("authorizations.connection_id")
    .limit(MAXIMUM_NAMED)
    .execute();
  return rows.map((row) => row.id);
}
