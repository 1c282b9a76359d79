import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, inject, it } from "vitest";

/** Makes garbage, and objects that live for a while, in a process of its own. Answers with the size of its young generation, in MiB. */
function youngGenerationAfter(preparation: string): number {
  const { href } = pathToFileURL(join(inject("gatewayBuild"), "gateway/runtime/heap.js"));
  const program = `
    import { getHeapSpaceStatistics } from "node:v8";
    import { limitHeap } from ${JSON.stringify(href)};
    ${preparation}
    let living = [];
    for (let count = 0; count < 2_000_000; count += 1) {
      living.push({ count });
      if (living.length > 300_000) living = [];
    }
    console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size / 1_048_576);`;
  return Number(execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" }));
}

it("the young generation grows to a bound that a gateway sets, and no further", () => {
  const bound = process.versions.v8.startsWith("11.") ? 16 : 8;
  expect(youngGenerationAfter("limitHeap();")).toBe(bound);
  expect(youngGenerationAfter("")).toBeGreaterThan(bound);
});
