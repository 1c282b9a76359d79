import { createApp } from "./app.ts";
import { type Config, parseConfig } from "./config/config.ts";
import { readConfigFile } from "./config/file.ts";
import { explainFailure } from "./config/explain-error.ts";
import { startGateway } from "./listen.ts";
import { stopOnUnhandledError } from "./runtime/last-resort.ts";
import { createLog } from "./runtime/log.ts";
import { isEmbedded } from "./config/upstream.ts";

/** Environment to configuration to app to port, until a signal says stop. */
export async function main(): Promise<void> {
  const file = readConfigFile();
  const config = parseConfig(process.env, file);
  const log = createLog(config.logLevel);
  const isDemo = file === null && config.mode === "development" && isEmbedded(config.upstream);
  let closeDemo = async () => {};
  const build = async (settled: Config) => {
    if (!isDemo) return { config: settled, app: await createApp(settled, { log }) };
    const demo = await (await import("./demo/demo.ts")).startDemo(settled);
    closeDemo = demo.provider.close;
    return { config: demo.config, app: await createApp(demo.config, { log }) };
  };
  const starting = startGateway(config, build);
  const stop = () => starting.then((running) => running.stop()).finally(() => closeDemo());
  stopOnSignal(stop);
  stopOnUnhandledError(log, stop);
  const gateway = await starting.catch(async (error: unknown) => {
    await closeDemo();
    throw error;
  });
  log.info({ url: gateway.config.publicUrl }, "listening");
  if (config.mode === "development")
    console.log((await import("./demo/banner.ts")).banner(gateway.config, await signInLink(gateway), isDemo));
}

/** From the first moment on: a signal during the start stops what has started once it has. */
function stopOnSignal(stop: () => Promise<void>): void {
  const onSignal = () => {
    process.off("SIGTERM", onSignal).off("SIGINT", onSignal);
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(explainFailure(error));
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", onSignal).once("SIGINT", onSignal);
}

const DEVELOPMENT_USER = { id: "ada", name: "Ada" };

/** Null before another gateway, which says who its users are and need not be there yet. */
async function signInLink({ app, config }: Awaited<ReturnType<typeof startGateway>>): Promise<string | null> {
  if (!isEmbedded(config.upstream)) return null;
  const { token } = await app.provisionUser(DEVELOPMENT_USER);
  return `${config.publicUrl}/sign-in?token=${token}`;
}
