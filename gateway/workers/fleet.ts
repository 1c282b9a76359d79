import { WorkersError } from "../config/workers-error.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Ending, WorkerProcess } from "./worker-process.ts";

/** A worker that has served for so long does not count as one that could not start. In milliseconds. */
const STEADY_MS = 10_000;
/** A gateway gives up after so many attempts in a row to start a worker, at its own start, and later where no worker serves. */
export const MAXIMUM_FAILED_STARTS = 3;
/** How long to wait before the third attempt in a row, twice as long before each further one. The second comes at once. */
const RESTART_DELAY_MS = 500;
const MAXIMUM_RESTART_DELAY_MS = 30_000;

export interface FleetOptions {
  size: number;
  /** Starts a worker. Once it serves, `serves` is to be called. */
  launch(number: number): WorkerProcess;
  onServing(worker: WorkerProcess): void;
  onEnd(worker: WorkerProcess): void;
  clock: Pick<Clock, "now" | "sleep">;
  log: Pick<Log, "info" | "error">;
}

/** Keeps so many workers running. */
export interface Fleet {
  /** Resolves once all of them serve. Rejects as `failed`. */
  start(): Promise<void>;
  serves(worker: WorkerProcess): void;
  /** Rejects with a `WorkersError` once the gateway has to give up. */
  failed: Promise<never>;
  /** All that run, those that have not started yet among them. */
  running(): readonly WorkerProcess[];
  serving(): readonly WorkerProcess[];
  /** Workers that have ended and were replaced. */
  replaced(): number;
  /** No worker is replaced any more. */
  stopReplacing(): void;
  isStopping(): boolean;
  /** Resolves when all have ended. */
  ended(): Promise<void>;
}

export function createFleet({ size, launch, onServing, onEnd, clock, log }: FleetOptions): Fleet {
  const running = new Set<WorkerProcess>();
  const serving = new Map<WorkerProcess, number>();
  const firstServing = new Map<number, () => void>();
  const stopping = new AbortController();
  const slots: Promise<void>[] = [];
  let replaced = 0;
  let giveUp: (error: WorkersError) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => (giveUp = reject));
  failed.catch(() => {});

  /** One worker after another, until the gateway stops. */
  async function keepRunning(number: number): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; replaced += 1) {
      const worker = launch(number);
      running.add(worker);
      const ending = await worker.ended;
      const servedSince = serving.get(worker);
      const isSteady = servedSince !== undefined && clock.now() - servedSince >= STEADY_MS;
      failures = isSteady ? 0 : failures + 1;
      running.delete(worker);
      serving.delete(worker);
      onEnd(worker);
      if (stopping.signal.aborted) return;
      const isFirst = firstServing.has(number);
      const hasFailedOften = failures >= MAXIMUM_FAILED_STARTS && (isFirst || serving.size === 0);
      if (hasFailedOften || (isFirst && ending.failure)) return giveUp(errorOf(worker, ending));
      log.error({ worker: number, pid: worker.pid, ...causeOf(ending) }, "a worker ended: a new one is started in its place");
      await clock.sleep(restartDelayMs(failures), stopping.signal);
    }
  }

  /** Resolves once the worker of this number serves. */
  const begin = (number: number): Promise<void> =>
    new Promise((resolve) => {
      firstServing.set(number, resolve);
      slots.push(keepRunning(number));
    });

  return {
    async start() {
      // The first one by itself: it migrates the store, and says once what is wrong.
      await Promise.race([begin(1), failed]);
      const others = Array.from({ length: size - 1 }, (_each, index) => begin(index + 2));
      await Promise.race([Promise.all(others), failed]);
    },
    serves(worker) {
      serving.set(worker, clock.now());
      onServing(worker);
      log.info({ worker: worker.number, pid: worker.pid }, "a worker is ready");
      firstServing.get(worker.number)?.();
      firstServing.delete(worker.number);
    },
    failed,
    running: () => [...running],
    serving: () => [...serving.keys()],
    replaced: () => replaced,
    stopReplacing: () => stopping.abort(),
    isStopping: () => stopping.signal.aborted,
    ended: async () => void (await Promise.all(slots)),
  };
}

const restartDelayMs = (failures: number): number =>
  failures < 2 ? 0 : Math.min(RESTART_DELAY_MS * 2 ** (failures - 2), MAXIMUM_RESTART_DELAY_MS);

const causeOf = ({ code, signal, failure }: Ending) => (failure ? { reason: failure.reason } : signal ? { signal } : { code });

function errorOf({ number }: WorkerProcess, { code, signal, failure }: Ending): WorkersError {
  if (failure) return new WorkersError(failure.reason, failure.exitCode);
  const how = signal ? `by ${signal}` : `with code ${code}`;
  return new WorkersError(`No worker is running: worker ${number} ended ${how}, ${MAXIMUM_FAILED_STARTS} times in a row.`, 1);
}
