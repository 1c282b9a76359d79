import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from "prom-client";
import { expect, it } from "vitest";
import { addCounts, metricsSnapshotSchema, toSnapshot } from "./metrics-snapshot.ts";

/** What a process has measured that counted so much. */
async function measure(count: number) {
  const series = new Registry();
  const registers = [series];
  new Counter({ name: "answers", help: "Answers.", labelNames: ["outcome"], registers }).inc({ outcome: "token" }, count);
  const seconds = new Histogram({ name: "seconds", help: "Seconds.", buckets: [1, 5], labelNames: ["part"], registers });
  for (let each = 0; each < count; each += 1) seconds.observe({ part: "rest" }, 2);
  new Gauge({ name: "process_resident_memory_bytes", help: "Bytes.", registers }).set(100 * count);
  new Gauge({ name: "process_start_time_seconds", help: "Start.", registers }).set(1_000 + count);
  new Gauge({ name: "nodejs_eventloop_lag_p99_seconds", help: "Lag.", registers }).set(count);
  new Gauge({ name: "nodejs_eventloop_lag_mean_seconds", help: "Lag.", registers }).set(count === 1 ? Number.NaN : count);
  // As another process receives it.
  return metricsSnapshotSchema.parse(JSON.parse(JSON.stringify(toSnapshot(await series.getMetricsAsJSON()))));
}

const linesOf = async (snapshots: object[]): Promise<string[]> => {
  const text = await AggregatorRegistry.aggregate(snapshots).metrics();
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
};

it("counters, histograms and gauges of several processes add up, and a percentile is the slowest one's", async () => {
  expect(await linesOf([await measure(1), await measure(2)])).toEqual([
    'answers{outcome="token"} 3',
    'seconds_bucket{le="1",part="rest"} 0',
    'seconds_bucket{le="5",part="rest"} 3',
    'seconds_bucket{le="+Inf",part="rest"} 3',
    'seconds_sum{part="rest"} 6',
    'seconds_count{part="rest"} 3',
    "process_resident_memory_bytes 300",
    "process_start_time_seconds 1001",
    "nodejs_eventloop_lag_p99_seconds 2",
    "nodejs_eventloop_lag_mean_seconds 2",
  ]);
});

it("what a process that has ended counted still counts, and its gauges do not", async () => {
  const ended = addCounts(addCounts([], await measure(1)), await measure(2));
  const lines = await linesOf([await measure(4), ended]);
  expect(lines).toContain('answers{outcome="token"} 7');
  expect(lines).toContain('seconds_bucket{le="5",part="rest"} 7');
  expect(lines).toContain("process_resident_memory_bytes 400");
});
