const MS_PER_SECOND = 1000;

/** A longer `Retry-After`, in seconds, counts as this long: one day. */
const LONGEST_RETRY_AFTER_SECONDS = 86_400;

/**
 * `Retry-After` in whole seconds from now, from 0 to `LONGEST_RETRY_AFTER_SECONDS`; null when absent or unreadable (RFC 9110 section 10.2.3).
 *
 * Reads both forms: a number of seconds, and an HTTP date. A date is counted from the answer's own `Date`, so that a clock that differs from
 * the sender's does no harm; without one, from `nowMs`.
 */
export function retryAfterSeconds(headers: Headers, nowMs: number = Date.now()): number | null {
  const value = headers.get("retry-after")?.trim() ?? "";
  if (value === "") return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : secondsBetween(parseDate(headers.get("date")) ?? nowMs, parseDate(value));
  return seconds === null ? null : Math.min(Math.max(seconds, 0), LONGEST_RETRY_AFTER_SECONDS);
}

const secondsBetween = (fromMs: number, untilMs: number | null): number | null =>
  untilMs === null ? null : Math.ceil((untilMs - fromMs) / MS_PER_SECOND);

/** Only a date has a comma or a colon; anything else Date.parse would guess at. */
function parseDate(value: string | null): number | null {
  const atMs = value !== null && /[,:]/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? null : atMs;
}
