import { LRUCache } from "lru-cache";
import type { Clock } from "./clock.ts";

/** Memory that keys may take, in bytes. The key that was used the longest ago is forgotten first. */
export const MAXIMUM_KEY_BYTES = 16 * 1024 * 1024;
/** What an entry takes beside its key's characters, roughly: measured as 145 bytes over a million keys. */
const ENTRY_BYTES = 150;
const CHARACTER_BYTES = 2;

/** So many in a window, at once or spread over it. */
export interface RateLimit {
  count: number;
  seconds: number;
}

export interface RateLimiter {
  /** Counts one. Answers null, or the seconds until there is room, and then it has not counted. */
  consume(key: string, limit: RateLimit): number | null;
}

/**
 * A limiter in the memory of this process: the generic cell rate algorithm (ITU-T I.371), which keeps one number for a key. It is the
 * instant at which everything counted has drained.
 */
export function createRateLimiter(clock: Pick<Clock, "now">, maximumKeyBytes = MAXIMUM_KEY_BYTES): RateLimiter {
  const drainedAt = new LRUCache<string, number>({
    maxSize: maximumKeyBytes,
    sizeCalculation: (_instant, key) => ENTRY_BYTES + CHARACTER_BYTES * key.length,
  });
  return {
    consume(key, { count, seconds }) {
      const now = clock.now();
      const windowMs = seconds * 1_000;
      const next = Math.max(now, drainedAt.get(key) ?? 0) + windowMs / count;
      const excessMs = next - now - windowMs;
      if (excessMs > 0) return Math.ceil(excessMs / 1_000);
      drainedAt.set(key, next);
      return null;
    },
  };
}
