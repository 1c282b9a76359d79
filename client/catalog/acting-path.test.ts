import { expect, it } from "vitest";
import { actingPaths, quietPaths } from "../../test/support/acting-paths.ts";
import { mayAct } from "./acting-path.ts";

it.each(actingPaths)("a path that may act when it is opened is told: %s", (path) => {
  expect(mayAct(path)).toBe(true);
});

it.each(quietPaths)("a path that only shows something is told from it: %s", (path) => {
  expect(mayAct(path)).toBe(false);
});
