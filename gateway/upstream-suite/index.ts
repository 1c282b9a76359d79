/** The package's entry for the tests of an adapter, by vitest. docs/upstreams.md goes through it. */
export { type AdapterHarness, describeAdapter, type HarnessOf, type ScriptedHarness, type SuiteWorld } from "./adapter.ts";
export { type Capability, capabilities, type Lacks, type Reasons } from "./capabilities.ts";
export { HOUR_MS, type ScriptedAnswer, type ScriptedProvider } from "./harness.ts";
