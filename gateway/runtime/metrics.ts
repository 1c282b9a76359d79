import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { AccessTokenOutcome } from "../../schema/upstream.ts";
import { toSnapshot } from "./metrics-snapshot.ts";
import type { Primary } from "./primary.ts";

/** Upper bounds of the request histogram, in seconds: from a cached token to a provider's timeout. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What an operator watches, in the Prometheus text format. No label holds an id: their number is bounded. */
export interface Metrics {
  countRequest(method: string, pathname: string, status: number, seconds: number): void;
  countOutcome(type: AccessTokenOutcome["type"]): void;
  /** Counts one attempt to deliver an event to a webhook, by its configured name. */
  countDelivery(webhook: string, result: "taken" | "failed" | "dead"): void;
  /** The age of the oldest event that a webhook has not taken, in seconds; 0 for none. */
  noteOutboxAge(webhook: string, seconds: number): void;
  /** The body and content type of `/metrics`. */
  serialize(): Promise<Response>;
}

/** @param primary Knows of the other workers, with which this process is one gateway. Null: it is alone. */
export function createMetrics(primary: Pick<Primary, "lendMetrics" | "collectMetrics"> | null = null): Metrics {
  const series = new Registry();
  collectDefaultMetrics({ register: series });
  const requests = new Histogram({
    name: "xkit_request_seconds",
    help: "Requests by part of the gateway, and how long they took.",
    labelNames: ["method", "part", "status"],
    buckets: SECONDS,
    registers: [series],
  });
  const outcomes = new Counter({
    name: "xkit_access_tokens_total",
    help: "Answers to the question for an access token, by outcome.",
    labelNames: ["outcome"],
    registers: [series],
  });

  const deliveries = new Counter({
    name: "xkit_webhook_deliveries_total",
    help: "Attempts to deliver an event to a webhook, by what became of them.",
    labelNames: ["webhook", "result"],
    registers: [series],
  });
  const outboxAge = new Gauge({
    name: "xkit_webhook_outbox_age_seconds",
    help: "Age of the oldest event that a webhook has not taken.",
    labelNames: ["webhook"],
    registers: [series],
  });

  /** Looking a series up by its labels costs more than counting. */
  const seriesByLabels = new Map<string, Histogram.Internal<string>>();
  function findSeries(method: string, part: string, status: number): Histogram.Internal<string> {
    const key = `${method} ${part} ${status}`;
    const known = seriesByLabels.get(key) ?? requests.labels(method, part, String(status));
    seriesByLabels.set(key, known);
    return known;
  }

  const serializeAll = async ({ collectMetrics }: Pick<Primary, "collectMetrics">) =>
    AggregatorRegistry.aggregate(await collectMetrics()).metrics();
  primary?.lendMetrics(async () => toSnapshot(await series.getMetricsAsJSON()));

  return {
    countRequest: (method, pathname, status, seconds) => findSeries(methodOf(method), partOf(pathname), status).observe(seconds),
    countOutcome: (outcome) => outcomes.inc({ outcome }),
    countDelivery: (webhook, result) => deliveries.inc({ webhook, result }),
    noteOutboxAge: (webhook, seconds) => outboxAge.set({ webhook }, seconds),
    serialize: async () =>
      new Response(await (primary ? serializeAll(primary) : series.metrics()), { headers: { "content-type": series.contentType } }),
  };
}

const methods = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]);
const methodOf = (method: string): string => (methods.has(method) ? method : "other");

const parts = /^\/(graphql|api|connect|callback|connectors|authorizations|assets|logos|xkit\.js|healthz|readyz|metrics)(\/|$)/;
const partOf = (pathname: string): string => parts.exec(pathname)?.[1] ?? (pathname === "/" ? "connectors" : "other");
