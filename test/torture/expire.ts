import { sealingKeySchema } from "../../gateway/config/environment.ts";
import { systemClock } from "../../gateway/runtime/clock.ts";
import { readCovered, signCovered } from "../../gateway/store/covered-rows.ts";
import { openDatabase } from "../../gateway/store/open.ts";
import { createRowMacs } from "../../gateway/store/row-macs.ts";

const GRANTS_AT_MOST = 1_000;

/** Makes every access token due, and forgives the provider its failures: the next request refreshes. */
export async function expireAll(url: string, sealingKey: string): Promise<void> {
  const database = await openDatabase(url, { clock: systemClock });
  const { query } = database;
  try {
    await query.updateTable("authorizations").set({ expires_at: 1, retry_at: null }).where("status", "=", "active").execute();
    // An expiry is believed with its HMAC alone.
    const macs = createRowMacs([sealingKeySchema.parse(sealingKey)], console);
    for (const row of await readCovered(query, "authorizations", { after: "", limit: GRANTS_AT_MOST }))
      await signCovered(query, macs, "authorizations", row);
  } finally {
    await database.close();
  }
}
