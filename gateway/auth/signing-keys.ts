import { randomBytes } from "node:crypto";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { type Transaction, sql } from "kysely";
import { z } from "zod";
import type { Clock } from "../runtime/clock.ts";
import { createRowCache } from "../store/cache.ts";
import type { Topic } from "../store/changes.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { contextOf } from "../store/sealed-places.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import type { SigningKeyRow, Tables } from "../store/tables.ts";

/** EdDSA over Curve25519 (RFC 8037 section 3.1). */
export const SIGNING_ALGORITHM = "EdDSA";
const CURVE = "Ed25519";
const KEY_ID_BYTES = 12;
/** How long a retired key outlives its last token: clocks of machines differ, and news travels. */
const RETIREMENT_MARGIN_MS = 60_000;
const SECOND_MS = 1_000;
export const SIGNING_KEYS_TOPIC: Topic = "signing-keys";

/** RFC 8037 section 2. `d` is the private half. */
const publicJwkSchema = z.object({ kty: z.literal("OKP"), crv: z.literal(CURVE), x: z.string() });
const privateJwkSchema = publicJwkSchema.extend({ d: z.string() });

export interface SigningKeys {
  /** The key that signs. Throws `SealError` when it does not open. */
  current(): Promise<{ id: string; privateJwk: JWK }>;
  /** The public half of a key that still verifies, or null. */
  find(id: string): Promise<JWK | null>;
  /** Until when a key verifies, in milliseconds since the epoch: Infinity for the one that signs, null for one that no longer does. */
  findEnd(id: string): Promise<number | null>;
  /** Every key that still verifies, as a JWK Set (RFC 7517 section 5) for `/.well-known/jwks.json`. */
  publicJwks(): Promise<{ keys: JWK[] }>;
  /** A new key signs from now on, in every process; the old one verifies until its last token has expired. */
  rotate(): Promise<void>;
}

interface SigningKey {
  row: SigningKeyRow;
  publicJwk: JWK;
}

export interface SigningKeysOptions {
  database: Database;
  sealer: Sealer;
  macs: RowMacs;
  clock: Clock;
  /** The longest life of a token signed with these keys. */
  longestTokenSeconds: number;
}

/** Opens the signing keys, and makes the first one. Throws `SealError` when the one that signs does not open. */
export async function createSigningKeys({ database, sealer, macs, clock, longestTokenSeconds }: SigningKeysOptions): Promise<SigningKeys> {
  const verifyingMs = longestTokenSeconds * SECOND_MS + RETIREMENT_MARGIN_MS;
  const cache = createRowCache<readonly SigningKey[]>(database.changes);
  const load = async () => {
    const rows = await database.query.selectFrom("signing_keys").selectAll().orderBy("created_at", "desc").execute();
    return rows.filter((row) => macs.accept("signing_keys", row)).map((row) => ({ row, publicJwk: publicJwkOf(row) }));
  };
  const endOf = ({ row }: SigningKey) => (row.retired_at === null ? Infinity : row.retired_at + verifyingMs);
  const list = async () => (await cache.get(SIGNING_KEYS_TOPIC, load)).filter((key) => clock.now() < endOf(key));

  const keys: SigningKeys = {
    async current() {
      const key = (await list()).find(({ row }) => row.retired_at === null);
      if (!key) throw new Error("The store has no signing key: restart the gateway, which creates one.");
      return { id: key.row.id, privateJwk: openPrivateJwk(sealer, key.row) };
    },
    find: async (id) => (await list()).find(({ row }) => row.id === id)?.publicJwk ?? null,
    async findEnd(id) {
      const key = (await list()).find(({ row }) => row.id === id);
      return key ? endOf(key) : null;
    },
    publicJwks: async () => ({ keys: (await list()).map(({ publicJwk }) => publicJwk) }),
    async rotate() {
      const next = await generate({ sealer, macs, clock });
      await database.write([SIGNING_KEYS_TOPIC], async (transaction) => {
        await lock(database, transaction);
        const retiredBefore = clock.now() - verifyingMs;
        await transaction.deleteFrom("signing_keys").where("retired_at", "<", retiredBefore).execute();
        for (const row of (await listActive(transaction)).filter((active) => macs.accept("signing_keys", active))) {
          const retired = { ...row, retired_at: clock.now() };
          await transaction
            .updateTable("signing_keys")
            .set({ retired_at: retired.retired_at, mac: macs.sign("signing_keys", retired) })
            .where("id", "=", row.id)
            .execute();
        }
        await transaction.insertInto("signing_keys").values(next).execute();
      });
    },
  };

  await ensureKey({ database, sealer, macs, clock });
  await keys.current();
  return keys;
}

type KeyOptions = Pick<SigningKeysOptions, "sealer" | "macs" | "clock">;

/** Makes the first key. */
async function ensureKey({ database, ...options }: KeyOptions & { database: Database }): Promise<void> {
  const active = await listActive(database.query);
  if (active.some((row) => options.macs.accept("signing_keys", row))) return;
  if (active.length > 0)
    throw new SealError("The current signing key does not verify: XKIT_ENCRYPTION_KEYS has another key, or the key's row was changed.");
  const first = await generate(options);
  await database.write([SIGNING_KEYS_TOPIC], async (transaction) => {
    await lock(database, transaction);
    if ((await listActive(transaction)).length === 0) await transaction.insertInto("signing_keys").values(first).execute();
  });
}

const listActive = (query: Pick<Transaction<Tables>, "selectFrom">) =>
  query.selectFrom("signing_keys").selectAll().where("retired_at", "is", null).execute();

/** One writer at a time. In SQLite every transaction is that already. */
async function lock(database: Database, transaction: Transaction<Tables>): Promise<void> {
  if (database.kind === "postgres") await sql`lock table signing_keys in share row exclusive mode`.execute(transaction);
}

async function generate({ sealer, macs, clock }: KeyOptions): Promise<SigningKeyRow> {
  const { privateKey } = await generateKeyPair(SIGNING_ALGORITHM, { crv: CURVE, extractable: true });
  const jwk = privateJwkSchema.parse(await exportJWK(privateKey));
  const id = randomBytes(KEY_ID_BYTES).toString("base64url");
  const row = { id, public_jwk: JSON.stringify(publicJwkSchema.parse(jwk)), created_at: clock.now(), retired_at: null };
  const sealed = sealer.seal(JSON.stringify(jwk), contextOf.signingKey(id));
  return { ...row, sealed_private_jwk: sealed, mac: macs.sign("signing_keys", row) };
}

const openPrivateJwk = (sealer: Sealer, row: SigningKeyRow) =>
  privateJwkSchema.parse(JSON.parse(sealer.open(row.sealed_private_jwk, contextOf.signingKey(row.id))));

const publicJwkOf = (row: SigningKeyRow) => ({
  ...publicJwkSchema.parse(JSON.parse(row.public_jwk)),
  kid: row.id,
  alg: SIGNING_ALGORITHM,
  use: "sig",
});
