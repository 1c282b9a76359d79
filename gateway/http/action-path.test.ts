import { expect, it } from "vitest";
import { actionPaths, quietPaths } from "../../test/support/action-paths.ts";
import { isActionPath } from "./action-path.ts";

it.each(actionPaths)("a path that may act when it is opened is recognised: %s", (path) => {
  expect(isActionPath(path)).toBe(true);
});

it.each(quietPaths)("a path that only shows something is not taken for an acting one: %s", (path) => {
  expect(isActionPath(path)).toBe(false);
});
