import { z } from "zod";

/** How the values that several processes have measured become one. */
const aggregators = ["sum", "min", "max", "average", "first"] as const;
type Aggregator = (typeof aggregators)[number];

const valueSchema = z.object({
  value: z.number(),
  labels: z.record(z.string(), z.union([z.string(), z.number()])),
  /** Of a histogram's parts. */
  metricName: z.string().optional(),
});

const metricSchema = z.object({
  name: z.string(),
  help: z.string(),
  type: z.enum(["counter", "gauge", "histogram"]),
  values: z.array(valueSchema),
  aggregator: z.enum(aggregators),
});

/** What one process has measured, at one moment. */
export const metricsSnapshotSchema = z.array(metricSchema);
export type MetricsSnapshot = z.output<typeof metricsSnapshotSchema>;

/** As the library tells them. A value that is no number, as the mean of nothing, says nothing. */
const registrySchema = z.array(
  z.object({
    ...metricSchema.shape,
    aggregator: z.enum(aggregators).catch("sum"),
    values: z.array(z.object({ ...valueSchema.shape, value: z.union([z.number(), z.nan(), z.literal([Infinity, -Infinity])]) })),
  }),
);

/** The library's gauges that are no sum, where it says otherwise of them. A percentile of all processes is not known: that of the slowest one bounds it. */
const aggregatorOf: readonly (readonly [name: RegExp, aggregator: Aggregator])[] = [
  [/^process_start_time_seconds$|^nodejs_eventloop_lag_min_/, "min"],
  [/^nodejs_eventloop_lag_mean_/, "average"],
  [/^nodejs_eventloop_lag_/, "max"],
  [/^nodejs_version_info$/, "first"],
  [/^xkit_webhook_outbox_age_seconds$/, "max"],
];

/** @param metrics of `Registry.getMetricsAsJSON`. */
export const toSnapshot = (metrics: unknown): MetricsSnapshot =>
  registrySchema.parse(metrics).map((metric) => ({
    ...metric,
    values: metric.values.filter(({ value }) => Number.isFinite(value)),
    aggregator: aggregatorOf.find(([name]) => name.test(metric.name))?.[1] ?? metric.aggregator,
  }));

/** What was counted in both: counters and histograms. What a process that has ended counted still counts; its gauges do not. */
export function addCounts(sum: MetricsSnapshot, more: MetricsSnapshot): MetricsSnapshot {
  const totals = new Map(sum.map((metric) => [metric.name, metric]));
  for (const metric of more.filter(({ type }) => type !== "gauge")) {
    const values = new Map((totals.get(metric.name)?.values ?? []).map((value) => [keyOf(value), value]));
    for (const value of metric.values) {
      const key = keyOf(value);
      values.set(key, { ...value, value: value.value + (values.get(key)?.value ?? 0) });
    }
    totals.set(metric.name, { ...metric, values: [...values.values()] });
  }
  return [...totals.values()];
}

const keyOf = ({ metricName = "", labels }: MetricsSnapshot[number]["values"][number]): string =>
  JSON.stringify([metricName, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
