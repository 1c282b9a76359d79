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

/** Reads outside of transactions go to the reader at once; everything else queues for the writer. */
export function createSqliteDialect(connections: SqliteConnections): Dialect {
  return {
    createDriver: () => createDriver(connections),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (database) => new SqliteIntrospector(database),
  };
}

function createDriver({ writer, reader, beforeRead, beforeWrite, onError }: SqliteConnections): Driver {
  const queue = createWriteQueue();
  /** What ends the turn of each connection that is in a transaction. */
  const turns = new WeakMap<DatabaseConnection, () => void>();
  const [execute, read] = [createExecutor(writer, onError), createExecutor(reader, onError)];

  const write = <Row>(query: CompiledQuery) =>
    queue.enter(() => {
      beforeWrite();
      return execute<Row>(query);
    });

  function connect(): DatabaseConnection {
    const connection: DatabaseConnection = {
      async executeQuery<Row>(query: CompiledQuery) {
        if (turns.has(connection)) return execute<Row>(query);
        if (SelectQueryNode.is(query.query)) {
          beforeRead();
          return retryWhileBusy(() => read<Row>(query), performance.now() + STATEMENT_TIMEOUT_MS);
        }
        const { result, leave } = await write<Row>(query);
        leave();
        return result;
      },
      streamQuery() {
        throw new TypeError("The store's rows are not streamed.");
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
  const statements = new LRUCache<string, ReturnType<SqliteDatabase["prepare"]>>({ max: STATEMENT_CACHE_ENTRIES });
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
