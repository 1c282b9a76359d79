import { type Kysely, sql } from "kysely";
import { z } from "zod";
import { keyIdIn } from "./key-ids.ts";
import type { Tables } from "./tables.ts";

/** A column that holds envelopes, each of which names the key that it was made with. */
export interface SealedPlace {
  table: "signing_keys" | "authorizations" | "attempts" | "persons";
  key: "id" | "state_hash" | "pseudonym";
  column: string;
}

type TokenColumn = "sealed_access_token" | "sealed_refresh_token" | "sealed_fields" | "sealed_stated";

const ofTokens = (column: TokenColumn) => ({ table: "authorizations", key: "id", column }) as const;

/** Every sealed column of the store. Each has an index by key id. */
export const sealedPlaces: readonly SealedPlace[] = [
  { table: "signing_keys", key: "id", column: "sealed_private_jwk" },
  { table: "attempts", key: "state_hash", column: "sealed_verifier" },
  ofTokens("sealed_access_token"),
  ofTokens("sealed_refresh_token"),
  ofTokens("sealed_fields"),
  ofTokens("sealed_stated"),
  { table: "persons", key: "pseudonym", column: "sealed_key" },
];

/** What each secret is bound to, as the `context` of `Sealer`. */
export const contextOf = {
  signingKey: (id: string): string => `signing_keys:${id}:private_jwk`,
  verifier: (stateHash: string): string => `attempts:${stateHash}:verifier`,
  person: (pseudonym: string, userId: string): string => JSON.stringify(["persons", pseudonym, userId, "key"]),
  token: (place: { ownerKind: string; ownerId: string; connectionId: string; authorizationId: string }, column: string): string =>
    JSON.stringify([place.ownerKind, place.ownerId, place.connectionId, place.authorizationId, column]),
};

const sealedSchema = z.object({
  key: z.string(),
  envelope: z.string(),
  owner_kind: z.string().optional(),
  owner_id: z.string().optional(),
  connection_id: z.string().optional(),
});

/** One sealed secret, and its place. */
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
      : table === "persons"
        ? sql`, user_id as owner_id`
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
  if (table === "persons") return contextOf.person(key, owner_id);
  return contextOf.token({ ownerKind: owner_kind, ownerId: owner_id, connectionId: connection_id, authorizationId: key }, column);
}

/** Replaces an envelope. False, and nothing is changed, when it is not there any more, as after a refresh. */
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
