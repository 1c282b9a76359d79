import { type Kysely, type RawBuilder, sql } from "kysely";
import { z } from "zod";
import type { Tables } from "./tables.ts";

/** A column each value of which names the key that it was made with: an envelope, or an HMAC. It has an index by key id. */
export interface KeyedColumn {
  table: keyof Tables;
  column: string;
}

/** The characters of an envelope, beside its dots. */
const ENVELOPE_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** `s1.`, an id of at most 32 characters, and the next dot. */
const HEAD_CHARACTERS = 36;

/**
 * SQL that reads the key id of an envelope, for SQLite and Postgres. The indexes of migrations 0006, 0008, 0013 and 0019 are on this
 * expression: with any other text, queries would read every row.
 */
export const keyIdSql = (column: string): string =>
  `rtrim(substr(rtrim(substr(${column}, 1, ${HEAD_CHARACTERS}), '${ENVELOPE_CHARACTERS}'), 4), '.')`;

export const keyIdIn = ({ column }: Pick<KeyedColumn, "column">): RawBuilder<string> => sql.raw(keyIdSql(column));

const countSchema = z.object({ count: z.coerce.number() });
const keyIdSchema = z.object({ key_id: z.string() });

/** The ids of the keys that rows of a column name. One step in the index for each: no row is read. */
export async function listKeyIds(query: Kysely<Tables>, keyed: KeyedColumn): Promise<string[]> {
  const ids: string[] = [];
  for (let next = await keyIdAfter(query, keyed, null); next !== null; next = await keyIdAfter(query, keyed, next)) ids.push(next);
  return ids;
}

async function keyIdAfter(query: Kysely<Tables>, keyed: KeyedColumn, last: string | null): Promise<string | null> {
  const id = keyIdIn(keyed);
  // Not "is not null", for which SQLite goes through all that are null.
  const isLater = last === null ? sql`${id} >= ''` : sql`${id} > ${last}`;
  const { rows } = await sql`select ${id} as key_id from ${sql.table(keyed.table)} where ${isLater} order by ${id} limit 1`.execute(query);
  return rows[0] === undefined ? null : keyIdSchema.parse(rows[0]).key_id;
}

/** How many rows of a column name a key, counted in the index. @param most counts no more than that; null: all */
export async function countKeyed(query: Kysely<Tables>, keyed: KeyedColumn, keyId: string, most: number | null = null): Promise<number> {
  const named = sql`select 1 from ${sql.table(keyed.table)} where ${keyIdIn(keyed)} = ${keyId}`;
  const { rows } = await sql`select count(*) as count from (${named}${most === null ? sql`` : sql` limit ${most}`}) as named`.execute(
    query,
  );
  return countSchema.parse(rows[0]).count;
}

/** How many values name a key. */
export interface KeyUse {
  keyId: string;
  values: number;
  /** By column, as `authorizations.sealed_access_token`; the spool's files are `spool`. */
  columns: readonly { name: string; values: number }[];
}

/** What a sealing key is to the store: the one that seals, one that opens what is left, one that nothing needs, or one that is missing. */
export type KeyState = "seals" | "opens" | "spare" | "missing";

/** Each key of the ring, and each that only the store names, with what it is. @param ring ids, the one that seals first. */
export function describeKeys(ring: readonly string[], uses: readonly KeyUse[]): (KeyUse & { state: KeyState })[] {
  const known = new Map(uses.map((use) => [use.keyId, use]));
  return [...new Set([...ring, ...known.keys()])].map((keyId) => {
    const use = known.get(keyId) ?? { keyId, values: 0, columns: [] };
    const held = use.values > 0 ? "opens" : "spare";
    return { ...use, state: !ring.includes(keyId) ? "missing" : keyId === ring[0] ? "seals" : held };
  });
}

/** Which uses of keys are counted. */
export interface KeyUsesOptions {
  /** Of which keys. Default: of all. */
  isWanted?: (keyId: string) => boolean;
  /** How many values of each column at most. Default null: all. */
  most?: number | null;
}

/** How many values name each key. Keys that none names are left out. */
export async function listKeyUses(
  query: Kysely<Tables>,
  columns: readonly KeyedColumn[],
  { isWanted = () => true, most = null }: KeyUsesOptions = {},
): Promise<KeyUse[]> {
  const uses: KeyUse[] = [];
  for (const keyed of columns) {
    for (const keyId of (await listKeyIds(query, keyed)).filter(isWanted)) {
      const values = await countKeyed(query, keyed, keyId, most);
      uses.push({ keyId, values, columns: [{ name: `${keyed.table}.${keyed.column}`, values }] });
    }
  }
  return sumKeyUses(uses);
}

/** Uses of several places, one for each key. */
export function sumKeyUses(uses: readonly KeyUse[]): KeyUse[] {
  const sums = new Map<string, KeyUse>();
  for (const { keyId, values, columns } of uses) {
    const sum = sums.get(keyId) ?? { keyId, values: 0, columns: [] };
    sums.set(keyId, { keyId, values: sum.values + values, columns: [...sum.columns, ...columns] });
  }
  return [...sums.values()];
}
