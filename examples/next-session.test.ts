/** The session cookie of the Next example, without Next. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createSession, SESSION_SECONDS, userOf } from "./next/lib/session-cookie.ts";

const ada = { id: "ada", name: "Ada" };
beforeEach(() => void vi.stubEnv("SESSION_SECRET", "a long random string"));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

test("knows the user of a session until it ends", () => {
  vi.useFakeTimers();
  const cookie = createSession(ada);
  expect(userOf(cookie)).toEqual(ada);
  vi.advanceTimersByTime(SESSION_SECONDS * 1000);
  expect(userOf(cookie)).toBeNull();
});

test("knows nobody by a cookie that it has not signed", () => {
  const [end = "", , signature = ""] = createSession(ada).split(".");
  const forged = [
    undefined,
    "",
    "ada",
    `${end}.grace.${signature}`,
    `${Number(end) + 1}.ada.${signature}`,
    `${end}.ada.`,
    `${end}.ada.${signature.slice(1)}`,
    // As many characters, and more bytes.
    `${end}.ada.é${signature.slice(1)}`,
    `ada.é${signature.slice(1)}`,
  ];
  for (const cookie of forged) expect(userOf(cookie), cookie).toBeNull();
});
