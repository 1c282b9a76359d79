import type { Kysely } from "kysely";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { changeBatch } from "./change-batch.ts";
import { hasCovered, macColumns, readCovered, signCovered } from "./covered-rows.ts";
import type { Database } from "./database.ts";
import { listKeyIds } from "./key-ids.ts";
import { type CoveredTable, nameOf, type RowMacs } from "./row-macs.ts";
import { SealError } from "./sealing.ts";
import type { Tables, UpgradeRow } from "./tables.ts";

/**
 * How long rows without an HMAC are accepted in a store that an earlier release has written, in milliseconds: a day. Gateways of that
 * release may run beside this one until then.
 */
export const UPGRADE_WINDOW_MS = 86_400_000;
/** Rows read at a time. */
const BATCH_ROWS = 100;
/** How long until the next try while the store is away. */
const RETRY_MS = 60_000;
const NAME = "row-macs";

export interface UpgradeOptions {
  database: Database;
  macs: RowMacs;
  /** The store's. */
  clock: Clock;
  log: Pick<Log, "info" | "warn" | "error">;
}

/** Work in the background of a started gateway, until every row has its HMAC. */
export interface RowUpgrade {
  /** The next start continues it. */
  stop(): Promise<void>;
}

/**
 * Refuses rows that do not verify, in a store whose rows all have their HMAC. In one that an earlier release has written, gives every row
 * its HMAC, again at the end of `UPGRADE_WINDOW_MS`, and refuses from then on. An authenticated row of `upgrades` records that.
 * Throws `SealError` when that row is missing although rows have HMACs, or does not verify.
 */
export async function startRowUpgrade(options: UpgradeOptions): Promise<RowUpgrade> {
  const { macs, log } = options;
  const upgrade = await findOrStart(options);
  if (!macs.verify("upgrades", upgrade)) throw new SealError(CHANGED);
  if (upgrade.completed_at !== null) {
    macs.enforce();
    return { stop: async () => {} };
  }
  const endsAt = upgrade.started_at + UPGRADE_WINDOW_MS;
  log.warn({ until: new Date(endsAt).toISOString() }, "an earlier release wrote the store: until then, rows without an HMAC are accepted");
  const stopping = new AbortController();
  const work = upgradeRows(options, upgrade, endsAt, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await work;
    },
  };
}

const CHANGED =
  "The row of the store that says which rows must have an HMAC is missing or does not verify: XKIT_ENCRYPTION_KEYS has another key, or something other than this gateway changed the store.";

async function findOrStart({ database: { query }, macs, clock }: UpgradeOptions): Promise<UpgradeRow> {
  const found = await findUpgrade(query);
  if (found) return found;
  // In this order: another process writes this row before its first HMAC.
  const hasMacs = await hasAnyMac(query);
  const isNew = !(await hasCovered(query));
  const foundSince = await findUpgrade(query);
  if (foundSince) return foundSince;
  if (hasMacs) throw new SealError(CHANGED);
  const now = clock.now();
  const row = { name: NAME, started_at: now, completed_at: isNew ? now : null };
  await query
    .insertInto("upgrades")
    .values({ ...row, mac: macs.sign("upgrades", row) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return query.selectFrom("upgrades").selectAll().where("name", "=", NAME).executeTakeFirstOrThrow();
}

const findUpgrade = (query: Kysely<Tables>) => query.selectFrom("upgrades").selectAll().where("name", "=", NAME).executeTakeFirst();

async function hasAnyMac(query: Kysely<Tables>): Promise<boolean> {
  for (const column of macColumns) if ((await listKeyIds(query, column)).length > 0) return true;
  return false;
}

/** Never rejects: what fails is tried again. */
async function upgradeRows(options: UpgradeOptions, upgrade: UpgradeRow, endsAt: number, signal: AbortSignal): Promise<void> {
  const { database, macs, clock, log } = options;
  const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  while (!signal.aborted) {
    const isLast = clock.now() >= endsAt;
    try {
      await signAll(options, signal);
      if (isLast && !signal.aborted) {
        const completed = { ...upgrade, completed_at: clock.now() };
        await database.query
          .updateTable("upgrades")
          .set({ completed_at: completed.completed_at, mac: macs.sign("upgrades", completed) })
          .where("name", "=", NAME)
          .where("completed_at", "is", null)
          .execute();
        macs.enforce();
        // Rows that were read before they had their HMAC.
        database.dropCaches();
        log.info({}, "every row of the store has an HMAC: from now on, a row that does not verify is refused");
        return;
      }
      await Promise.race([clock.until(endsAt), aborted]);
    } catch (err) {
      log.error({ err }, "some rows could not get an HMAC: the gateway tries again");
      await Promise.race([clock.until(clock.now() + RETRY_MS), aborted]);
    }
  }
}

async function signAll({ database, macs }: UpgradeOptions, signal: AbortSignal): Promise<void> {
  for (const { table } of macColumns) if (table !== "upgrades") await signTable(database, macs, table, signal);
}

async function signTable(database: Database, macs: RowMacs, table: CoveredTable, signal: AbortSignal): Promise<void> {
  let after = "";
  while (!signal.aborted) {
    const rows = await readCovered(database.query, table, { after, limit: BATCH_ROWS });
    const last = rows.at(-1);
    if (!last) return;
    const unsigned = rows.filter((row) => !macs.verify(table, row));
    await changeBatch(database, async (query) => {
      for (const row of unsigned) await signCovered(query, macs, table, row);
    });
    after = nameOf(table, last);
  }
}
