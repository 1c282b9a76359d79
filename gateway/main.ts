import { createApp } from "./app.ts";
import { type Config, parseConfig } from "./config/config.ts";
import { readConfigFile } from "./config/file.ts";
import { explainFailure } from "./config/explain-error.ts";
import { startGateway } from "./listen.ts";
import { stopOnUnhandledError } from "./runtime/unhandled-error.ts";
import { createLog } from "./runtime/log.ts";
import { isDecidedHere } from "./config/upstream.ts";

/** Longest drain after an unhandled error: the refreshes that follow it have to finish within `UNHANDLED_STOP_TIMEOUT_MS`. */
const LAST_RESORT_DRAIN_MS = 4_000;

/** Environment to configuration to app to port, until a signal says stop. */
export async function main(): Promise<void> {
  // What cannot be printed must not end the process.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const file = readConfigFile();
  const config = parseConfig(process.env, file);
  const log = createLog(config.logLevel);
  const isDemo = file === null && config.mode === "development" && isDecidedHere("connectors", config.upstream);
  let closeDemo = async () => {};
  const build = async (settled: Config) => {
    if (!isDemo) return { config: settled, app: await createApp(settled, { log }) };
    const demo = await (await import("./demo/demo.ts")).startDemo(settled);
    closeDemo = demo.provider.close;
    return { config: demo.config, app: await createApp(demo.config, { log }) };
  };
  const starting = startGateway(config, build);
  const stop = (hurry?: AbortSignal) => starting.then((running) => running.stop(hurry)).finally(() => closeDemo());
  stopOnSignal(stop);
  stopOnUnhandledError(log, () => stop(AbortSignal.timeout(LAST_RESORT_DRAIN_MS)));
  const gateway = await starting.catch(async (error: unknown) => {
    await closeDemo();
    throw error;
  });
  log.info({ url: gateway.config.publicUrl }, "listening");
  if (config.mode === "development")
    console.log((await import("./demo/banner.ts")).banner(gateway.config, await signInLink(gateway), isDemo));
}

/** From the first moment on: a signal during the start stops what has started once it has. A second signal aborts `hurry`. */
function stopOnSignal(stop: (hurry: AbortSignal) => Promise<void>): void {
  const first = new AbortController();
  const second = new AbortController();
  const onSignal = () => (first.signal.aborted ? second : first).abort();
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  first.signal.addEventListener("abort", () => {
    stop(second.signal).then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(explainFailure(error));
        process.exit(1);
      },
    );
  });
}

const DEVELOPMENT_USER = { id: "ada", name: "Ada" };

/** Null where the upstream says who its users are, which need not be there yet. */
async function signInLink({ app, config }: Awaited<ReturnType<typeof startGateway>>): Promise<string | null> {
  if (!isDecidedHere("users", config.upstream)) return null;
  const { token } = await app.provisionUser(DEVELOPMENT_USER);
  return `${config.publicUrl}/sign-in?token=${token}`;
}
