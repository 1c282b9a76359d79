import type { Transaction } from "kysely";
import { badUserInput, GatewayError, type Refusal } from "../../schema/errors.ts";
import { isDevice } from "../oauth/device.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { ATTEMPT_LIFETIME_SECONDS } from "./attempts.ts";
import type { StoredConnection } from "./connections.ts";
import type { Database } from "../store/database.ts";
import type { AttemptRow, AuthorizationRow, ConnectionRow, Tables } from "../store/tables.ts";

/** Most attempts at one connector that a user can have started within `ATTEMPT_LIFETIME_SECONDS`, finished or not. */
export const MAXIMUM_ATTEMPTS = 100;
/** The same where each asks the provider for a code, and for its tokens from then on: providers count them for all users of an app. */
export const MAXIMUM_DEVICE_ATTEMPTS = 10;

/** Expired attempts deleted at most whenever one starts. */
const EXPIRED_ATTEMPTS_DELETED = 100;

/** The connection to reconnect, or null for a new one. Of a connector that supports one connection, every id names that one. */
export function findTarget(owned: readonly StoredConnection[], connector: ConnectorConfig, id: string | null): ConnectionRow | null {
  if (id === null) return owned[0]?.connection ?? null;
  const named = owned.find(({ connection }) => connection.id === id);
  if (named) return named.connection;
  return connector.supportsMultipleConnections ? null : (owned[0]?.connection ?? null);
}

/** Bounds what one user can leave behind, in a group too. Throws RATE_LIMITED. */
export async function assertMayStart(
  transaction: Transaction<Tables>,
  userId: string,
  { slug, name, oauth }: ConnectorConfig,
  now: number,
): Promise<void> {
  const maximum = oauth && isDevice(oauth.provider) ? MAXIMUM_DEVICE_ATTEMPTS : MAXIMUM_ATTEMPTS;
  const { count } = await transaction
    .selectFrom("attempts")
    .select((row) => row.fn.countAll().as("count"))
    .where("user_id", "=", userId)
    .where("connector_slug", "=", slug)
    .where("expires_at", ">", now)
    .executeTakeFirstOrThrow();
  if (Number(count) < maximum) return;
  const refusal: Refusal = ({ refusals }) => refusals.tooManyAttempts(name, maximum);
  throw new GatewayError("RATE_LIMITED", refusal, { retryAfter: ATTEMPT_LIFETIME_SECONDS });
}

/** Removes the abandoned ones of `owned` but for `target`, which is about to be started. */
export async function removeAbandoned(
  transaction: Transaction<Tables>,
  owned: readonly StoredConnection[],
  target: ConnectionRow | null,
  now: number,
): Promise<void> {
  const abandoned = owned.filter((stored) => stored.connection.id !== target?.id && isAbandoned(stored, now));
  await remove(transaction, abandoned);
}

/** Throws BAD_USER_INPUT for an id that a connection of another owner or connector has. */
export async function insertConnection(transaction: Transaction<Tables>, connection: ConnectionRow): Promise<void> {
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto("connections")
    .values(connection)
    .onConflict((conflict) => conflict.column("id").doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows !== 1n)
    throw badUserInput("id: is already in use: give a new UUID, or the id of your own connection of this connector.", "id");
}

/** Rule 6: a connection that works, or says why it does not, shows nothing of the attempt before it succeeds. */
export async function insertStarted(
  transaction: Transaction<Tables>,
  { id, enabled, authorization_id: authorizationId }: ConnectionRow,
  authorization: AuthorizationRow,
  attempt: AttemptRow,
  now: number,
): Promise<void> {
  await transaction
    .deleteFrom("authorizations")
    .where("connection_id", "=", id)
    .where("came_with", "is", null)
    .$if(authorizationId !== null, (query) => query.where("id", "!=", authorizationId ?? ""))
    .where("id", "not in", (query) => query.selectFrom("attempts").select("authorization_id"))
    .execute();
  await transaction.insertInto("authorizations").values(authorization).execute();
  await transaction.insertInto("attempts").values(attempt).execute();
  if (enabled) return;
  await transaction.updateTable("connections").set({ authorization_id: authorization.id, updated_at: now }).where("id", "=", id).execute();
}

/** Deletes some of the attempts that have expired, of all users. */
export async function deleteExpired({ kind }: Pick<Database, "kind">, transaction: Transaction<Tables>, now: number): Promise<void> {
  const expired = transaction
    .selectFrom("attempts")
    .select("state_hash")
    .where("expires_at", "<=", now)
    .limit(EXPIRED_ATTEMPTS_DELETED)
    // Several processes delete at once; what another one is deleting is left to it.
    .$if(kind === "postgres", (query) => query.forUpdate().skipLocked());
  await transaction.deleteFrom("attempts").where("state_hash", "in", expired).execute();
}

/** Whether a connection was never enabled and no attempt can enable it: all have expired, or it was disconnected before. */
const isAbandoned = ({ connection, authorization }: StoredConnection, now: number): boolean =>
  connection.first_enabled_at === null &&
  connection.disabled_at === null &&
  (authorization === null || authorization.updated_at + ATTEMPT_LIFETIME_SECONDS * 1000 <= now);

async function remove(transaction: Transaction<Tables>, stored: readonly StoredConnection[]): Promise<void> {
  if (stored.length === 0) return;
  const ids = stored.map(({ connection }) => connection.id);
  const authorizations = transaction.selectFrom("authorizations").select("id").where("connection_id", "in", ids);
  await transaction.deleteFrom("attempts").where("authorization_id", "in", authorizations).execute();
  await transaction.deleteFrom("authorizations").where("connection_id", "in", ids).execute();
  await transaction.deleteFrom("connections").where("id", "in", ids).execute();
}
