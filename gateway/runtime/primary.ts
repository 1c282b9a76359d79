import type { CreateConcurrencyLimit } from "./concurrency-limit.ts";
import type { MetricsSnapshot } from "./metrics-snapshot.ts";
import type { RateCount, RateLimiter } from "./rate-limiter.ts";

/** What is counted over all workers. */
export type SharedLimit = "subscriptions" | "sockets";

/** Adds what was counted to what all did, and answers how long each key takes to drain. The clocks of two processes need not agree. */
export type LentSharing = (counts: readonly RateCount[]) => Promise<readonly RateCount[]>;

/** What a worker asks of the process that started it, which knows of all workers of this gateway. */
export interface Primary {
  /** The one limiter of all workers. */
  limiter: RateLimiter;
  /** Creates limits of what each user has open in all workers together. Acquiring throws TEMPORARILY_UNAVAILABLE where it does not answer. */
  limitOf(what: SharedLimit): CreateConcurrencyLimit;
  /** Lets the primary, which has no store, share what the workers counted with other gateways. */
  lendSharing(share: LentSharing): void;
  /** Lets the primary read what this worker has measured. */
  lendMetrics(read: () => Promise<MetricsSnapshot>): void;
  /** What each process of this gateway has measured, and what those that have ended had. */
  collectMetrics(): Promise<MetricsSnapshot[]>;
  /** What does not work although requests are served; null when all workers are there. */
  degradation(): string | null;
}
