import type { Database } from "./database.ts";
import { countSealed, listKeyIds, type SealedPlace, type SealedSecret, sealedPlaces, readSealed, replaceSealed } from "./sealed-places.ts";
import { SealError, type Sealer } from "./sealing.ts";

/** Secrets read at a time. */
const BATCH_ROWS = 100;
/** How often it is looked for secrets that a gateway has sealed with an old key meanwhile. */
const MAXIMUM_ROUNDS = 3;

/** What became of sealing the store's secrets with the first key. */
export interface Resealed {
  /** Secrets that were sealed again. */
  count: number;
  /** Secrets that are still sealed with another key. */
  remaining: number;
}

export interface ResealOptions {
  database: Pick<Database, "query">;
  sealer: Sealer;
  /** Called after each batch: how many are done, of how many. */
  onProgress: (done: number, total: number) => void;
  /** Called for each secret that does not open. It stays as it is. */
  onUnopened: (row: string, error: SealError) => void;
}

/**
 * Seals every secret of the store with the ring's first key, while gateways run: a secret that a gateway replaces meanwhile is left to it.
 * Goes on where it stopped when it is run again, as what is done is found in the index.
 */
export async function reseal({ onUnopened, ...rest }: ResealOptions): Promise<Resealed> {
  const told = new Set<string>();
  const tellOnce: ResealOptions["onUnopened"] = (row, error) => {
    if (!told.has(row)) onUnopened(row, error);
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
  let done = 0;
  for (const place of sealedPlaces) {
    for (const keyId of await listOldKeys(options, place)) {
      let after = "";
      for (;;) {
        const batch = await readSealed(options.database.query, place, { keyId, after, limit: BATCH_ROWS });
        const last = batch.at(-1);
        if (!last) break;
        for (const secret of batch) done += (await resealOne(options, place, secret)) ? 1 : 0;
        after = last.key;
        onProgress(done);
      }
    }
  }
  return done;
}

async function resealOne({ database, sealer, onUnopened }: ResealOptions, place: SealedPlace, secret: SealedSecret): Promise<boolean> {
  try {
    const next = sealer.seal(sealer.open(secret.envelope, secret.context), secret.context);
    return await replaceSealed(database.query, place, secret, next);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    onUnopened(`${place.table}.${place.column} of ${secret.key}`, error);
    return false;
  }
}

const listOldKeys = async ({ database, sealer }: ResealOptions, place: SealedPlace): Promise<string[]> =>
  (await listKeyIds(database.query, place)).filter((id) => id !== sealer.keyIds[0]);

async function countRemaining(options: ResealOptions): Promise<number> {
  let remaining = 0;
  for (const place of sealedPlaces)
    for (const keyId of await listOldKeys(options, place)) remaining += await countSealed(options.database.query, place, keyId);
  return remaining;
}
