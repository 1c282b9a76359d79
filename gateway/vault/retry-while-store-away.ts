import type { Clock } from "../runtime/clock.ts";

/** How often, and for how long, storing an answer is tried while the store is away: the answer may be the only copy. */
const STORE_RETRY_MS = 250;
const STORE_RETRY_FOR_MS = 30_000;

/** Repeats `action` until it succeeds. Throws its last error when the store stays away. */
export async function retryWhileStoreAway<Result>(clock: Clock, action: () => Promise<Result>): Promise<Result> {
  const giveUpAt = clock.now() + STORE_RETRY_FOR_MS;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (clock.now() >= giveUpAt) throw error;
      await clock.sleep(STORE_RETRY_MS);
    }
  }
}
