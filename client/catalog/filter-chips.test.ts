import { expect, test } from "vitest";
import type { CatalogEntry } from "../api/types.ts";
import { passes } from "./filter-chips.tsx";

const entry: CatalogEntry = {
  slug: "slack",
  name: "Slack",
  shortDescription: null,
  markUrl: null,
  categories: ["COMMUNICATION"],
  searchTerms: [],
  connections: [],
};

test.each([
  ["", true],
  ["communication", true],
  ["files", false],
  ["connected", false],
  ["attention", false],
  ["no-such-category", true],
  ["constructor", true],
  ["__proto__", true],
])("the filter %j shows a connector that is not connected: %s", (filter, isShown) => {
  expect(passes(entry, filter)).toBe(isShown);
});
