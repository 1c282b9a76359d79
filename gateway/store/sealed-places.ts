import { type Kysely, type RawBuilder, sql } from "kysely";
import { z } from "zod";
import type { Tables } from "./tables.ts";

/** A column that holds envelopes, each of which names the key that it was made with. */
export interface SealedPlace {
  table: "signing_keys" | "authorizations" | "attempts";
  key: "id" | "state_hash";
  column: string;
}

type TokenColumn = "sealed_access_token" | "sealed_refresh_token" | "sealed_fields";

const ofTokens = (column: TokenColumn) => ({ table: "authorizations", key: "id", column }) as const;

/** Every sealed column of the store. Each has an index by key id. */
export const sealedPlaces: readonly SealedPlace[] = [
  { table: "signing_keys", key: "id", column: "sealed_private_jwk" },
  { table: "attempts", key: "state_hash", column: "sealed_verifier" },
  ofTokens("sealed_access_token"),
  ofTokens("sealed_refresh_token"),
  ofTokens("sealed_fields"),
];

/** What each secret is bound to, as the `context` of `Sealer`. */
export const contextOf = {
  signingKey: (id: string): string => `signing_keys:${id}:private_jwk`,
  verifier: (stateHash: string): string => `attempts:${stateHash}:verifier`,
  token: (place: { ownerKind: string; ownerId: string; connectionId: string; authorizationId: string }, column: string): string =>
    JSON.stringify([place.ownerKind, place.ownerId, place.connectionId, place.authorizationId, column]),
};

/** What an envelope's text can consist of but for its dots. */
const ENVELOPE_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** `s1.`, an id of at most 32 characters, and the next dot. */
const HEAD_CHARACTERS = 36;

/**
 * SQL that reads the key id of an envelope, for SQLite and Postgres. The indexes of migration 0006 are on this very text, so it is never
 * edited: what reads it without them reads every row.
 */
export const keyIdSql = (column: string): string =>
  `rtrim(substr(rtrim(substr(${column}, 1, ${HEAD_CHARACTERS}), '${ENVELOPE_CHARACTERS}'), 4), '.')`;

const keyIdIn = ({ column }: SealedPlace): RawBuilder<string> => sql.raw(keyIdSql(column));

const countSchema = z.object({ count: z.coerce.number() });
const keyIdSchema = z.object({ key_id: z.string() });

/** The ids of the keys that rows of a column name. One step in the index for each: no row is read. */
export async function listKeyIds(query: Kysely<Tables>, place: SealedPlace): Promise<string[]> {
  const ids: string[] = [];
  for (let next = await keyIdAfter(query, place, null); next !== null; next = await keyIdAfter(query, place, next)) ids.push(next);
  return ids;
}

async function keyIdAfter(query: Kysely<Tables>, place: SealedPlace, last: string | null): Promise<string | null> {
  const id = keyIdIn(place);
  const isLater = last === null ? sql`${id} is not null` : sql`${id} > ${last}`;
  const { rows } = await sql`select ${id} as key_id from ${sql.table(place.table)} where ${isLater} order by ${id} limit 1`.execute(query);
  return rows[0] === undefined ? null : keyIdSchema.parse(rows[0]).key_id;
}

/** How many rows of a column name a key, counted in the index. */
export async function countSealed(query: Kysely<Tables>, place: SealedPlace, keyId: string): Promise<number> {
  const { rows } = await sql`select count(*) as count from ${sql.table(place.table)} where ${keyIdIn(place)} = ${keyId}`.execute(query);
  return countSchema.parse(rows[0]).count;
}

/** How many rows name a key, by column. */
export interface KeyUse {
  keyId: string;
  rows: number;
  /** As `authorizations.sealed_access_token`. */
  columns: readonly { name: string; rows: number }[];
}

/** Who of `isWanted` is named by rows, with counts. Keys that no row names are left out. */
export async function listKeyUses(query: Kysely<Tables>, isWanted: (keyId: string) => boolean = () => true): Promise<KeyUse[]> {
  const uses = new Map<string, { name: string; rows: number }[]>();
  for (const place of sealedPlaces) {
    for (const keyId of (await listKeyIds(query, place)).filter(isWanted)) {
      const use = { name: `${place.table}.${place.column}`, rows: await countSealed(query, place, keyId) };
      uses.set(keyId, [...(uses.get(keyId) ?? []), use]);
    }
  }
  return [...uses].map(([keyId, columns]) => ({ keyId, columns, rows: columns.reduce((sum, { rows }) => sum + rows, 0) }));
}

const sealedSchema = z.object({
  key: z.string(),
  envelope: z.string(),
  owner_kind: z.string().optional(),
  owner_id: z.string().optional(),
  connection_id: z.string().optional(),
});

/** One sealed secret, where it lies. */
export interface SealedSecret {
  key: string;
  envelope: string;
  context: string;
}

/** The next secrets of a column that a key has sealed, after the row `after`, by the row's own key. */
export async function readSealed(
  query: Kysely<Tables>,
  place: SealedPlace,
  { keyId, after, limit }: { keyId: string; after: string; limit: number },
): Promise<SealedSecret[]> {
  const { table, key, column } = place;
  const owner =
    table === "authorizations"
      ? sql`, (select owner_kind from connections where connections.id = connection_id) as owner_kind,
              (select owner_id from connections where connections.id = connection_id) as owner_id, connection_id`
      : sql``;
  const { rows } = await sql`
    select ${sql.ref(key)} as key, ${sql.ref(column)} as envelope ${owner} from ${sql.table(table)}
    where ${keyIdIn(place)} = ${keyId} and ${sql.ref(key)} > ${after} order by ${sql.ref(key)} limit ${limit}`.execute(query);
  return rows.map((row) => {
    const { key: id, envelope, ...owned } = sealedSchema.parse(row);
    return { key: id, envelope, context: contextIn(place, id, owned) };
  });
}

function contextIn({ table, column }: SealedPlace, key: string, row: Omit<z.output<typeof sealedSchema>, "key" | "envelope">): string {
  if (table === "signing_keys") return contextOf.signingKey(key);
  if (table === "attempts") return contextOf.verifier(key);
  const { owner_kind = "", owner_id = "", connection_id = "" } = row;
  return contextOf.token({ ownerKind: owner_kind, ownerId: owner_id, connectionId: connection_id, authorizationId: key }, column);
}

/** Puts another envelope in the place of one. False when it is there no more: a refresh has come in between, and nothing is changed. */
export async function replaceSealed(
  query: Kysely<Tables>,
  { table, key, column }: SealedPlace,
  { key: id, envelope }: SealedSecret,
  next: string,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update ${sql.table(table)} set ${sql.ref(column)} = ${next} where ${sql.ref(key)} = ${id} and ${sql.ref(column)} = ${envelope}`.execute(
    query,
  );
  return numAffectedRows === 1n;
}
