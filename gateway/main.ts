import { createApp } from "./app.ts";
import type { Config } from "./config/config.ts";
import { startGateway } from "./listen.ts";
import { stopOnUnhandledError } from "./runtime/unhandled-error.ts";
import { createLog } from "./runtime/log.ts";
import { reloadOnSignal } from "./reload.ts";
import { stopOnSignal } from "./signals.ts";

/** Longest drain after an unhandled error: the refreshes that follow it have to finish within `UNHANDLED_STOP_TIMEOUT_MS`. */
const LAST_RESORT_DRAIN_MS = 4_000;

/** What stands in for a configuration file: it starts a provider once port and public URL are settled, and configures the gateway for it. */
export type StartDemo = (settled: Config) => Promise<{ config: Config; provider: { close(): Promise<void> } }>;

/** Configuration to app to port, until a signal says stop. @param startDemo Null where there is a configuration file. */
export async function main(config: Config, startDemo: StartDemo | null): Promise<void> {
  const log = createLog(config.logLevel);
  let closeDemo = async () => {};
  const build = async (settled: Config) => {
    if (!startDemo) return { config: settled, app: await createApp(settled, { log }) };
    const demo = await startDemo(settled);
    closeDemo = demo.provider.close;
    return { config: demo.config, app: await createApp(demo.config, { log }) };
  };
  const starting = startGateway(config, build);
  const stop = (hurry?: AbortSignal) => starting.then((running) => running.stop(hurry)).finally(() => closeDemo());
  stopOnSignal(stop);
  stopOnUnhandledError(log, () => stop(AbortSignal.timeout(LAST_RESORT_DRAIN_MS)));
  reloadOnSignal(config.mode, log, async (next) => (await starting).reload(next));
  const gateway = await starting.catch(async (error: unknown) => {
    await closeDemo();
    throw error;
  });
  log.info({ url: gateway.config.publicUrl }, "listening");
  if (config.mode === "development") (await import("./greeting/greet.ts")).greet(gateway.config, startDemo !== null);
}
