import type { ConnectionActions, ImportResult, RefreshStatus } from "../../schema/upstream.ts";
import type { Database } from "../store/database.ts";

/** How many grants are refreshed at once. */
const CONCURRENT_REFRESHES = 8;

/** What a refresh has shown of an imported connection. */
export interface Verification {
  status: RefreshStatus;
  /** The same as one sentence. */
  message: string;
}

/** Whether a status leaves the connection as good as it was imported. */
export const isVerified = ({ status }: Verification): boolean =>
  status === "refreshed" || status === "still_fresh" || status === "not_refreshable";

/**
 * Refreshes each imported connection once, under its lease, and answers what that has shown, by their ids. What was imported before and not
 * refreshed since is refreshed too, so that a verification that was stopped goes on.
 */
export async function verifyImported(
  { query }: Pick<Database, "query">,
  refresh: ConnectionActions["refresh"],
  results: readonly ImportResult[],
): Promise<ReadonlyMap<string, Verification>> {
  const ids = results.flatMap(({ status, connectionId }) =>
    connectionId !== null && (status === "imported" || status === "skipped") ? [connectionId] : [],
  );
  const open = await listNeverRefreshed(query, ids);
  const verified = new Map<string, Verification>();
  for (let at = 0; at < open.length; at += CONCURRENT_REFRESHES)
    await Promise.all(
      open.slice(at, at + CONCURRENT_REFRESHES).map(async (id) => {
        const refreshed = await refresh(id);
        if (refreshed) verified.set(id, { status: refreshed.status, message: refreshed.message });
      }),
    );
  return verified;
}

/** A grant's version is 1 until its first refresh. */
async function listNeverRefreshed(query: Database["query"], ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await query
    .selectFrom("connections")
    .innerJoin("authorizations", "authorizations.id", "connections.authorization_id")
    .select("connections.id")
    .where("connections.id", "in", ids)
    .where("enabled", "=", 1)
    .where("version", "=", 1)
    .execute();
  return rows.map(({ id }) => id);
}
