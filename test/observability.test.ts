/** What operators see of a gateway, as `deploy/` and the guide to metrics document it. */
import { readFileSync } from "node:fs";
import { parser } from "@prometheus-io/lezer-promql";
import { afterEach, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { readMetrics } from "./support/metrics.ts";
import { startTestApp, type TestApp } from "./support/test-app.ts";

const DEPLOY = new URL("../deploy/", import.meta.url);
const GUIDE = new URL("../docs/guides/metrics.md", import.meta.url);
const readGuide = (): string => readFileSync(GUIDE, "utf8");
const readDeploy = (name: string): string => readFileSync(new URL(name, DEPLOY), "utf8");

/** A primary alone has them. */
const OF_WORKERS = ["xkit_workers", "xkit_workers_replaced_total"];

let test: TestApp;
afterEach(() => test?.close());

it("the table of metrics lists each one of the gateway's own, with its labels and its help", async () => {
  test = await startTestApp();
  const ada = await test.signIn("ada");
  await ada.connect();
  const text = await readMetrics(test);
  const helps = [...text.matchAll(/^# HELP (xkit_\w+) (.*)$/gm)].map(([, name, help]) => [name, help]);
  const rows = [...readGuide().matchAll(/^\| `(xkit_\w+)` +\| (.*?) +\| (.*?) +\|$/gm)].map(([, name, labels, help]) => ({
    name,
    labels: [...(labels ?? "").matchAll(/`(\w+)`/g)].map(([, label]) => label),
    help,
  }));
  const listed = rows.filter(({ name }) => !OF_WORKERS.includes(name ?? ""));
  expect(Object.fromEntries(listed.map(({ name, help }) => [name, help]))).toEqual(Object.fromEntries(helps));
  const wrong = listed.filter(({ name, labels }) => {
    const [, used] = new RegExp(`^${name}(?:_count)?\\{(.*)\\} `, "m").exec(text) ?? [];
    return used !== undefined && [...used.matchAll(/(\w+)=/g)].map(([, label]) => label).join() !== labels.join();
  });
  expect(wrong).toEqual([]);
});

const alertsSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^XkitG?[A-Z]\w+$/),
          expr: z.string(),
          for: z
            .string()
            .regex(/^\d+m$/)
            .optional(),
          labels: z.strictObject({ severity: z.enum(["critical", "warning"]) }),
          annotations: z.strictObject({ summary: z.string().endsWith("."), description: z.string().endsWith(".") }),
        }),
      ),
    }),
  ),
});
const panelsSchema = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) })),
});

const readAlerts = (): string[] =>
  alertsSchema.parse(parse(readDeploy("prometheus-alerts.yaml"))).groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
/** Grafana puts these in before it asks. */
const readDashboard = (): string[] =>
  panelsSchema
    .parse(JSON.parse(readDeploy("grafana-dashboard.json")))
    .panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll("$__rate_interval", "5m").replaceAll("$connector", ".*")));

interface Query {
  /** Where the text is no PromQL. */
  errors: string[];
  metrics: string[];
  labels: string[];
}

function readQuery(text: string): Query {
  const query: Query = { errors: [], metrics: [], labels: [] };
  parser.parse(text).iterate({
    enter(node) {
      const { type, from, to } = node;
      const word = text.slice(from, to);
      if (type.isError) query.errors.push(`${text} at ${from}`);
      if (type.name === "Identifier" && node.matchContext(["VectorSelector"])) query.metrics.push(word);
      if (type.name === "LabelName") query.labels.push(word);
    },
  });
  return query;
}

it.each([
  ["the queries of the dashboard", readDashboard, 15],
  ["the queries of the alerts", readAlerts, 10],
])("%s are PromQL, and name metrics and labels that there are", async (_name, read, least) => {
  test = await startTestApp();
  await (await test.signIn("ada")).connect();
  const text = await readMetrics(test);
  const known = new Set(["up", ...OF_WORKERS]);
  for (const [, name = "", type] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
    known.add(name);
    if (type === "histogram") for (const part of ["bucket", "count", "sum"]) known.add(`${name}_${part}`);
  }
  const named = [...readGuide().matchAll(/`(\w+)`/g)].map(([, word]) => word);
  const labels = new Set(["le", "job", "instance", ...named]);
  const queries = read();
  expect(queries.length).toBeGreaterThanOrEqual(least);
  for (const each of queries) {
    const query = readQuery(each);
    expect(query.errors).toEqual([]);
    expect(query.metrics.length).toBeGreaterThan(0);
    expect(query.metrics.filter((name) => !known.has(name))).toEqual([]);
    expect(query.labels.filter((name) => !labels.has(name))).toEqual([]);
  }
});

it.each([
  ["the dashboard", readDashboard],
  ["the alerts", readAlerts],
])("%s cover what webhooks have not taken, and what the audit has not stored", (_name, read) => {
  const metrics = new Set(read().flatMap((query) => readQuery(query).metrics));
  const table = [...readGuide().matchAll(/^\| `(xkit_(?:webhook|audit)_\w+)`/gm)].map(([, metric]) => metric);
  expect(table).toHaveLength(4);
  expect(table.filter((metric) => metric === undefined || !metrics.has(metric))).toEqual([]);
});

it("a query that is no PromQL, and a metric that there is not, would be found", () => {
  expect(readQuery("sum by (connector (rate(xkit_refreshes_total[5m]))").errors).not.toEqual([]);
  expect(readQuery('sum by (job) (rate(a_metric{part="b"}[5m]))')).toEqual({ errors: [], metrics: ["a_metric"], labels: ["job", "part"] });
});
