import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  // Vitest would load graphql twice (as ESM and as CommonJS), and errors of one copy are strangers to the other.
  resolve: { alias: [{ find: /^graphql$/, replacement: "graphql/index.js" }] },
  test: {
    include: ["schema", "gateway", "client", "test", "examples", "bench"].flatMap((folder) => [
      `${folder}/**/*.test.ts`,
      `${folder}/**/*.test.tsx`,
    ]),
    // `npm run test:long` runs those.
    exclude: [...configDefaults.exclude, "**/*.long.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    maxWorkers: "100%",
    // Every module is evaluated once in each worker, not once for each test file. A file therefore leaves no changed global behind.
    isolate: false,
    // A busy machine takes seconds for what must come.
    expect: { poll: { timeout: 30_000, interval: 20 } },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
