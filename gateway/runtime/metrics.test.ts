import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { createServerHeaders } from "../../test/support/caller.ts";
import { sendTo, startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { createMetrics } from "./metrics.ts";

let test: TestApp;
beforeEach(async () => {
  test = await startTestApp();
});
afterEach(() => test.close());

it("metrics count requests and outcomes of tokens, without an id in a label", async () => {
  const ada = await test.signIn("ada-is-nobodys-business");
  await ada.graphql(`{ connectionToken(where: { slug: "test" }) }`);
  await ada.connect();
  await ada.graphql(`{ connectionToken(where: { slug: "test" }) }`);
  const response = await sendTo(test.app)("/metrics", { headers: await createServerHeaders(test) });
  const text = await response.text();
  expect(text).toContain('xkit_access_tokens_total{outcome="NotConnected"} 1');
  expect(text).toContain('xkit_access_tokens_total{outcome="AccessToken"} 1');
  expect(text).toContain('xkit_request_seconds_count{method="POST",part="graphql",status="200"} 2');
  expect(text).toContain("process_resident_memory_bytes");
  expect(text).not.toContain("nobodys-business");
});

it("metrics are refused without an API key", async () => {
  const ada = await test.signIn();
  for (const headers of [{}, { authorization: `Bearer ${await ada.bearer()}` }, { authorization: "Basic bm8=" }]) {
    const response = await sendTo(test.app)("/metrics", { headers });
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain("xkit_");
  }
});

it("metrics of a gateway that is closed keep nothing in memory", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = z.function({ input: [], output: z.void() }).implement(runInNewContext("gc"));
  const createReader = async () => {
    const gateway = { read: () => [] };
    const metrics = createMetrics();
    metrics.readGauge({ name: "xkit_test", help: "-", labelNames: [], ofWorkers: "sum", read: () => gateway.read() });
    expect(await (await metrics.serialize()).text()).toContain("nodejs_gc_duration_seconds");
    return new WeakRef(gateway);
  };
  const reader = await createReader();
  await nextTurn();
  collectGarbage();
  expect(reader.deref()).toBeUndefined();
});
