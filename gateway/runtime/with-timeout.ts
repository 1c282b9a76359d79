import { setTimeout as delay } from "node:timers/promises";

/** Resolves as `work` does, or to null after so many milliseconds of real time. The work goes on. */
export async function withTimeout<Result>(work: Promise<Result>, milliseconds: number): Promise<Result | null> {
  const timer = new AbortController();
  const timedOut = delay(milliseconds, null, { signal: timer.signal }).catch(() => null);
  try {
    return await Promise.race([work, timedOut]);
  } finally {
    timer.abort();
  }
}
