import type { App } from "../../gateway/app.ts";
import { createServerHeaders } from "./caller.ts";
import { sendTo, type TestApp } from "./test-app.ts";

/** What `/metrics` answers to a server. @param app Another process of the test's store. */
export async function readMetrics(test: TestApp, app: Pick<App, "fetch"> = test.app): Promise<string> {
  const response = await sendTo(app)("/metrics", { headers: await createServerHeaders(test) });
  if (!response.ok) throw new Error(`/metrics answers ${response.status}.`);
  return response.text();
}

/** The lines of one metric that have values, without its name. */
export async function readSeries(test: TestApp, name: string, app?: Pick<App, "fetch">): Promise<string[]> {
  const lines = (await readMetrics(test, app)).split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.map((line) => line.slice(name.length).trim());
}
