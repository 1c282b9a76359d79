import { type Config, ConfigError, parseConfig } from "./config/config.ts";
import type { ConfigFile } from "./config/document.ts";
import { explainFailure } from "./config/explain-error.ts";
import { readConfigFile } from "./config/file.ts";
import type { Log } from "./runtime/log.ts";

/**
 * Reads the configuration file again at each SIGHUP, and hands it over where it is valid. What is not is refused, with the list of its
 * problems in the log: then the gateway goes on as it is. One after another, the newest file last. To be called before the gateway has
 * started, as a SIGHUP would end it until then. Outside of production a SIGHUP is what a closed terminal sends: there it ends the process,
 * as ever.
 * @param apply Serves by that configuration. What it throws is logged: then nothing has changed.
 */
export function reloadOnSignal(
  mode: Config["mode"],
  log: Pick<Log, "info" | "error">,
  apply: (config: Config, file: ConfigFile) => Promise<void>,
): void {
  if (mode !== "production") return;
  let last = Promise.resolve();
  process.on("SIGHUP", () => {
    last = last.then(() => reload(log, apply));
  });
}

async function reload(log: Pick<Log, "info" | "error">, apply: Parameters<typeof reloadOnSignal>[2]): Promise<void> {
  try {
    const file = readConfigFile();
    const config = parseConfig(process.env, file);
    // Production has one.
    if (!file) throw new ConfigError(["the configuration file does not exist"]);
    await apply(config, file);
    log.info({ connectors: config.connectors.size }, "the configuration was reloaded");
  } catch (error) {
    if (error instanceof ConfigError) log.error({ problems: error.problems }, "the configuration was not reloaded: it has problems");
    else log.error({ reason: explainFailure(error) }, "the configuration was not reloaded");
  }
}
