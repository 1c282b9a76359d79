import { type ConcurrencyLimit, createConcurrencyLimit } from "../runtime/concurrency-limit.ts";
import type { SharedLimit } from "../runtime/primary.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface Acquisition {
  /** Names it within its worker. */
  question: number;
  limit: SharedLimit;
  holder: string;
  maximum: number;
}

/** What each holder has open in all workers. */
export interface SharedLimits {
  /** False where the holder has as much as it may. */
  acquire(worker: WorkerProcess, acquisition: Acquisition): boolean;
  /** Nothing happens where it was not acquired. */
  release(worker: WorkerProcess, question: number): void;
  /** Releases all that the worker had. */
  end(worker: WorkerProcess): void;
}

export function createSharedLimits(): SharedLimits {
  const limits = new Map<SharedLimit, ConcurrencyLimit>();
  const acquired = new Map<WorkerProcess, Map<number, () => void>>();
  return {
    acquire(worker, { question, limit: name, holder, maximum }) {
      const limit = limits.get(name) ?? createConcurrencyLimit(maximum);
      limits.set(name, limit);
      const release = limit.acquire(holder);
      if (!release) return false;
      acquired.set(worker, (acquired.get(worker) ?? new Map<number, () => void>()).set(question, release));
      return true;
    },
    release(worker, question) {
      acquired.get(worker)?.get(question)?.();
      acquired.get(worker)?.delete(question);
    },
    end(worker) {
      for (const release of acquired.get(worker)?.values() ?? []) release();
      acquired.delete(worker);
    },
  };
}
