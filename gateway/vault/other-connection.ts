import type { Transaction } from "kysely";
import type { Account } from "../oauth/account.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../store/database.ts";
import type { AuthorizationRow, Tables } from "../store/tables.ts";
import { ownerOf, type StartedConnection, type StoredConnection } from "./connections.ts";
import { newConnection } from "./new-rows.ts";
import { lockPrevious, type Previous } from "./promotion.ts";
import { relationTo } from "./same-account.ts";
import { grantFacts, type Keys, openColumn, placeOf, sealColumn } from "./sealed-columns.ts";

interface MoveDependencies extends Keys {
  database: Database;
  clock: Clock;
}

/** The connection that a started grant is for, and the grants that it has. */
export interface GrantTarget {
  started: StartedConnection;
  /** From `lockPrevious`. */
  previous: Previous;
  /** Whether the connection is not in the store yet. */
  isNew: boolean;
}

/**
 * Moves a started grant to the owner's connection to its account, else to a new one. The connection that it was started for stays as it was.
 * Null where the grant is gone.
 * @param owned the owner's connections of the connector, locked.
 */
export async function moveToOtherConnection(
  dependencies: MoveDependencies,
  transaction: Transaction<Tables>,
  started: StartedConnection,
  owned: readonly StoredConnection[],
  account: Account | null,
): Promise<GrantTarget | null> {
  const { database, clock } = dependencies;
  const { connection, connector, authorization } = started;
  const isThere = await transaction.selectFrom("authorizations").select("id").where("id", "=", authorization.id).executeTakeFirst();
  if (!isThere) return null;
  const known = owned.find((other) => hasAccount(other, started, account));
  const target = known?.connection ?? newConnection(ownerOf(connection), connector.slug, null, clock.now());
  const moved = { connection: target, connector, authorization: moveTo(dependencies, started, target) };
  return { started: moved, previous: await lockPrevious({ database }, transaction, target, moved), isNew: !known };
}

/** Whether a connection has the account of a started grant. */
const hasAccount = ({ authorization }: StoredConnection, started: StartedConnection, account: Account | null): boolean =>
  authorization !== null && authorization.account_id !== null && relationTo(started, authorization, account) === "same";

/**
 * Whether a started grant would serve a disabled connection, or be another one of its owner to the same account. A disabled connection that
 * was disconnected has no account any more: it may have been any.
 */
export const isDisabled = ({ started }: GrantTarget, owned: readonly StoredConnection[], account: Account | null): boolean =>
  owned.some(
    (other) =>
      other.connection.disabled_at !== null &&
      (other.connection.id === started.connection.id || other.authorization?.account_id == null || hasAccount(other, started, account)),
  );

/** A started grant as one of another connection of its owner. */
function moveTo(keys: Keys, started: StartedConnection, target: StoredConnection["connection"]): AuthorizationRow {
  const { authorization } = started;
  const fields = openColumn(keys, started, "sealed_fields");
  const sealedFields = fields && sealColumn(keys.sealer, placeOf(target, authorization.id), "sealed_fields", fields);
  const mac = keys.macs.sign("authorizations", grantFacts(target, authorization));
  return { ...authorization, connection_id: target.id, sealed_fields: sealedFields, mac };
}

/** Whether a started grant is of another account than its connection, and the connector supports several connections. */
export const needsOtherConnection = (started: StartedConnection, previous: AuthorizationRow | null, account: Account | null): boolean =>
  started.connector.supportsMultipleConnections &&
  previous !== null &&
  previous.account_id !== null &&
  relationTo(started, previous, account) === "other";
