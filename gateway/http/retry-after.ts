const MS_PER_SECOND = 1000;

/**
 * `Retry-After` in whole seconds from now, at least 0; null when absent or unreadable (RFC 9110 section 10.2.3).
 *
 * Reads both forms: a number of seconds, and an HTTP date.
 */
export function retryAfterSeconds(headers: Headers, nowMs: number = Date.now()): number | null {
  const value = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+$/.test(value)) return Number(value);
  // Only a date has a comma or a colon; anything else Date.parse would guess at.
  const atMs = /[,:]/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? null : Math.max(0, Math.ceil((atMs - nowMs) / MS_PER_SECOND));
}
