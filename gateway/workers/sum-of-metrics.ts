import { addCounts, type MetricsSnapshot } from "../runtime/metrics-snapshot.ts";
import { snapshotSchema } from "./messages.ts";
import type { Fleet } from "./fleet.ts";
import type { WorkerProcess } from "./worker-process.ts";

const MICROSECONDS = 1_000_000;

/** What all processes of a gateway have measured. */
export interface SumOfMetrics {
  /** Asks every worker. Of one that does not answer, what it said last counts. */
  collect(): Promise<MetricsSnapshot[]>;
  /** What it has counted stays counted: as much of it as it has told. */
  end(worker: WorkerProcess): void;
}

export function createSumOfMetrics(fleet: Pick<Fleet, "serving" | "replaced">): SumOfMetrics {
  const told = new Map<WorkerProcess, MetricsSnapshot>();
  let ofEnded: MetricsSnapshot = [];

  async function ask(worker: WorkerProcess): Promise<void> {
    const snapshot = await worker.ask(snapshotSchema, { type: "measure" }).catch(() => null);
    // One that has ended meanwhile is counted among those.
    if (snapshot && fleet.serving().includes(worker)) told.set(worker, snapshot);
  }

  return {
    async collect() {
      await Promise.all(fleet.serving().map(ask));
      return [...told.values(), ofEnded, measurePrimary(fleet)];
    },
    end(worker) {
      ofEnded = addCounts(ofEnded, told.get(worker) ?? []);
      told.delete(worker);
    },
  };
}

/** What the primary itself takes, under the names that each worker has it by, and how its workers are. */
function measurePrimary(fleet: Pick<Fleet, "serving" | "replaced">): MetricsSnapshot {
  const { user, system } = process.cpuUsage();
  const counter = (name: string, help: string, value: number) => metric("counter", "sum", name, help, value);
  const gauge = (name: string, help: string, value: number) => metric("gauge", "sum", name, help, value);
  const startedAt = Math.round(Date.now() / 1_000 - process.uptime());
  return [
    counter("process_cpu_user_seconds_total", "Total user CPU time spent in seconds.", user / MICROSECONDS),
    counter("process_cpu_system_seconds_total", "Total system CPU time spent in seconds.", system / MICROSECONDS),
    counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", (user + system) / MICROSECONDS),
    gauge("process_resident_memory_bytes", "Resident memory size in bytes.", process.memoryUsage.rss()),
    metric("gauge", "min", "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", startedAt),
    gauge("xkit_workers", "Running workers.", fleet.serving().length),
    counter("xkit_workers_replaced_total", "Workers that ended and were replaced.", fleet.replaced()),
  ];
}

const metric = (
  type: "counter" | "gauge",
  aggregator: "sum" | "min",
  name: string,
  help: string,
  value: number,
): MetricsSnapshot[number] => ({ name, help, type, aggregator, values: [{ value, labels: {} }] });
