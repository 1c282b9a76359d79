import { UsageError } from "./usage-error.ts";

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The value of `--since`: a time, or an age such as `90m`, `24h`, `7d`. @param now milliseconds since the epoch */
export function parseSince(text: string, now: number): Date {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && (unit === "m" || unit === "h" || unit === "d")) return new Date(now - Number(count) * UNIT_MS[unit]);
  const instant = /^\d{4}-\d\d-\d\d/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(instant.getTime()))
    throw new UsageError("--since must be a time such as 2026-11-25T12:00:00Z, or an age such as 90m, 24h or 7d.");
  return instant;
}
