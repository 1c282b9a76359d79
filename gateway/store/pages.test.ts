import { expect, it } from "vitest";
import { countRows, MAXIMUM_COUNTED_ROWS, ROWS_PER_COUNT } from "./pages.ts";

const countOf = (rows: number) =>
  countRows<number>(async (after, limit) => {
    const seen = Math.min(limit, rows - (after ?? 0));
    return { seen, matched: seen, last: (after ?? 0) + seen };
  });

it("counts a list in statements of a bounded size, up to a bound past which it has no total", async () => {
  expect(await countOf(0)).toBe(0);
  expect(await countOf(ROWS_PER_COUNT)).toBe(ROWS_PER_COUNT);
  expect(await countOf(MAXIMUM_COUNTED_ROWS)).toBe(MAXIMUM_COUNTED_ROWS);
  expect(await countOf(MAXIMUM_COUNTED_ROWS + ROWS_PER_COUNT)).toBeNull();
});
