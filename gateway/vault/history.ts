import { z } from "zod";
import type { HistoryEntry } from "../../schema/events.ts";
import { describeProblem } from "../../schema/problems.ts";
import type { Owner, OwnerConnections } from "../../schema/upstream.ts";
import { countHistory, findNewest, parseHistoryScopes, readHistory } from "../custody/history.ts";
import type { Database } from "../store/database.ts";
import type { HistoryRow } from "../store/event-tables.ts";
import { readCursor, toPage, writeCursor } from "../store/pages.ts";
import { choose, type ConnectionStore, type StoredConnection } from "./connections.ts";
import { refreshesOf } from "./happenings.ts";

interface Dependencies {
  connections: Pick<ConnectionStore, "list">;
  database: Pick<Database, "query">;
}

/** An entry under its number in the history. */
interface Numbered {
  number: number;
  entry: HistoryEntry;
}

/** A number of a history, far past any that is reached. */
const numberSchema = z.int().min(1).max(999_999_999_999);
const cursorSchema = z.tuple([z.literal("history"), numberSchema]);

/** Reads the histories of an owner's connections. Refreshes since the last entry are shown before it, under the number that they will have. */
export const createHistory =
  ({ connections, database }: Dependencies, owner: Owner): NonNullable<OwnerConnections["history"]> =>
  async (connectionId, { first, after }) => {
    const [, before = null] = readCursor(cursorSchema, after) ?? [];
    const stored = choose(await connections.list(owner), { id: connectionId });
    if (!stored) return null;
    const { query } = database;
    // One more says whether there is a next page.
    const rows = await readHistory(query, connectionId, { first: first + 1, before });
    const newest = before === null ? (rows[0]?.number ?? 0) : await findNewest(query, connectionId);
    const refreshed = unwritten(stored, newest).filter(({ number }) => before === null || number < before);
    const found = [...refreshed, ...rows.map((row) => ({ number: row.number, entry: toEntry(row, stored) }))];
    return toPage(found, first, {
      cursorOf: ({ number }) => writeCursor(["history", number]),
      toItem: ({ entry }) => entry,
      count: async () => (await countHistory(query, connectionId)) + unwritten(stored, 0).length,
    });
  };

/** The newest first. */
function unwritten({ authorization, grants = authorization ? [authorization] : [] }: StoredConnection, newest: number): Numbered[] {
  const folded = refreshesOf(grants).map(({ count, firstAt, lastAt, tokenKind }, index) => {
    const at = { firstAt: new Date(firstAt), at: new Date(lastAt) };
    return { number: newest + index + 1, entry: { ...nothing, kind: "refreshed" as const, count, ...at, tokenKind } };
  });
  return folded.toReversed();
}

const nothing = { by: null, code: null, problem: null, addedScopes: [], removedScopes: [] };

function toEntry(row: HistoryRow, { connector }: StoredConnection): HistoryEntry {
  const isProblem = row.kind === "broke" || row.kind === "misconfigured";
  const health = row.kind === "misconfigured" ? "misconfigured" : "reconnect_required";
  return {
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
