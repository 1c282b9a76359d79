import type { HistoryEntry } from "../../schema/events.ts";
import { describeProblem } from "../../schema/problems.ts";
import type { Owner, OwnerConnections } from "../../schema/upstream.ts";
import { parseHistoryScopes, readHistory } from "../custody/history.ts";
import type { Database } from "../store/database.ts";
import type { HistoryRow } from "../store/event-tables.ts";
import { choose, type ConnectionStore, type StoredConnection } from "./connections.ts";
import { refreshesOf } from "./happenings.ts";

interface Dependencies {
  connections: Pick<ConnectionStore, "list">;
  database: Pick<Database, "query">;
}

/** Reads the histories of an owner's connections. Refreshes since the last entry are shown before it, under the number that they will have. */
export const createHistory =
  ({ connections, database }: Dependencies, owner: Owner): NonNullable<OwnerConnections["history"]> =>
  async (connectionId, { first, before }) => {
    const stored = choose(await connections.list(owner), { id: connectionId });
    if (!stored) return null;
    const rows = await readHistory(database.query, connectionId, { first, before });
    const [newest] = before === null ? rows : await readHistory(database.query, connectionId, { first: 1, before: null });
    const refreshed = unwritten(stored, newest?.number ?? 0).filter(({ number }) => before === null || number < before);
    return [...refreshed, ...rows.map((row) => toEntry(row, stored))].slice(0, first);
  };

/** The newest first. */
function unwritten({ authorization, grants = authorization ? [authorization] : [] }: StoredConnection, newest: number): HistoryEntry[] {
  const folded = refreshesOf(grants).map(({ count, firstAt, lastAt, tokenKind }, index) => ({
    ...nothing,
    number: newest + index + 1,
    kind: "refreshed" as const,
    count,
    firstAt: new Date(firstAt),
    at: new Date(lastAt),
    tokenKind,
  }));
  return folded.toReversed();
}

const nothing = { by: null, code: null, problem: null, addedScopes: [], removedScopes: [] };

function toEntry(row: HistoryRow, { connector }: StoredConnection): HistoryEntry {
  const isProblem = row.kind === "broke" || row.kind === "misconfigured";
  const health = row.kind === "misconfigured" ? "misconfigured" : "reconnect_required";
  return {
    number: row.number,
    kind: row.kind,
    count: row.count,
    firstAt: new Date(row.first_at),
    at: new Date(row.at),
    by: row.by_id === null ? null : { id: row.by_id, name: row.by_name },
    tokenKind: row.token_kind,
    code: row.code,
    problem: isProblem ? describeProblem(connector.name, row.code, health) : null,
    addedScopes: parseHistoryScopes(row.added_scopes),
    removedScopes: parseHistoryScopes(row.removed_scopes),
  };
}
