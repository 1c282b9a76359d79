import { expect, test } from "vitest";
import { parseBasePath } from "./router.ts";

test.each([
  ["", ""],
  ["/", ""],
  ["integrations", "/integrations"],
  ["/integrations/", "/integrations"],
  ["/mein katalog", "/mein%20katalog"],
])("a base path is as the address bar has it: %j", (basePath, expected) => {
  expect(parseBasePath(basePath)).toBe(expected);
});

test.each(["//evil.example", "\\\\evil.example", "https://evil.example/", "javascript:alert(1)", "//", "?page=1", "/integrations#top"])(
  "a base path that is no path is refused: %j",
  (basePath) => {
    expect(() => parseBasePath(basePath)).toThrow(TypeError);
  },
);
