import type { Kysely } from "kysely";
import { RATE_LIMITS } from "../http/rate-limits.ts";
import type { Database } from "../store/database.ts";
import type { AuthorizationRow, ConnectionRow, Tables } from "../store/tables.ts";
import { locked } from "../vault/connections.ts";

/** What the store has of a person's connecting. */
export interface PersonRows {
  /** Their own connections, with all their grants. */
  own: { connections: ConnectionRow[]; grants: AuthorizationRow[] };
  /** Those of groups, and the grants that they have started there. */
  shared: { connections: ConnectionRow[]; grants: AuthorizationRow[] };
}

/** @param database its kind, where the rows are to be locked until the transaction ends; null: they are only read */
export async function readPerson(query: Kysely<Tables>, userId: string, database: Pick<Database, "kind"> | null): Promise<PersonRows> {
  const started = await query.selectFrom("authorizations").select("connection_id").where("started_by", "=", userId).execute();
  const startedIn = [...new Set(started.map(({ connection_id: id }) => id))];
  const selectOwned = query
    .selectFrom("connections")
    .selectAll()
    .where((row) =>
      row.or([
        row.and([row("owner_kind", "=", "user"), row("owner_id", "=", userId)]),
        ...(startedIn.length > 0 ? [row("id", "in", startedIn)] : []),
      ]),
    )
    .orderBy("id");
  const connections = await (database ? locked(database, selectOwned) : selectOwned).execute();
  const ids = connections.map(({ id }) => id);
  const selectGrants = query.selectFrom("authorizations").selectAll().where("connection_id", "in", ids).orderBy("id");
  const grants = ids.length > 0 ? await (database ? locked(database, selectGrants) : selectGrants).execute() : [];
  const isOwn = ({ owner_kind: kind, owner_id: id }: ConnectionRow) => kind === "user" && id === userId;
  const own = connections.filter(isOwn);
  const ownIds = new Set(own.map(({ id }) => id));
  return {
    own: { connections: own, grants: grants.filter(({ connection_id: id }) => ownIds.has(id)) },
    shared: {
      connections: connections.filter((connection) => !isOwn(connection)),
      grants: grants.filter(({ connection_id: id, started_by: starter }) => !ownIds.has(id) && starter === userId),
    },
  };
}

/** Under what a user's requests are counted. */
export const rateKeysOf = (userId: string): string[] => Object.keys(RATE_LIMITS).map((action) => `${action} user ${userId}`);
