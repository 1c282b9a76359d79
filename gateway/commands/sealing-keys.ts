import { randomBytes } from "node:crypto";
import { theOperator } from "../custody/audit-event.ts";
import { systemClock } from "../runtime/clock.ts";
import { listAllKeyUses, openSealedDatabase, type Services } from "../services.ts";
import { describeKeys, type KeyState, type KeyUse } from "../store/key-ids.ts";
import { reseal } from "../store/reseal.ts";
import { createSealingKey } from "../store/sealing.ts";
import { printRows, type PrintOptions } from "./print-rows.ts";
import { assertStoreThere, readServicesConfig, silentLog } from "./with-services.ts";

/** Length of the random part of a key's id. */
const KEY_ID_BYTES = 4;

/** `keys seal`: prints a new sealing key. Keys created on the same day have different ids. */
export function printSealingKey(): void {
  console.log(createSealingKey(`key-${new Date().toISOString().slice(0, 10)}-${randomBytes(KEY_ID_BYTES).toString("hex")}`));
}

/** `keys status`: counts the stored values that use each sealing key. Works also if a key is missing, and names it. */
export async function printKeyStatus(options: PrintOptions): Promise<void> {
  const config = readServicesConfig();
  assertStoreThere(config.databaseUrl);
  const { database, sealer } = await openSealedDatabase(config, systemClock, silentLog);
  try {
    const keys = describeKeys(sealer.keyIds, await listAllKeyUses(database, config));
    const rows = keys.map(({ keyId: id, state, values, columns }) => ({ id, state: stateTexts[state], values, columns }));
    printRows(rows, describeUse, options, "No sealing keys.");
  } finally {
    await database.close();
  }
}

function describeUse({ id, state, values, columns }: { id: string; state: string } & Pick<KeyUse, "values" | "columns">): string {
  const details = columns.map((column) => `${column.name} ${column.values}`).join(", ");
  return [id, state, `${values} values`, ...(details ? [details] : [])].join("  ");
}

const stateTexts: Record<KeyState, string> = {
  seals: "seals",
  opens: "opens",
  spare: "opens, can be removed",
  missing: "missing in XKIT_ENCRYPTION_KEYS",
};

/** `keys reseal`: seals everything with the first key. */
export async function resealStore({ database, sealer, macs, audit }: Services): Promise<void> {
  const { count, remaining } = await reseal({
    database,
    sealer,
    macs,
    onProgress: (done, total) => console.error(`${done} of ${total}`),
    onUnopened: (row, why) => console.error(`${row} was not changed. ${why}`),
  });
  audit.record({ action: "key.reseal", actor: theOperator, details: { count, remaining } });
  console.log(`${count} values in the store now use ${sealer.keyIds[0]}.`);
  if (remaining === 0) return;
  console.error(
    `${remaining} still use another key. Start every gateway with ${sealer.keyIds[0]} as its first key, then run this command again.`,
  );
  process.exitCode = 1;
}
