import type { Kysely } from "kysely";
import { changeBatch } from "./change-batch.ts";
import { type CoveredRow, macColumns, readCovered, signCovered } from "./covered-rows.ts";
import type { Database } from "./database.ts";
import { countKeyed, type KeyedColumn, listKeyIds } from "./key-ids.ts";
import { type CoveredTable, nameOf, type RowMacs } from "./row-macs.ts";
import { readSealed, replaceSealed, type SealedPlace, type SealedSecret, sealedPlaces } from "./sealed-places.ts";
import { SealError, type Sealer } from "./sealing.ts";
import type { Tables } from "./tables.ts";

/** Every column whose values are made with a key of the ring. */
export const keyedColumns: readonly KeyedColumn[] = [...sealedPlaces, ...macColumns];

/** Rows read at a time. */
const BATCH_ROWS = 100;
/** How often the store is searched again for values that a running gateway has made with an old key. */
const MAXIMUM_ROUNDS = 3;

/** The result of moving the store to the first key. */
export interface Resealed {
  /** Secrets that were sealed again, and HMACs that were made again. */
  count: number;
  /** Those that still name another key. */
  remaining: number;
}

export interface ResealOptions {
  database: Pick<Database, "kind" | "query">;
  sealer: Sealer;
  macs: RowMacs;
  /** Called after each batch: how many are done, of how many. */
  onProgress: (done: number, total: number) => void;
  /** Called for each that does not open or verify, with why. It stays as it is. */
  onUnopened: (row: string, why: string) => void;
}

/**
 * Seals every secret of the store with the ring's first key, and makes every HMAC with it. Gateways may run meanwhile: a value
 * that one of them replaces is left as it is. A second run continues where the first stopped, as the index finds only what remains.
 */
export async function reseal({ onUnopened, ...rest }: ResealOptions): Promise<Resealed> {
  const told = new Set<string>();
  const tellOnce: ResealOptions["onUnopened"] = (row, why) => {
    if (!told.has(row)) onUnopened(row, why);
    told.add(row);
  };
  const options = { ...rest, onUnopened: tellOnce };
  const total = await countRemaining(options);
  let count = 0;
  for (let round = 0; round < MAXIMUM_ROUNDS; round += 1) {
    const done = await resealOnce(options, (inRound) => options.onProgress(count + inRound, Math.max(total, count + inRound)));
    count += done;
    if (done === 0) break;
  }
  return { count, remaining: await countRemaining(options) };
}

async function resealOnce(options: ResealOptions, onProgress: (done: number) => void): Promise<number> {
  const { query } = options.database;
  let done = 0;
  const walk = async <Row>(keyed: KeyedColumn, { read, replace, keyOf }: Walk<Row>) => {
    for (const keyId of await listOldKeys(options, keyed)) {
      let after = "";
      for (;;) {
        const batch = await read({ keyId, after, limit: BATCH_ROWS });
        const last = batch.at(-1);
        if (last === undefined) break;
        done += await changeBatch(options.database, async (changing) => {
          let replaced = 0;
          for (const row of batch) replaced += (await replace(changing, row)) ? 1 : 0;
          return replaced;
        });
        after = keyOf(last);
        onProgress(done);
      }
    }
  };
  for (const place of sealedPlaces)
    await walk<SealedSecret>(place, {
      read: (where) => readSealed(query, place, where),
      replace: (changing, secret) => resealOne(options, changing, place, secret),
      keyOf: ({ key }) => key,
    });
  for (const column of macColumns)
    await walk<CoveredRow>(column, {
      read: (where) => readCovered(query, column.table, where),
      replace: (changing, row) => signOne(options, changing, column.table, row),
      keyOf: (row) => nameOf(column.table, row),
    });
  return done;
}

/** How to walk the rows of one column, by their own key. */
interface Walk<Row> {
  read(where: { keyId: string; after: string; limit: number }): Promise<Row[]>;
  replace(query: Kysely<Tables>, row: Row): Promise<boolean>;
  keyOf(row: Row): string;
}

async function resealOne(
  { sealer, onUnopened }: ResealOptions,
  query: Kysely<Tables>,
  place: SealedPlace,
  secret: SealedSecret,
): Promise<boolean> {
  try {
    const next = sealer.seal(sealer.open(secret.envelope, secret.context), secret.context);
    return await replaceSealed(query, place, secret, next);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    onUnopened(`${place.table}.${place.column} of ${secret.key}`, error.message);
    return false;
  }
}

async function signOne({ macs, onUnopened }: ResealOptions, query: Kysely<Tables>, table: CoveredTable, row: CoveredRow): Promise<boolean> {
  if (macs.verify(table, row)) return signCovered(query, macs, table, row);
  onUnopened(`${table}.mac of ${nameOf(table, row)}`, "The row does not verify: it was changed or moved.");
  return false;
}

const listOldKeys = async ({ database, sealer }: ResealOptions, keyed: KeyedColumn): Promise<string[]> =>
  (await listKeyIds(database.query, keyed)).filter((id) => id !== sealer.keyIds[0]);

async function countRemaining(options: ResealOptions): Promise<number> {
  let remaining = 0;
  for (const keyed of keyedColumns)
    for (const keyId of await listOldKeys(options, keyed)) remaining += await countKeyed(options.database.query, keyed, keyId);
  return remaining;
}
