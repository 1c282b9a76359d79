import type { Kysely } from "kysely";
import type { Database } from "./database.ts";
import type { Tables } from "./tables.ts";

/**
 * Runs changes of many rows, each of which stands by itself. In one commit where there is one writer at a time anyway; in Postgres each by
 * itself, as a transaction that holds many rows could deadlock with a gateway's.
 */
export const changeBatch = <Result>(
  { kind, query }: Pick<Database, "kind" | "query">,
  changes: (query: Kysely<Tables>) => Promise<Result>,
): Promise<Result> => (kind === "sqlite" ? query.transaction().execute(changes) : changes(query));
