import { createServer, type Server } from "node:net";
import { type Config, ConfigError } from "../config/config.ts";
import type { ConfigFile } from "../config/document.ts";
import { runsDemo } from "../config/runs-demo.ts";
import { drainFor, listen, untilQuiet } from "../http/listener.ts";
import { systemClock } from "../runtime/clock.ts";
import { createLog } from "../runtime/log.ts";
import { createRateLimiter } from "../runtime/rate-limiter.ts";
import { stopOnUnhandledError } from "../runtime/unhandled-error.ts";
import { withTimeout } from "../runtime/with-timeout.ts";
import { reloadOnSignal } from "../reload.ts";
import { stopOnSignal } from "../signals.ts";
import { createDistribution } from "./connections.ts";
import { createFleet } from "./fleet.ts";
import { createRateSharing } from "./rate-sharing.ts";
import { createSharedLimits } from "./shared-limits.ts";
import { createSumOfMetrics } from "./sum-of-metrics.ts";
import { answerTo, forkWorker, type WorkerMessage, type WorkerProcess } from "./worker-process.ts";

/** Longest that a stop waits for its workers to take the last connections, in milliseconds. */
const SETTLE_TIMEOUT_MS = 1_000;
/** Longest that workers take to stop once nothing is handed to them any more. Then they are killed. */
const WORKERS_STOP_TIMEOUT_MS = 22_000;

/**
 * Runs a gateway as several processes: this one accepts connections and hands each to the worker that has the fewest, counts rates, adds
 * metrics up, and replaces workers that end. It answers no request itself, and has no store.
 * Ends the process when a signal says stop, and when no worker can be started: then it prints the worker's own reason.
 * Throws `ConfigError` where only one process can serve.
 * @param command The file of the command line, by which workers are started.
 */
export async function runPrimary(config: Config, file: ConfigFile | null, command: string): Promise<void> {
  if (runsDemo(config, file)) throw new ConfigError([ONE_DEMO]);
  const log = createLog(config.logLevel);
  const server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true });
  // A free port is found first, because the public URL may name it.
  const port = config.port === 0 ? await listen(server, config) : config.port;
  let current = file;
  const { fleet, distribution } = createParts(config, (number, onMessage) =>
    forkWorker({ number, command, start: { port, file: current }, onMessage }),
  );
  server.on("connection", distribution.add);

  const stop = async (hurry: AbortSignal) => {
    fleet.stopReplacing();
    for (const worker of fleet.running()) worker.send({ type: "drain" });
    onAbort(hurry, () => fleet.running().forEach((worker) => worker.send({ type: "hurry" })));
    if (server.listening) await close(server, config.drainMs, hurry);
    await withTimeout(distribution.settled(), SETTLE_TIMEOUT_MS);
    for (const worker of fleet.running()) worker.send({ type: "finish" });
    await withTimeout(fleet.ended(), WORKERS_STOP_TIMEOUT_MS);
    for (const worker of fleet.running()) worker.kill("SIGKILL");
  };
  let stopping: Promise<void> | undefined;
  const stopOnce = (hurry: AbortSignal) => (stopping ??= stop(hurry));
  stopOnSignal(stopOnce);
  stopOnUnhandledError(log, () => stopOnce(AbortSignal.abort()));
  reloadOnSignal(config.mode, log, async (_config, next) => {
    current = next;
    for (const worker of fleet.running()) worker.send({ type: "reload", file: next });
  });
  try {
    await fleet.start();
    if (stopping) return;
    if (!server.listening) await listen(server, config);
  } catch (error) {
    await stopOnce(AbortSignal.abort());
    throw error;
  }
  log.info({ url: config.publicUrl.replace(/:0$/, `:${port}`), workers: config.workers }, "listening");
  fleet.serving()[0]?.send({ type: "greet" });
  await fleet.failed.catch(async (error: unknown) => {
    await stopOnce(AbortSignal.abort());
    throw error;
  });
}

const ONE_DEMO = "--workers or XKIT_WORKERS needs a configuration file (XKIT_CONFIG, else xkit.config.json): the demo runs in one process";

/** The parts of a primary, each of which the workers' messages go to. */
function createParts(
  config: Config,
  launch: (number: number, onMessage: (worker: WorkerProcess, message: WorkerMessage) => void) => WorkerProcess,
) {
  const log = createLog(config.logLevel);
  const distribution = createDistribution(config.maximumConnections);
  const sharing = createRateSharing();
  const limits = createSharedLimits();
  const limiter = createRateLimiter({ clock: systemClock, log, share: config.databaseUrl.startsWith("file:") ? null : sharing.share });
  const fleet = createFleet({
    size: config.workers,
    launch: (number) => launch(number, receive),
    onServing(worker) {
      distribution.join(worker);
      // It was not there yet when the others were told.
      if (fleet.isStopping()) worker.send({ type: "drain" });
      tellServing();
    },
    onEnd(worker) {
      distribution.end(worker);
      sharing.end(worker);
      limits.end(worker);
      metrics.end(worker);
      tellServing();
    },
    clock: systemClock,
    log,
  });
  const metrics = createSumOfMetrics(fleet);

  function tellServing(): void {
    const serving = fleet.serving();
    for (const worker of serving) worker.send({ type: "serving", serving: serving.length, wanted: config.workers });
  }

  function receive(worker: WorkerProcess, message: WorkerMessage): void {
    if (message.type === "ready") fleet.serves(worker);
    else if (message.type === "taken") distribution.take(worker, message.connection, message.open);
    else if (message.type === "open") distribution.count(worker, message.open);
    else if (message.type === "leaving") distribution.leave(worker);
    else if (message.type === "shares") sharing.join(worker);
    else if (message.type === "acquire") answerTo(worker, message.question, limits.acquire(worker, message));
    else if (message.type === "release") limits.release(worker, message.acquired);
    else if (message.type === "consume") answerTo(worker, message.question, limiter.consume(message.key, message));
    else void metrics.collect().then((snapshots) => answerTo(worker, message.question, snapshots));
  }

  return { fleet, distribution };
}

/** Stops listening, after the drain, at a moment at which no connection has arrived and is not accepted yet. */
async function close(server: Server, drainMs: number, hurry: AbortSignal): Promise<void> {
  await drainFor(drainMs, hurry);
  await untilQuiet(server);
  server.close();
}

function onAbort(signal: AbortSignal, listener: () => void): void {
  if (signal.aborted) listener();
  else signal.addEventListener("abort", listener, { once: true });
}
