import { type Config, parseConfig } from "../config/config.ts";
import { readConfigFile, withoutConnectors } from "../config/file.ts";
import { createLog, type Log } from "../runtime/log.ts";
import { systemClock } from "../runtime/clock.ts";
import { openServices, type Services } from "../services.ts";

/** Commands say on the terminal what they have to say. */
export const silentLog: Log = createLog("silent");

/** The gateway's configuration without its connectors, whose secrets no command needs. */
export const readServicesConfig = (): Config => parseConfig(process.env, withoutConnectors(readConfigFile()));

/** Opens the services for one command, and closes them. */
export async function withServices(command: (services: Services, config: Config) => Promise<void>): Promise<void> {
  const config = readServicesConfig();
  const services = await openServices(config, systemClock, silentLog);
  try {
    await command(services, config);
  } finally {
    await services.close();
  }
}
