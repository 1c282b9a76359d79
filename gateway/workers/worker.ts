import { Socket } from "node:net";
import { type App, createAppBeside } from "../app.ts";
import { type Config, ConfigError, parseConfig } from "../config/config.ts";
import { explainFailure } from "../config/explain-error.ts";
import { type ConnectionServer, serveConnections } from "../listen.ts";
import { createLog, type Log } from "../runtime/log.ts";
import { stopOnUnhandledError } from "../runtime/unhandled-error.ts";
import { type Start, type ToPrimary, type ToWorker, toWorkerSchema } from "./messages.ts";
import { createPrimaryLink } from "./primary-link.ts";

/** Within so many milliseconds the primary hears of connections that have closed. */
const COUNT_INTERVAL_MS = 100;
/** Longest that running requests take to finish after an unhandled error. */
const LAST_RESORT_MS = 4_000;

type Send = (message: ToPrimary, done?: () => void) => void;

/**
 * Runs one worker, which serves the connections that its primary hands it. Signals are the primary's: they reach the workers too where they
 * go to a group of processes. Without its primary it finishes the requests that run, and ends.
 * @param sendToPrimary What sends a message to the process that started this one.
 */
export async function runWorker(number: number, sendToPrimary: NonNullable<typeof process.send>): Promise<void> {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {});
  const end = () => process.exit(0);
  process.once("disconnect", end);
  const send: Send = (message, done) => void sendToPrimary(message, undefined, {}, () => done?.());
  const link = createPrimaryLink(send);
  const hurry = new AbortController();
  let serve: ((message: ToWorker, socket: Socket | undefined) => void) | null = null;

  /** The newest configuration that came before it served. */
  let early: ToWorker | null = null;
  const begin = (serving: NonNullable<typeof serve>) => {
    serve = serving;
    if (early) serve(early, undefined);
    send({ type: "ready" });
  };
  process.on("message", (received, handle) => {
    const message = toWorkerSchema.parse(received);
    link.receive(message);
    if (message.type === "hurry") hurry.abort();
    if (message.type === "start") {
      void open(message).then(begin, (error: unknown) => fail(error, send));
    } else if (serve) serve(message, toSocket(handle));
    // It has not served anything yet.
    else if (message.type === "finish") end();
    else if (message.type === "reload") early = message;
  });

  async function open(start: Start) {
    const { config, log } = configure(number, start);
    const app = await createAppBeside(link, config, { log });
    const server = serveConnections(config, app);
    const finish = async (signal: AbortSignal) => {
      send({ type: "leaving" });
      await server.finish(signal);
    };
    stopOnUnhandledError(log, () => finish(AbortSignal.timeout(LAST_RESORT_MS)));
    process.off("disconnect", end).once("disconnect", () => {
      log.error({}, "the primary process ended, so this worker stops");
      void finish(hurry.signal).then(end, end);
    });
    server.onClose(createCounter(server, send));
    const reload = createReload(server, {
      build: (file) => createAppBeside(link, configure(number, { ...start, file }).config, { log }),
      async giveUp(cause) {
        log.error({ reason: explainFailure(cause) }, "the worker cannot use the new configuration, and stops");
        await finish(AbortSignal.timeout(LAST_RESORT_MS)).then(end, end);
      },
    });
    return (message: ToWorker, socket: Socket | undefined) => {
      if (message.type === "connection") {
        if (socket) server.take(socket);
        send({ type: "taken", connection: message.connection, open: server.count() });
      } else if (message.type === "greet" && config.mode === "development") void greet(config);
      else if (message.type === "reload") reload(message.file);
      else if (message.type === "drain") server.drain();
      else if (message.type === "finish") void finish(hurry.signal).then(end, end);
    };
  }
}

interface Reloading {
  build(file: Start["file"]): Promise<App>;
  giveUp(cause: unknown): Promise<void>;
}

/**
 * Serves by one configuration after another, as they come. The primary has checked each. A worker that cannot serve by it ends, and the
 * primary starts another one with it.
 */
function createReload(server: Pick<ConnectionServer, "reload">, { build, giveUp }: Reloading): (file: Start["file"]) => void {
  let last = Promise.resolve();
  return (file) => {
    last = last
      .then(() => build(file))
      .then((app) => server.reload(app))
      .catch(giveUp);
  };
}

/** The configuration as the primary read it, at the port that the primary has. */
function configure(number: number, { port, file }: Start): { config: Config; log: Log } {
  const config = parseConfig(process.env, file);
  const log = createLog(config.logLevel, undefined, { worker: number });
  return { config: { ...config, port, publicUrl: config.publicUrl.replace(/:0$/, `:${port}`) }, log };
}

/** Says why this worker cannot start, and ends. */
function fail(error: unknown, send: Send): void {
  const exitCode = error instanceof ConfigError ? 2 : 1;
  send({ type: "failed", reason: explainFailure(error), exitCode }, () => process.exit(exitCode));
}

/** Tells the primary how many connections are open once some have closed. */
function createCounter(server: ConnectionServer, send: Send): () => void {
  let timer: NodeJS.Timeout | null = null;
  const tell = () => {
    timer = null;
    send({ type: "open", open: server.count() });
  };
  return () => void (timer ??= setTimeout(tell, COUNT_INTERVAL_MS).unref());
}

const toSocket = (handle: unknown): Socket | undefined => (handle instanceof Socket ? handle : undefined);

const greet = async (config: Config) => (await import("../greeting/greet.ts")).greet(config, false);
