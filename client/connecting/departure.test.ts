import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepDeparture, takeDeparture } from "./departure.ts";

const departure = { slug: "slack", name: "Slack", authorizationId: "1" };
let kept: Map<string, string>;
beforeEach(() => {
  kept = new Map();
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("what a tab has left for is told once", () => {
  keepDeparture(departure);
  expect(takeDeparture()).toEqual(departure);
  expect(takeDeparture()).toBeNull();
});

test("what it has left for long ago is no news", () => {
  keepDeparture(departure);
  vi.advanceTimersByTime(10 * 60_000 + 1);
  expect(takeDeparture()).toBeNull();
});

test.each([
  "",
  "null",
  "[]",
  "{",
  "7",
  `{"slug":"a","name":"b","authorizationId":"c"}`,
  `{"slug":1,"name":{},"authorizationId":[],"at":0}`,
])("what is no departure is none: %j", (text) => {
  keepDeparture(departure);
  for (const key of kept.keys()) kept.set(key, text);
  expect(takeDeparture()).toBeNull();
});
