import type { Kysely } from "kysely";
import type { Database } from "./database.ts";
import type { Tables } from "./tables.ts";

/**
 * Runs changes of many rows, which do not depend on each other. SQLite has one writer at a time, so one commit takes them all. In Postgres
 * each has its own: a transaction that locks many rows could deadlock with a gateway's.
 */
export const changeBatch = <Result>(
  { kind, query }: Pick<Database, "kind" | "query">,
  changes: (query: Kysely<Tables>) => Promise<Result>,
): Promise<Result> => (kind === "sqlite" ? query.transaction().execute(changes) : changes(query));
