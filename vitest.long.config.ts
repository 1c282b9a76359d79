import { defineConfig } from "vitest/config";
import shared from "./vitest.config.ts";

/** The tests that take minutes: `npm run test:long`. */
export default defineConfig({
  ...shared,
  test: { ...shared.test, include: ["test/**/*.long.test.ts", "gateway/**/*.long.test.ts"], exclude: [], fileParallelism: false },
});
