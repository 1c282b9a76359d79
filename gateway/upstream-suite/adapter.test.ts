import { expect, test } from "vitest";
import { type AdapterHarness, describeAdapter, type ScriptedHarness } from "./index.ts";

const neverOpened = (): Promise<AdapterHarness> => Promise.reject(new TypeError("No test runs."));
const neverScripted = (): Promise<ScriptedHarness> => Promise.reject(new TypeError("No test runs."));
const noProvider = "the app talks to the provider";

test("a capability is lacking only with a reason, by the types and at the start", () => {
  // @ts-expect-error: the reason is blank.
  expect(() => describeAdapter("blank", neverScripted, { connecting: "" })).toThrow('Say in words why "connecting" is lacking.');
  // @ts-expect-error: true is not a reason.
  expect(() => describeAdapter("true", neverScripted, { connecting: true })).toThrow('Say in words why "connecting" is lacking.');
  // @ts-expect-error: undefined is not a reason.
  expect(() => describeAdapter("undefined", neverScripted, { connecting: undefined })).toThrow('Say in words why "connecting" is lacking.');
  expect(() => describeAdapter("spaces", neverScripted, { connecting: " " })).toThrow('Say in words why "connecting" is lacking.');
});

test("a name that is no capability is refused, with the names that there are", () => {
  // @ts-expect-error: there is no such capability.
  const start = () => describeAdapter("misspelt", neverOpened, { scriptedProvider: noProvider, conecting: "elsewhere" });
  expect(start).toThrow(/^"conecting" is not a capability\. There are: movedClock, .*connecting/);
});
