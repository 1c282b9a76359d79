import type { Transaction } from "kysely";
import { badUserInput, GatewayError } from "../../schema/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { ATTEMPT_LIFETIME_SECONDS, type Attempts } from "./attempts.ts";
import type { StoredConnection } from "./connections.ts";
import type { AttemptRow, AuthorizationRow, ConnectionRow, Tables } from "../store/tables.ts";

/** Connections of one owner and connector, at most, that are begun and not finished. */
export const MAXIMUM_UNFINISHED = 100;

/** The connection to reconnect, or null for a new one. Throws BAD_USER_INPUT for an id that cannot be used. */
export function findTarget(owned: readonly StoredConnection[], connector: ConnectorConfig, id: string | null): ConnectionRow | null {
  if (id === null) return owned[0]?.connection ?? null;
  const named = owned.find(({ connection }) => connection.id === id);
  if (named) return named.connection;
  if (owned.some(({ connection }) => connection.enabled) && !connector.supportsMultipleConnections) {
    throw badUserInput(`id: ${connector.name} can be connected once only: leave id out to reconnect.`, "id");
  }
  return null;
}

/** The rows of what is begun. */
export function createBegun({ attempts, clock }: { attempts: Attempts; clock: Clock }) {
  /**
   * Throws BAD_USER_INPUT for an id that somebody else's connection, or one of another connector, has, and RATE_LIMITED when too many
   * of `owned` are unfinished.
   */
  async function insertConnection(
    transaction: Transaction<Tables>,
    owned: readonly StoredConnection[],
    connection: ConnectionRow,
    { name }: ConnectorConfig,
  ): Promise<void> {
    const abandoned = owned.filter((stored) => isAbandoned(stored, clock.now()));
    if (owned.filter(isUnfinished).length - abandoned.length >= MAXIMUM_UNFINISHED) {
      const message = `There are ${MAXIMUM_UNFINISHED} unfinished connections of ${name} already: finish or disconnect one, or try again later.`;
      throw new GatewayError("RATE_LIMITED", message, { retryAfter: ATTEMPT_LIFETIME_SECONDS });
    }
    await remove(transaction, abandoned);
    const { numInsertedOrUpdatedRows } = await transaction
      .insertInto("connections")
      .values(connection)
      .onConflict((conflict) => conflict.column("id").doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows !== 1n)
      throw badUserInput("id: is already in use: give a new UUID, or the id of your own connection of this connector.", "id");
  }

  async function remove(transaction: Transaction<Tables>, stored: readonly StoredConnection[]): Promise<void> {
    if (stored.length === 0) return;
    const ids = stored.map(({ connection }) => connection.id);
    const authorizations = transaction.selectFrom("authorizations").select("id").where("connection_id", "in", ids);
    await transaction.deleteFrom("attempts").where("authorization_id", "in", authorizations).execute();
    await transaction.deleteFrom("authorizations").where("connection_id", "in", ids).execute();
    await transaction.deleteFrom("connections").where("id", "in", ids).execute();
  }

  /** Rule 6: a connection that works, or says why it does not, shows nothing of the attempt before it succeeds. */
  async function insertStarted(
    transaction: Transaction<Tables>,
    { id, enabled, authorization_id: authorizationId }: ConnectionRow,
    authorization: AuthorizationRow,
    attempt: AttemptRow,
  ): Promise<void> {
    await attempts.deleteExpired(transaction);
    await transaction
      .deleteFrom("authorizations")
      .where("connection_id", "=", id)
      .$if(authorizationId !== null, (query) => query.where("id", "!=", authorizationId ?? ""))
      .where("id", "not in", (query) => query.selectFrom("attempts").select("authorization_id"))
      .execute();
    await transaction.insertInto("authorizations").values(authorization).execute();
    await transaction.insertInto("attempts").values(attempt).execute();
    if (enabled) return;
    await transaction
      .updateTable("connections")
      .set({ authorization_id: authorization.id, updated_at: clock.now() })
      .where("id", "=", id)
      .execute();
  }

  return { insertConnection, insertStarted };
}

/** A disconnected one has no authorization. */
const isUnfinished = ({ connection, authorization }: StoredConnection): boolean => !connection.enabled && authorization !== null;

/**
 * Whether nothing will come of a connection that never was anything but begun: it is as old as the only authorization it has had.
 * One that was disconnected, and begun again, keeps its id.
 */
const isAbandoned = (stored: StoredConnection, now: number): boolean =>
  isUnfinished(stored) &&
  stored.authorization?.created_at === stored.connection.created_at &&
  stored.authorization.updated_at + ATTEMPT_LIFETIME_SECONDS * 1000 <= now;
