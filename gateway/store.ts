import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Auth, createAuth } from "./auth/index.ts";
import type { Clock } from "./clock.ts";
import { type Config, ConfigError } from "./config.ts";
import type { Log } from "./log.ts";
import { type Database, openDatabase } from "./vault/database.ts";
import { createSealer, createSealingKey, SealError, type Sealer, type SealingKey } from "./vault/seal.ts";

/** What is kept, and who may ask for it: what the server and the command line have in common. */
export interface Store {
  database: Database;
  sealer: Sealer;
  auth: Auth;
  close(): Promise<void>;
}

/** Opens the store. Throws `ConfigError` when its secrets do not open with the keys that there are. */
export async function openStore(config: Config, clock: Clock, log: Log): Promise<Store> {
  const sealer = createSealer(config.sealingKeys ?? [loadDevelopmentKey(config, log)]);
  const database = await openDatabase(config.databaseUrl, clock);
  try {
    const { publicUrl, webOrigins, tokenIssuers: issuers } = config;
    const auth = await createAuth({ database, sealer, clock, publicUrl, webOrigins, issuers, log });
    return {
      database,
      sealer,
      auth,
      async close() {
        await auth.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error instanceof SealError ? new ConfigError([`XKIT_ENCRYPTION_KEYS does not open this store. ${error.message}`]) : error;
  }
}

/** Development without keys: one is made beside the data, for this store alone. */
function loadDevelopmentKey({ databaseUrl }: Config, log: Log): SealingKey {
  const directory = databaseUrl.startsWith("file:") ? dirname(databaseUrl.slice("file:".length)) : ".data";
  const path = join(directory, "sealing-key");
  mkdirSync(directory, { recursive: true });
  try {
    writeFileSync(path, createSealingKey("development"), { flag: "wx", mode: 0o600 });
    log.warn({ path }, "made a sealing key for development; production needs XKIT_ENCRYPTION_KEYS");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const [id = "", base64 = ""] = readFileSync(path, "utf8").trim().split(":");
  return { id, secret: Buffer.from(base64, "base64") };
}
