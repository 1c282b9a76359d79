import { defineConfig } from "vitest/config";
import shared from "./vitest.config.ts";

/** The tests that take minutes, and every look at the pages: `npm run test:long`. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: [
      "test/**/*.long.test.ts",
      "gateway/**/*.long.test.ts",
      "gateway/connect/contrast.test.ts",
      "client/catalog/*.test.ts",
      "examples/*.test.ts",
    ],
    exclude: [],
    env: { LOOK_AT_ALL: "yes" },
    fileParallelism: false,
  },
});
