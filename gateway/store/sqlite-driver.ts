import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  SelectQueryNode,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type Libsql from "libsql";
import { LRUCache } from "lru-cache";
import { createWriteQueue, retryWhileBusy, STATEMENT_TIMEOUT_MS } from "./write-queue.ts";
import { boundedByCount } from "../runtime/bounded-by-count.ts";

const STATEMENT_CACHE_ENTRIES = 200;

/** Two connections to one file: in WAL mode, readers never wait for a writer (sqlite.org/wal.html). */
export interface SqliteConnections {
  writer: Libsql.Database;
  reader: Libsql.Database;
  /** Runs before each read and each write; what it throws is what the caller gets. */
  beforeRead(): void;
  beforeWrite(): void;
  /** Is told of what a statement failed with. */
  onError(error: unknown): void;
}

/**
 * Reads outside of transactions go to the reader at once; everything else queues for the writer. What the transient dialect writes outside of
 * transactions is not on the disk once it is committed (`synchronous=normal`): a loss of power may undo it, the end of a process does not.
 */
export function createSqliteDialects(connections: SqliteConnections): Record<"durable" | "transient", Dialect> {
  const files = openExecutors(connections);
  const toDialect = (isTransient: boolean): Dialect => ({
    createDriver: () => createDriver(files, isTransient),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (database) => new SqliteIntrospector(database),
  });
  return { durable: toDialect(false), transient: toDialect(true) };
}

function openExecutors({ writer, reader, onError, ...hooks }: SqliteConnections) {
  return {
    ...hooks,
    writer,
    reader,
    queue: createWriteQueue(),
    execute: createExecutor(writer, onError),
    read: createExecutor(reader, onError),
  };
}

function createDriver({ writer, reader, queue, execute, read, ...hooks }: ReturnType<typeof openExecutors>, isTransient: boolean): Driver {
  const { beforeRead, beforeWrite } = hooks;
  /** What ends the turn of each connection that is in a transaction. */
  const turns = new WeakMap<DatabaseConnection, () => void>();

  const write = <Row>(query: CompiledQuery) =>
    queue.enter(() => {
      beforeWrite();
      return execute<Row>(query);
    });

  /** A statement that is a transaction of its own. */
  async function writeAlone<Row>(query: CompiledQuery) {
    const { result, leave } = await (isTransient ? queue.enter(() => writeUnsynced<Row>(query)) : write<Row>(query));
    leave();
    return result;
  }
  async function writeUnsynced<Row>(query: CompiledQuery) {
    beforeWrite();
    writer.exec("pragma synchronous = normal");
    try {
      return await execute<Row>(query);
    } finally {
      writer.exec("pragma synchronous = full");
    }
  }

  function connect(): DatabaseConnection {
    const connection: DatabaseConnection = {
      async executeQuery<Row>(query: CompiledQuery) {
        if (turns.has(connection)) return execute<Row>(query);
        if (SelectQueryNode.is(query.query)) {
          beforeRead();
          return retryWhileBusy(() => read<Row>(query), performance.now() + STATEMENT_TIMEOUT_MS);
        }
        return writeAlone<Row>(query);
      },
      streamQuery() {
        throw new TypeError("Streaming is not supported.");
      },
    };
    return connection;
  }

  function endTurn(connection: DatabaseConnection): void {
    turns.get(connection)?.();
    turns.delete(connection);
  }

  return {
    init: async () => {},
    acquireConnection: async () => connect(),
    // As a writer: a reader that turns writer while another process writes would fail at once (sqlite.org/lang_transaction.html).
    async beginTransaction(connection) {
      const { leave } = await write(CompiledQuery.raw("begin immediate"));
      turns.set(connection, leave);
    },
    async commitTransaction() {
      await execute(CompiledQuery.raw("commit"));
    },
    // Some errors, as a full disk, have rolled it back already: their code must not give way to "no transaction is active".
    async rollbackTransaction() {
      if (writer.inTransaction) await execute(CompiledQuery.raw("rollback"));
    },
    releaseConnection: async (connection) => endTurn(connection),
    async destroy() {
      writer.close();
      reader.close();
    },
  };
}

/** Executes statements at once, each prepared once. */
function createExecutor(file: Libsql.Database, onError: (error: unknown) => void) {
  const statements = new LRUCache<string, ReturnType<SqliteDatabase["prepare"]>>(boundedByCount(STATEMENT_CACHE_ENTRIES));
  const prepare = (text: string) => {
    const known = statements.get(text);
    if (known) return known;
    const statement = file.prepare(text);
    statements.set(text, statement);
    return statement;
  };
  const driver = new SqliteDriver({ database: { close: () => void file.close(), prepare } });
  const connecting = driver.init().then(() => driver.acquireConnection());

  return async <Row>(query: CompiledQuery) => {
    try {
      const connection = await connecting;
      return await connection.executeQuery<Row>(query);
    } catch (error) {
      onError(error);
      throw error;
    }
  };
}
