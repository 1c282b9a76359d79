import type { DatabaseConnection, Dialect, Driver } from "kysely";
import { GatewayError } from "../../schema/errors.ts";

/** When a caller may try again, in seconds. */
const RETRY_SECONDS = 1;
/**
 * Connection, resources, operator intervention, read-only transaction, deadlock and lock timeout, I/O, refused login, no such database,
 * a database that takes no connections, timeouts of a transaction
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */
const sqlState = /^(08...|53...|57...|58...|28...|3D000|25006|25P0[34]|55000|40001|40P01|55P03)$/;
/** https://www.sqlite.org/rescode.html */
const sqliteCode = /^SQLITE_(BUSY|LOCKED|FULL|READONLY|IOERR|CANTOPEN|PROTOCOL|NOMEM)/;
/** Errors of the system, as ECONNREFUSED and ENOSPC. Node's own, as ERR_INVALID_ARG_TYPE, are mistakes of a program. */
const systemCode = /^E(?!RR_)[A-Z]{2,}/;
/** What pg throws without a code when a connection broke, or a statement or the wait for a connection took too long. */
const pgMessage = /^(Connection terminated|Client (was closed|has encountered)|Query read timeout|timeout exceeded when trying to connect)/;

/** Whether a driver's error means "not now": the same statement may succeed later. */
export function isUnavailable(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return [sqlState, sqliteCode, systemCode].some((pattern) => pattern.test(code)) || pgMessage.test(error.message);
}

/** TEMPORARILY_UNAVAILABLE. The driver's error is its `cause`, for the log. */
export function unavailable(cause: unknown): GatewayError {
  const error = new GatewayError("TEMPORARILY_UNAVAILABLE", "The store is unavailable: try again shortly.", { retryAfter: RETRY_SECONDS });
  error.cause = cause;
  return error;
}

/**
 * The same dialect, throwing TEMPORARILY_UNAVAILABLE for every error that means "not now", wherever it occurs.
 * @param report is called with each such error of the driver.
 */
export function sortErrors(dialect: Dialect, report: (error: Error) => void): Dialect {
  const sort = async <Result>(action: () => Promise<Result>): Promise<Result> => {
    try {
      return await action();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      report(error);
      throw unavailable(error);
    }
  };
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (database) => dialect.createIntrospector(database),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => sortDriver(dialect.createDriver(), sort),
  };
}

function sortDriver(driver: Driver, sort: <Result>(action: () => Promise<Result>) => Promise<Result>): Driver {
  // A driver knows the connections that it gave.
  const given = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const own = (connection: DatabaseConnection) => given.get(connection) ?? connection;
  return {
    init: () => driver.init(),
    async acquireConnection() {
      const connection = await sort(() => driver.acquireConnection());
      const sorted: DatabaseConnection = {
        executeQuery: (query) => sort(() => connection.executeQuery(query)),
        streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
      };
      given.set(sorted, connection);
      return sorted;
    },
    beginTransaction: (connection, settings) => sort(() => driver.beginTransaction(own(connection), settings)),
    commitTransaction: (connection) => sort(() => driver.commitTransaction(own(connection))),
    // What failed first is thrown, and a broken connection has no transaction.
    rollbackTransaction: (connection) => driver.rollbackTransaction(own(connection)).catch(() => {}),
    releaseConnection: (connection) => driver.releaseConnection(own(connection)),
    destroy: () => driver.destroy(),
  };
}
