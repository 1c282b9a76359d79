import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import type { HistoryKind } from "../../schema/events.ts";
import type { HistoryRow } from "../store/event-tables.ts";
import type { Tables } from "../store/tables.ts";

/** Entries that are kept of one connection, the newest. */
export const MAXIMUM_HISTORY = 100;

/** A user who did something. */
export interface Actor {
  id: string;
  name: string | null;
}

/** Something that happened to a connection just now. */
export interface Happening {
  kind: Exclude<HistoryKind, "refreshed">;
  /** Left out: no user did it. */
  by?: Actor | null | undefined;
  /** The kind of token that it happened to. Left out or null: the connection's own. */
  tokenKind?: string | null | undefined;
  code?: string | null | undefined;
  scopes?: ScopeChange | undefined;
  /** What tells accounts apart without naming them. */
  account?: string | null | undefined;
  /** When the grant ends, in milliseconds since the epoch, where that is what happens. */
  endsAt?: number | undefined;
  /** False where servers were not told what came before, so that they are not told of this either. Left out: true. */
  isTold?: boolean | undefined;
  /** True where it has happened only if the history says that it was broken before. Left out: false. */
  isUncertain?: boolean | undefined;
}

/** Scopes that were granted, or taken away. */
export interface ScopeChange {
  added: readonly string[];
  removed: readonly string[];
}

/** Refreshes since the last entry: they are written with the next one, as one. */
export interface Refreshes {
  count: number;
  firstAt: number;
  lastAt: number;
  tokenKind: string | null;
}

const scopesSchema = z.array(z.string());

/** A column of scopes. */
export const parseHistoryScopes = (json: string | null): string[] => (json === null ? [] : scopesSchema.parse(JSON.parse(json)));

/**
 * Adds entries to a connection's history, and deletes the oldest past `MAXIMUM_HISTORY`. The connection's row is locked, or new.
 * @param now milliseconds since the epoch
 */
export async function addHistory(
  transaction: Transaction<Tables>,
  connectionId: string,
  { refreshes, happenings }: { refreshes: readonly Refreshes[]; happenings: readonly Happening[] },
  now: number,
): Promise<void> {
  const entries = [...refreshes.map(toFolded), ...happenings.map((happening) => toEntry(happening, now))];
  if (entries.length === 0) return;
  const before = await findNewest(transaction, connectionId);
  const rows = entries.map((entry, index) => ({ ...entry, connection_id: connectionId, number: before + index + 1 }));
  await transaction.insertInto("connection_history").values(rows).execute();
  const newest = before + rows.length;
  if (newest <= MAXIMUM_HISTORY) return;
  // The last account is remembered, however long ago it was connected.
  const account = await findLastAccountRow(transaction, connectionId);
  await transaction
    .deleteFrom("connection_history")
    .where("connection_id", "=", connectionId)
    .where("number", "<=", newest - MAXIMUM_HISTORY)
    .where("number", "<>", account?.number ?? 0)
    .execute();
}

/** The entries that are shown: an older one may be kept for its account. */
const selectShown = (query: Kysely<Tables>, connectionId: string) =>
  query
    .selectFrom("connection_history")
    .where("connection_id", "=", connectionId)
    .where("number", ">", (shown) =>
      shown
        .selectFrom("connection_history as newest")
        .select(({ fn, eb }) => eb(fn.max("newest.number"), "-", MAXIMUM_HISTORY).as("before"))
        .where("newest.connection_id", "=", connectionId),
    );

/** Adds the first entry of each of these new connections. @param now milliseconds since the epoch */
export async function addFirstEntries(
  transaction: Transaction<Tables>,
  first: readonly { connectionId: string; happening: Happening }[],
  now: number,
): Promise<void> {
  if (first.length === 0) return;
  const rows = first.map(({ connectionId, happening }) => ({ ...toEntry(happening, now), connection_id: connectionId, number: 1 }));
  await transaction.insertInto("connection_history").values(rows).execute();
}

/**
 * A page of a connection's history, the newest first.
 * @param before the number of an entry: what is older than that. Null: from the newest.
 */
export const readHistory = (
  query: Kysely<Tables>,
  connectionId: string,
  { first, before }: { first: number; before: number | null },
): Promise<HistoryRow[]> =>
  selectShown(query, connectionId)
    .selectAll()
    .$if(before !== null, (older) => older.where("number", "<", before ?? 0))
    .orderBy("number", "desc")
    .limit(first)
    .execute();

const ends: readonly HistoryKind[] = ["broke", "misconfigured"];
const beginnings: readonly HistoryKind[] = ["connected", "reconnected", "healed"];

/** How a kind of token ended, where the history last said that it does not work; else null. @param tokenKind null: the connection's own. */
export async function findEnd(query: Kysely<Tables>, connectionId: string, tokenKind: string | null): Promise<HistoryKind | null> {
  const last = await query
    .selectFrom("connection_history")
    .select("kind")
    .where("connection_id", "=", connectionId)
    .where("token_kind", "is not distinct from", tokenKind)
    .where("kind", "in", [...ends, ...beginnings])
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  return last !== undefined && ends.includes(last.kind) ? last.kind : null;
}

/** The number of the newest entry; 0 where there is none. */
export async function findNewest(query: Kysely<Tables>, connectionId: string): Promise<number> {
  const { newest } = await query
    .selectFrom("connection_history")
    .select(({ fn }) => fn.max("number").as("newest"))
    .where("connection_id", "=", connectionId)
    .executeTakeFirstOrThrow();
  return newest ?? 0;
}

/** How many entries a connection's history has, which are few. */
export async function countHistory(query: Kysely<Tables>, connectionId: string): Promise<number> {
  const { count } = await selectShown(query, connectionId)
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return count;
}

/** What the account was when the connection was last connected; null where that is not known. */
export const findLastAccount = async (query: Kysely<Tables>, connectionId: string): Promise<string | null> =>
  (await findLastAccountRow(query, connectionId))?.account ?? null;

const findLastAccountRow = (query: Kysely<Tables>, connectionId: string) =>
  query
    .selectFrom("connection_history")
    .select(["number", "account"])
    .where("connection_id", "=", connectionId)
    .where("account", "is not", null)
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();

type Entry = Omit<HistoryRow, "connection_id" | "number">;

const toFolded = ({ count, firstAt, lastAt, tokenKind }: Refreshes): Entry => ({
  kind: "refreshed",
  count,
  first_at: firstAt,
  at: lastAt,
  by_id: null,
  by_name: null,
  token_kind: tokenKind,
  code: null,
  added_scopes: null,
  removed_scopes: null,
  account: null,
});

const toEntry = ({ kind, by, tokenKind, code, scopes, account }: Happening, now: number): Entry => ({
  kind,
  count: 1,
  first_at: now,
  at: now,
  by_id: by?.id ?? null,
  by_name: by?.name ?? null,
  token_kind: tokenKind ?? null,
  code: code ?? null,
  added_scopes: scopes ? JSON.stringify(scopes.added) : null,
  removed_scopes: scopes ? JSON.stringify(scopes.removed) : null,
  account: account ?? null,
});
