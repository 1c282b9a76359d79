import { expect, it } from "vitest";
import { findUnknownVariables, knownVariables } from "./unknown-variables.ts";

const FILE = { path: "xkit.config.json", text: '{ "client_secret": "${XKIT_SLACK_SECRET}" }' };

it("finds variables of the gateway's prefix that nothing reads", () => {
  const env = { XKIT_PUBLIC_ULR: "https://x.example.com", XKIT_SLACK_SECRET: "secret", XKIT_EMPTY: "", OTHER: "x" };
  expect(findUnknownVariables(env, FILE)).toEqual(["XKIT_PUBLIC_ULR"]);
  expect(findUnknownVariables(env, null)).toEqual(["XKIT_PUBLIC_ULR", "XKIT_SLACK_SECRET"]);
});

it("knows every variable that the gateway reads", () => {
  expect(findUnknownVariables(Object.fromEntries(knownVariables.map((name) => [name, "x"])), null)).toEqual([]);
  expect(knownVariables).toEqual(expect.arrayContaining(["XKIT_CONFIG", "XKIT_WORKERS", "XKIT_UPSTREAM", "XKIT_NANGO_URL"]));
});
