import { vi } from "vitest";
import type { TestApp, TestAppOptions, TestUser } from "./test-app.ts";
import { HOUR_MS, startConnected, turns } from "./vault.ts";

/** A connection whose token has expired, on a clock that goes on while the gateway sleeps: grace windows are judged by it. */
export async function startExpired(options: TestAppOptions): Promise<{ test: TestApp; ada: TestUser }> {
  const { test, ada } = await startConnected(options);
  test.clock.advance(HOUR_MS);
  vi.spyOn(test.clock, "sleep").mockImplementation(async (milliseconds) => {
    test.clock.advance(milliseconds);
    await turns(1);
  });
  return { test, ada };
}
