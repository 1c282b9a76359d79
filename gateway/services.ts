import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Auth, createAuth } from "./auth/index.ts";
import { type Audit, createAudit } from "./custody/audit.ts";
import type { Clock } from "./runtime/clock.ts";
import { type Config, ConfigError, dataDirectoryOf } from "./config/config.ts";
import { sealingKeySchema } from "./config/environment.ts";
import type { Log } from "./runtime/log.ts";
import type { Database } from "./store/database.ts";
import { openDatabase } from "./store/open.ts";
import { type KeyUse, type KeyUsesOptions, listKeyUses, sumKeyUses } from "./store/key-ids.ts";
import { keyedColumns } from "./store/reseal.ts";
import { createRowMacs, type RowMacs } from "./store/row-macs.ts";
import { type RowUpgrade, startRowUpgrade } from "./store/row-upgrade.ts";
import { createSealer, createSealingKey, SealError, type Sealer, type SealingKey } from "./store/sealing.ts";
import { listSpoolKeyUses } from "./vault/spool.ts";

/** The store, the keys to it, and who may ask: what the server and the command line have in common. */
export interface Services {
  database: Database;
  sealer: Sealer;
  macs: RowMacs;
  auth: Auth;
  /** What is done here is recorded in it. */
  audit: Audit;
  close(): Promise<void>;
}

/** Opens them over the configured store. Throws `ConfigError` when its secrets do not open with the keys that there are. */
export async function openServices(config: Config, machine: Clock, log: Log): Promise<Services> {
  const { database, sealer, macs } = await openSealedDatabase(config, machine, log);
  let upgrade: RowUpgrade | null = null;
  try {
    await assertKeysThere(database, sealer, config);
    upgrade = await startRowUpgrade({ database, macs, clock: database.clock, log });
    const { publicUrl, webOrigins, tokenIssuers: issuers } = config;
    const auth = await createAuth({ database, sealer, macs, clock: database.clock, publicUrl, webOrigins, issuers, log });
    const audit = createAudit({ database, sealer, macs, clock: database.clock, log });
    return {
      database,
      sealer,
      macs,
      auth,
      audit,
      async close() {
        await upgrade?.stop();
        await auth.close();
        await audit.close();
        await database.close();
      },
    };
  } catch (error) {
    await upgrade?.stop();
    await database.close();
    throw error instanceof SealError ? new ConfigError([`XKIT_ENCRYPTION_KEYS does not open this store. ${error.message}`]) : error;
  }
}

/** Opens the store with the configured keys, without a check that they open its rows. */
export async function openSealedDatabase(
  config: Config,
  machine: Clock,
  log: Log,
): Promise<Pick<Services, "database" | "sealer" | "macs">> {
  const keys = config.sealingKeys ?? [loadDevelopmentKey(config, log)];
  const listenUrl = config.databaseListenUrl ?? config.databaseUrl;
  return {
    sealer: createSealer(keys),
    macs: createRowMacs(keys, log),
    database: await openDatabase(config.databaseUrl, { clock: machine, log, listenUrl }),
  };
}

/** How much each key has made of what the store and this machine's spool hold. */
export async function listAllKeyUses(
  { query }: Pick<Database, "query">,
  { spoolDirectory }: Pick<Config, "spoolDirectory">,
  options: KeyUsesOptions = {},
): Promise<KeyUse[]> {
  const { isWanted = () => true } = options;
  const spooled = listSpoolKeyUses(spoolDirectory).filter(({ keyId }) => isWanted(keyId));
  return sumKeyUses([...(await listKeyUses(query, keyedColumns, options)), ...spooled]);
}

/** Throws `ConfigError` when rows or spooled tokens name keys that are not in the ring, with the ids and how many values each has made. */
async function assertKeysThere(database: Database, { keyIds }: Sealer, config: Config): Promise<void> {
  const missing = await listAllKeyUses(database, config, { isWanted: (id) => !keyIds.includes(id) });
  if (missing.length === 0) return;
  const problems = missing.map(({ keyId, values, columns }) => {
    const spooled = columns.find(({ name }) => name === "spool")?.values ?? 0;
    const where = spooled > 0 ? ` (${spooled} of them files in ${config.spoolDirectory})` : "";
    return `XKIT_ENCRYPTION_KEYS does not open this store: ${values} of its secrets and HMACs use the key "${keyId}"${where}. Add that key back at the end of the list; xkit-gateway keys reseal retires it${spooled > 0 ? ", and the next start stores the files" : ""}`;
  });
  throw new ConfigError(problems);
}

/** Development without keys: one is made beside the data, for this store alone. */
function loadDevelopmentKey({ databaseUrl }: Config, log: Log): SealingKey {
  const directory = dataDirectoryOf(databaseUrl);
  const path = join(directory, "sealing-key");
  mkdirSync(directory, { recursive: true });
  if (makeOnce(path, createSealingKey("development")))
    log.warn({ path }, "created a sealing key for development; production needs XKIT_ENCRYPTION_KEYS");
  const key = sealingKeySchema.safeParse(readFileSync(path, "utf8"));
  if (!key.success) throw new ConfigError([`${path} is not a sealing key: restore the file that was created with the data beside it`]);
  return key.data;
}

/** Whole or not at all, and by one process alone: another one reads it at the same moment. */
function makeOnce(path: string, text: string): boolean {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, text, { flag: "wx", mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    return false;
  } finally {
    rmSync(draft);
  }
}
