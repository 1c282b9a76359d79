import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

/** Prints by how many bytes of compiled functions, which nothing has run meanwhile, the heap has shrunk in twelve collections. */
const PROBE = `
  const { constants, PerformanceObserver } = await import("node:perf_hooks");
  let collections = 0;
  new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections += 1;
  }).observe({ entryTypes: ["gc"] });
  const bytesUsed = () => (globalThis.gc(), globalThis.gc(), process.memoryUsage().heapUsed);
  const functions = Array.from({ length: 1_000 }, (_, index) => new Function("let n = " + index + ";" + "n = n * 3 + 1; ".repeat(500) + "return n;"));
  for (const run of functions) run();
  const before = bytesUsed();
  // Collections that are asked for do not count.
  const fill = () => Array.from({ length: 60 }, (_, index) => new Array(100_000).fill(index + 0.5)).length;
  while (collections < 12) {
    fill();
    await new Promise(setImmediate);
  }
  await new Promise(setImmediate);
  console.log(before - bytesUsed());
`;
const MEGABYTE = 1_000_000;

const probe = (preparation: string): number =>
  Number(
    execFileSync(process.execPath, ["--expose-gc", "--import", "tsx", "--input-type=module", "-e", preparation + PROBE], {
      encoding: "utf8",
      cwd: new URL("../..", import.meta.url),
    }),
  );

it("code that was not run for a while stays compiled, which V8 drops by itself", () => {
  expect(probe("")).toBeGreaterThan(5 * MEGABYTE);
  expect(probe(`(await import("./gateway/runtime/keep-bytecode.ts")).keepBytecode();`)).toBeLessThan(MEGABYTE);
});
