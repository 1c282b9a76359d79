import type { Log } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { Step } from "./pipeline.ts";

/** Counts every request, and logs one line for each. */
export const measure =
  (metrics: Pick<Metrics, "countRequest">, log: Pick<Log, "info">): Step =>
  (next) =>
  async (exchange) => {
    const startedAt = performance.now();
    const response = await next(exchange);
    const ms = performance.now() - startedAt;
    const { method } = exchange.request;
    metrics.countRequest(method, exchange.pathname, response.status, ms / 1000);
    // The path alone: queries carry codes and states.
    log.info({ method, path: exchange.pathname, status: response.status, ms: Math.round(ms) }, "request");
    return response;
  };
