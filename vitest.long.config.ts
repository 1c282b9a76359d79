import { defineConfig } from "vitest/config";
import shared from "./vitest.config.ts";

/** The tests that take minutes, and those of which `npm test` runs some cases only (`isLong`): `npm run test:long`. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: [
      "test/**/*.long.test.ts",
      "gateway/**/*.long.test.ts",
      "gateway/admin/browser.test.ts",
      "gateway/connect/contrast.test.ts",
      "gateway/graphql/prepared.test.ts",
      "gateway/http/redact-secrets.test.ts",
      "client/packaging.test.ts",
      "client/catalog/*.test.ts",
      "examples/*.test.ts",
      "test/engines/*.test.ts",
      "test/group-token-secrecy/*.test.ts",
      "test/upgrades/*.test.ts",
      "test/workers.test.ts",
    ],
    exclude: [],
    env: { TEST_LONG: "yes" },
    fileParallelism: false,
  },
});
