import { XkitError } from "./errors.ts";

/** Longest wait before a stream that broke is asked for again. It doubles with each failure; half of it is chance. */
const FIRST_WAIT_MS = 1_000;
export const LONGEST_WAIT_MS = 30_000;
/** Codes of failures that may be over in a moment. */
const TEMPORARY: readonly string[] = ["NETWORK", "RATE_LIMITED", "TEMPORARILY_UNAVAILABLE", "UPSTREAM_UNAVAILABLE"];

/** Whether asking again later may succeed. */
export const isTemporary = (error: unknown): boolean => error instanceof XkitError && TEMPORARY.includes(error.code);

/** How long to wait after so many failures in a row, in milliseconds: at least what the gateway asks for. */
export function waitMs(failures: number, failure: unknown): number {
  const longest = Math.min(FIRST_WAIT_MS * 2 ** failures, LONGEST_WAIT_MS);
  const asked = failure instanceof XkitError ? Number(failure.facts["retryAfter"] ?? 0) * 1_000 : 0;
  return Math.max(longest / 2 + (Math.random() * longest) / 2, asked);
}

/** Resolves after the time, or once the signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
}
