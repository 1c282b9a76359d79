import { LRUCache } from "lru-cache";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** Memory that keys may take, in bytes. The key that was used the longest ago is forgotten first. */
const MAXIMUM_KEY_BYTES = 16 * 1024 * 1024;
/** What an entry takes beside its key's characters, roughly: measured as 205 bytes over a million keys. */
const ENTRY_BYTES = 210;
const CHARACTER_BYTES = 2;
/** The share of a limit that a process counts of a key before it tells the others. Each further process lets through that much more. */
export const UNSHARED_PART = 1 / 20;
/** Keys that wait to be shared. A key that finds no room is shared at its next use. */
const MAXIMUM_WAITING_KEYS = 1_000;

/** So many in a window, at once or spread over it. */
export interface RateLimit {
  count: number;
  seconds: number;
}

export interface RateLimiter {
  /** Counts one. Answers null, or the seconds until there is room, and then it has not counted. */
  consume(this: void, key: string, limit: RateLimit): number | null | Promise<number | null>;
}

/** A limiter that answers at once. */
export interface LocalRateLimiter extends RateLimiter {
  consume(this: void, key: string, limit: RateLimit): number | null;
}

/** Of a key's window, in milliseconds. */
export interface RateCount {
  key: string;
  ms: number;
}

/** Adds the milliseconds that this process counted to what all did, and answers when that has drained. */
export type ShareRates = (counts: readonly RateCount[]) => Promise<readonly { key: string; drainedAt: number }[]>;

export interface RateLimiterOptions {
  clock: Pick<Clock, "now">;
  log: Pick<Log, "warn">;
  maximumKeyBytes?: number;
  /** Null: each process counts alone. */
  share?: ShareRates | null;
}

interface Entry {
  /** The instant at which everything counted has drained. */
  drainedAt: number;
  /** Counted here and not shared yet, in milliseconds. */
  unsharedMs: number;
}

/**
 * A limiter in the memory of this process: the generic cell rate algorithm (ITU-T I.371), in which each one counted takes its part of the
 * window to drain. What is counted is shared behind the requests, which never wait for it; while that fails, this process counts alone.
 */
export function createRateLimiter({ clock, log, maximumKeyBytes = MAXIMUM_KEY_BYTES, share = null }: RateLimiterOptions): LocalRateLimiter {
  const entries = new LRUCache<string, Entry>({
    maxSize: maximumKeyBytes,
    sizeCalculation: (_entry, key) => ENTRY_BYTES + CHARACTER_BYTES * key.length,
  });
  const adopt = (key: string, drainedAt: number) => {
    const entry = entries.peek(key);
    if (entry) entry.drainedAt = Math.max(entry.drainedAt, drainedAt);
  };
  const tell = share && createSharing(share, adopt, log);

  return {
    consume(key, { count, seconds }) {
      const now = clock.now();
      const windowMs = seconds * 1_000;
      const costMs = windowMs / count;
      const entry = entries.get(key) ?? { drainedAt: now, unsharedMs: 0 };
      const next = Math.max(now, entry.drainedAt) + costMs;
      const excessMs = next - now - windowMs;
      if (excessMs > 0) return Math.ceil(excessMs / 1_000);
      // What drained a window ago changes nothing for the others.
      entry.unsharedMs = costMs + (now - entry.drainedAt < windowMs ? entry.unsharedMs : 0);
      entry.drainedAt = next;
      if (tell && entry.unsharedMs >= windowMs * UNSHARED_PART && tell(key, entry.unsharedMs)) entry.unsharedMs = 0;
      entries.set(key, entry);
      return null;
    },
  };
}

/** Shares what it is told, one call at a time. What a call could not share is forgotten: it counts in this process. */
function createSharing(share: ShareRates, adopt: (key: string, drainedAt: number) => void, log: Pick<Log, "warn">) {
  const waiting = new Map<string, number>();
  let isSharing = false;
  let isAlone = false;

  async function shareWaiting(): Promise<void> {
    isSharing = true;
    while (waiting.size > 0) {
      const counts = Array.from(waiting, ([key, ms]) => ({ key, ms }));
      waiting.clear();
      try {
        for (const { key, drainedAt } of await share(counts)) adopt(key, drainedAt);
        isAlone = false;
      } catch (error) {
        if (!isAlone) log.warn({ err: error }, "rate limits are counted per process until the processes can share them again");
        isAlone = true;
      }
    }
    isSharing = false;
  }

  return (key: string, ms: number): boolean => {
    if (waiting.size >= MAXIMUM_WAITING_KEYS && !waiting.has(key)) return false;
    waiting.set(key, (waiting.get(key) ?? 0) + ms);
    if (!isSharing) void shareWaiting();
    return true;
  };
}
