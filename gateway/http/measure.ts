import type { Log } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { Step } from "./pipeline.ts";

/** Counts every request, and logs one line for each. */
export const measure = (metrics: Pick<Metrics, "countRequest">, log: Pick<Log, "info">): Step => ({
  after({ request: { method }, pathname, requestId, startedAt }, { status }) {
    const ms = performance.now() - startedAt;
    metrics.countRequest(method, pathname, status, ms / 1000);
    // The path alone: queries carry codes and states.
    log.info({ method, path: pathname, status, ms: Math.round(ms), requestId }, "request");
  },
});
