import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Config, parseConfig } from "../config/config.ts";
import { readConfigFile, withoutConnectors, withoutSecrets } from "../config/file.ts";
import { createLog, type Log } from "../runtime/log.ts";
import { systemClock } from "../runtime/clock.ts";
import { openServices, type Services } from "../services.ts";
import { UsageError } from "./usage-error.ts";

/** Commands print to the terminal, and do not log. */
export const silentLog: Log = createLog("silent");

/** The gateway's configuration without its connectors and webhooks, for a command that needs none of their secrets. */
export const readServicesConfig = (): Config => parseConfig(process.env, withoutSecrets(readConfigFile()));

/** The same with its webhooks, and so their secrets. */
export const readWebhooksConfig = (): Config => parseConfig(process.env, withoutConnectors(readConfigFile()));

export interface StoreOptions {
  /** Whether the command may create the store that `DATABASE_URL` names. Default false. */
  mayCreateStore?: boolean;
}

type ServicesCommand = (services: Services, config: Config) => Promise<void>;

/**
 * Opens the services for one command, and closes them. Throws `UsageError` if the store's file does not exist: a command that is
 * run in another folder than the gateway must not create a second store.
 */
export const withServices = (command: ServicesCommand, options: StoreOptions = {}): Promise<void> =>
  run(command, readServicesConfig(), options);

/** The same for a command that needs the webhooks, and so their secrets. */
export const withWebhooks = (command: ServicesCommand, options: StoreOptions = {}): Promise<void> =>
  run(command, readWebhooksConfig(), options);

/** The same for a command that needs the connectors, and so their secrets. */
export const withConnectors = (command: ServicesCommand, options: StoreOptions = {}): Promise<void> =>
  run(command, parseConfig(process.env, readConfigFile()), options);

async function run(command: ServicesCommand, config: Config, { mayCreateStore = false }: StoreOptions): Promise<void> {
  if (!(mayCreateStore && process.env["DATABASE_URL"])) assertStoreThere(config.databaseUrl);
  const services = await openServices(config, systemClock, silentLog);
  try {
    await command(services, config);
  } finally {
    await services.close();
  }
}

/** Throws `UsageError` if the file of a SQLite store does not exist. */
export function assertStoreThere(databaseUrl: string): void {
  if (!databaseUrl.startsWith("file:")) return;
  const path = resolve(databaseUrl.slice("file:".length));
  if (!existsSync(path))
    throw new UsageError(`There is no store at ${path}. Run the command in the gateway's folder, or set DATABASE_URL to its store.`);
}
