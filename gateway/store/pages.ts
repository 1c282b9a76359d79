import { setImmediate as nextTurn } from "node:timers/promises";
import type { z } from "zod";
import { badUserInput } from "../../schema/errors.ts";
import type { Page } from "../../schema/upstream.ts";
import { safeParseJson } from "../runtime/json.ts";

/** Rows that are counted in one statement: SQLite holds its process for as long. */
export const ROWS_PER_COUNT = 20_000;
/** Most rows that are looked at for a total. A longer list has none. */
export const MAXIMUM_COUNTED_ROWS = 2_000_000;
/** Most rows that are looked at for one page. Where few of them pass the filter, the page is shorter, and the next goes on from there. */
export const MAXIMUM_SEEN_PER_PAGE = 2_000;
/** How many times more are looked at in a further round, where those before did not fill the page. */
const GROWTH_OF_ROUNDS = 4;
/** Longest cursor that is read, in characters: an id has at most 255, each of at most four bytes. */
const MAXIMUM_CURSOR_CHARACTERS = 2_048;

/** The cursor of a row: what its list is ordered by. It begins with the list's name, as another list's cursor would skip rows. */
export const writeCursor = (key: readonly [list: string, ...(string | number)[]]): string =>
  Buffer.from(JSON.stringify(key)).toString("base64url");

/** What a cursor was made of; null for none. Throws BAD_USER_INPUT for what is no cursor of the list. */
export function readCursor<Key>(schema: z.ZodType<Key>, cursor: string | null): Key | null {
  if (cursor === null) return null;
  const json = cursor.length > MAXIMUM_CURSOR_CHARACTERS ? undefined : safeParseJson(Buffer.from(cursor, "base64url").toString());
  const key = schema.safeParse(json);
  if (!key.success) throw badUserInput("after: is not a cursor of this list: use the end cursor of the page before.", "after");
  return key.data;
}

/** A page of rows that were read in order, one more than `first` where there are more. `toItem` null: the row is not shown. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  first: number,
  { cursorOf, toItem, count }: { cursorOf(row: Row): string; toItem(row: Row): Item | null; count: Page<Item>["count"] },
): Page<Item> {
  const shown = rows.slice(0, first);
  const last = shown.at(-1);
  return {
    items: shown.flatMap((row) => {
      const item = toItem(row);
      return item === null ? [] : [{ cursor: cursorOf(row), item }];
    }),
    next: rows.length > first && last !== undefined ? cursorOf(last) : null,
    count,
  };
}

/** A row that was found in a list, and its place there. */
interface Found<Key> {
  readonly key: Key;
}

/** One round of a page: the places that were looked at, in the list's order, and what of them is in the list. */
export interface Round<Key, Row extends Found<Key>> {
  seen: readonly Key[];
  rows: readonly Row[];
}

/**
 * The next `first` rows of a list that a filter thins out, and the place where its next page begins; null at its end.
 * @param readAfter Looks at so many rows after a place.
 */
export async function readInRounds<Key, Row extends Found<Key>>(
  from: Key | null,
  first: number,
  readAfter: (after: Key | null, size: number) => Promise<Round<Key, Row>>,
): Promise<{ rows: Row[]; next: Key | null }> {
  const rows: Row[] = [];
  let [after, looked, size] = [from, 0, first + 1];
  while (looked < MAXIMUM_SEEN_PER_PAGE) {
    const round = await readAfter(after, size);
    rows.push(...round.rows);
    const last = rows[first - 1];
    if (rows.length > first && last) return { rows: rows.slice(0, first), next: last.key };
    if (round.seen.length < size) return { rows, next: null };
    after = round.seen.at(-1) ?? after;
    looked += size;
    size = Math.min(size * GROWTH_OF_ROUNDS, MAXIMUM_SEEN_PER_PAGE - looked);
  }
  return { rows, next: after };
}

/** What one statement has counted. */
export interface Counted<Key> {
  /** Rows that it has looked at. */
  seen: number;
  /** Those among them that are in the list. */
  matched: number;
  /** The last row that it has looked at; null where there is none. */
  last: Key | null;
}

/** How many rows a list has, in statements of `ROWS_PER_COUNT`; null past `MAXIMUM_COUNTED_ROWS`. It is no snapshot: rows come and go meanwhile. */
export async function countRows<Key>(countAfter: (after: Key | null, rows: number) => Promise<Counted<Key>>): Promise<number | null> {
  let [seen, matched] = [0, 0];
  let after: Key | null = null;
  while (seen <= MAXIMUM_COUNTED_ROWS) {
    const counted: Counted<Key> = await countAfter(after, ROWS_PER_COUNT);
    seen += counted.seen;
    matched += counted.matched;
    if (counted.seen < ROWS_PER_COUNT) return matched;
    after = counted.last;
    // Other requests go on in between: SQLite answers in the same turn.
    await nextTurn();
  }
  return null;
}
