import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, inject, it } from "vitest";

/** Makes garbage, and objects that live for a while, in a process of its own. Answers with the size of its young generation, in MiB. */
function youngGenerationAfter(preparation: string): number {
  const { href } = pathToFileURL(join(inject("gatewayBuild"), "gateway/runtime/heap.js"));
  const program = `
    import { setImmediate as nextTurn } from "node:timers/promises";
    import { getHeapSnapshot, getHeapSpaceStatistics } from "node:v8";
    import { limitHeap } from ${JSON.stringify(href)};
    const sizeMiB = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size / 1_048_576;
    async function work() {
      let living = [];
      for (let count = 0; count < 2_000_000; count += 1) {
        living.push({ count });
        if (living.length > 300_000) living = [];
        if (count % 10_000 === 0) await nextTurn();
      }
    }
    ${preparation}
    await work();
    console.log(sizeMiB());`;
  return Number(execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" }));
}

const BOUND_MIB = process.versions.v8.startsWith("11.") ? 16 : 8;

it("the young generation grows to a bound that a gateway sets, and no further", () => {
  expect(youngGenerationAfter("limitHeap();")).toBe(BOUND_MIB);
  expect(youngGenerationAfter("")).toBeGreaterThan(BOUND_MIB);
});

it("the young generation grows to its bound again after V8 has shrunk it", () => {
  // A snapshot begins with the collection that an idle process gets.
  const idle = "getHeapSnapshot().destroy(); if (sizeMiB() > 2) throw new Error(`It has ${sizeMiB()} MiB.`);";
  expect(youngGenerationAfter(`limitHeap(); ${idle}`)).toBe(BOUND_MIB);
});
