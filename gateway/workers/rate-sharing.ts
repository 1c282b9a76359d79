import type { ShareRates } from "../runtime/rate-limiter.ts";
import { drainingSchema } from "./messages.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** Shares what all workers counted with other gateways, by way of a worker: the primary has no store. */
export interface RateSharing {
  share: ShareRates;
  /** The worker can share. */
  join(worker: WorkerProcess): void;
  end(worker: WorkerProcess): void;
}

export function createRateSharing(): RateSharing {
  const workers = new Set<WorkerProcess>();
  return {
    async share(counts) {
      const [worker] = workers;
      const draining = await worker?.ask(drainingSchema, { type: "share", counts: [...counts] });
      if (!draining) throw new Error("No worker could share its counts.");
      const now = Date.now();
      return draining.map(({ key, ms }) => ({ key, drainedAt: now + ms }));
    },
    join: (worker) => void workers.add(worker),
    end: (worker) => void workers.delete(worker),
  };
}
