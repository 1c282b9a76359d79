/** What operators see of a gateway, as `deploy/` documents it. */
import { readFileSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import { readMetrics } from "./support/metrics.ts";
import { startTestApp, type TestApp } from "./support/test-app.ts";

const DEPLOY = new URL("../deploy/", import.meta.url);
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
  const rows = [...readDeploy("README.md").matchAll(/^\| `(xkit_\w+)` +\| (.*?) +\| (.*?) +\|$/gm)].map(([, name, labels, help]) => ({
    name,
    labels: [...(labels ?? "").matchAll(/`(\w+)`/g)].map(([, label]) => label),
    help,
  }));
  const listed = rows.filter(({ name }) => !OF_WORKERS.includes(name ?? ""));
  expect(Object.fromEntries(listed.map(({ name, help }) => [name, help]))).toEqual(Object.fromEntries(helps));
  for (const { name, labels } of listed) {
    const [, used] = new RegExp(`^${name}(?:_count)?\\{(.*)\\} `, "m").exec(text) ?? [];
    if (used !== undefined) expect([name, ...labels]).toEqual([name, ...[...used.matchAll(/(\w+)=/g)].map(([, label]) => label)]);
  }
});
