import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { PromiseOrValue } from "../../schema/promise-or-value.ts";
import type { AccessTokenOutcome } from "../../schema/upstream.ts";
import { toSnapshot } from "./metrics-snapshot.ts";
import type { Primary } from "./primary.ts";

/** Upper bounds of the request histogram, in seconds: from a cached token to a provider's timeout. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Upper bounds of the histogram of providers' answers, in seconds: up to the longest timeout, and past it what comes late. */
const PROVIDER_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What came of one refresh. `discarded`: the grant was disconnected or replaced meanwhile. `withdrawn`: nothing was sent. */
export type RefreshResult = "refreshed" | "revoked" | "temporary" | "misconfigured" | "discarded" | "withdrawn";

/** What a provider is asked for. */
export type ProviderOperation = "refresh" | "exchange" | "userinfo" | "check" | "revoke" | "push" | "device_code";

/** A value that is read at each scrape. */
export interface ReadGauge<Label extends string> {
  name: string;
  help: string;
  labelNames: readonly Label[];
  /** Of several workers: each knows a part, or each knows the whole. */
  ofWorkers: "sum" | "max";
  /** What it throws leaves the gauge out of that scrape. */
  read(this: void): PromiseOrValue<readonly { labels: Record<Label, string>; value: number }[]>;
}

/** What an operator watches, in the Prometheus text format. No label holds an id: their number is bounded. */
export interface Metrics {
  countRequest(this: void, method: string, pathname: string, status: number, seconds: number): void;
  countOutcome(this: void, type: AccessTokenOutcome["type"]): void;
  countRefresh(this: void, connector: string, outcome: RefreshResult): void;
  /** A lapsed lease of another process was taken over. */
  countTakeover(this: void, connector: string): void;
  /** Callers that have begun to wait for a refresh, less those that wait no longer. */
  addWaiters(this: void, change: 1 | -1): void;
  /** How long a provider took to answer, or not to. */
  timeProvider(this: void, connector: string, operation: ProviderOperation, seconds: number): void;
  readGauge<Label extends string>(this: void, gauge: ReadGauge<Label>): void;
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
  const process = seriesOfProcess();
  const requests = new Histogram({
    name: "xkit_request_seconds",
    help: "Duration of requests, by part of the gateway.",
    labelNames: ["method", "part", "status"],
    buckets: SECONDS,
    registers: [series],
  });
  const outcomes = new Counter({
    name: "xkit_access_tokens_total",
    help: "Requests for an access token, by outcome.",
    labelNames: ["outcome"],
    registers: [series],
  });
  const vault = createVaultSeries(series);

  const deliveries = new Counter({
    name: "xkit_webhook_deliveries_total",
    help: "Attempts to deliver an event to a webhook, by result.",
    labelNames: ["webhook", "result"],
    registers: [series],
  });
  const outboxAge = new Gauge({
    name: "xkit_webhook_outbox_age_seconds",
    help: "Age of the oldest event that a webhook has not accepted.",
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
  primary?.lendMetrics(async () => toSnapshot([...(await process.getMetricsAsJSON()), ...(await series.getMetricsAsJSON())]));

  return {
    countRequest: (method, pathname, status, seconds) => findSeries(methodOf(method), partOf(pathname), status).observe(seconds),
    countOutcome: (outcome) => outcomes.inc({ outcome }),
    countDelivery: (webhook, result) => deliveries.inc({ webhook, result }),
    noteOutboxAge: (webhook, seconds) => outboxAge.set({ webhook }, seconds),
    ...vault,
    readGauge: (gauge) => registerGauge(series, gauge),
    serialize: async () => {
      const text = primary ? await serializeAll(primary) : `${await process.metrics()}${await series.metrics()}`;
      return new Response(text, { headers: { "content-type": series.contentType } });
    },
  };
}

let ofProcess: Registry | undefined;

/** What prom-client measures of the process: once for all gateways of it, as it keeps what it writes into until the process ends. */
function seriesOfProcess(): Registry {
  if (ofProcess) return ofProcess;
  ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  return ofProcess;
}

/** Nothing is counted: for what runs without an operator. */
export const noMetrics: Metrics = {
  countRequest() {},
  countOutcome() {},
  countDelivery() {},
  noteOutboxAge() {},
  countRefresh() {},
  countTakeover() {},
  addWaiters() {},
  timeProvider() {},
  readGauge() {},
  serialize: () => Promise.resolve(new Response("")),
};

/** What goes on between this gateway and the providers. */
function createVaultSeries(series: Registry): Pick<Metrics, "countRefresh" | "countTakeover" | "addWaiters" | "timeProvider"> {
  const registers = [series];
  const refreshes = new Counter({
    name: "xkit_refreshes_total",
    help: "Refreshes that this process finished, by connector and outcome.",
    labelNames: ["connector", "outcome"],
    registers,
  });
  const takeovers = new Counter({
    name: "xkit_lease_takeovers_total",
    help: "Refreshes taken over from a process whose lease had expired.",
    labelNames: ["connector"],
    registers,
  });
  const waiters = new Gauge({ name: "xkit_refresh_waiters", help: "Token requests that wait for a refresh.", registers });
  const answers = new Histogram({
    name: "xkit_provider_request_seconds",
    help: "Duration of requests to providers, by connector and operation.",
    labelNames: ["connector", "operation"],
    buckets: PROVIDER_SECONDS,
    registers,
  });
  return {
    countRefresh: (connector, outcome) => refreshes.inc({ connector, outcome }),
    countTakeover: (connector) => takeovers.inc({ connector }),
    addWaiters: (change) => waiters.inc(change),
    timeProvider: (connector, operation, seconds) => answers.observe({ connector, operation }, seconds),
  };
}

function registerGauge<Label extends string>(series: Registry, { name, help, labelNames, ofWorkers, read }: ReadGauge<Label>): void {
  const gauge: Gauge<Label> = new Gauge({
    name,
    help,
    labelNames,
    aggregator: ofWorkers,
    registers: [series],
    async collect() {
      const readings = await Promise.resolve()
        .then(read)
        .catch(() => []);
      gauge.reset();
      for (const { labels, value } of readings) gauge.set(labels, value);
    },
  });
}

const methods = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]);
const methodOf = (method: string): string => (methods.has(method) ? method : "other");

const parts = /^\/(graphql|api|connect|callback|connectors|authorizations|assets|logos|xkit\.js|healthz|readyz|metrics)(\/|$)/;
/** The part of the gateway that a path belongs to: one of few words. */
export const partOf = (pathname: string): string => parts.exec(pathname)?.[1] ?? (pathname === "/" ? "connectors" : "other");
