/** First pause after a failed refresh, how it grows, and the longest (rule 4): about eight calls in the first hour, four in each later one. */
export const BACKOFF_FIRST_SECONDS = 10;
const BACKOFF_FACTOR = 3;
export const BACKOFF_LONGEST_SECONDS = 900;
/** A provider's Retry-After is believed up to here. */
export const RETRY_AFTER_LONGEST_SECONDS = 3_600;
/** Share of the pause that is random, so that processes and connections do not retry at the same moments. */
const JITTER_SHARE = 0.2;

/** Milliseconds to leave a provider alone after `failures` failed refreshes in a row; never less than its Retry-After. */
export function backoffMs(failures: number, retryAfterSeconds: number | null, random: () => number = Math.random): number {
  const grown = Math.min(BACKOFF_FIRST_SECONDS * BACKOFF_FACTOR ** Math.max(0, failures - 1), BACKOFF_LONGEST_SECONDS);
  const jittered = grown * (1 - JITTER_SHARE * random());
  const asked = Math.min(retryAfterSeconds ?? 0, RETRY_AFTER_LONGEST_SECONDS);
  return Math.ceil(Math.max(jittered, asked) * 1000);
}
