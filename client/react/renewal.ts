import { UnauthenticatedError } from "../errors.ts";
import { type AccessTokenResult, isAccessToken } from "../types.ts";

/** A token is renewed when this much of its life is left, or a tenth of its life if that is less. */
const RENEWAL_MARGIN_MS = 60_000;
/** Least time between two renewals. */
const SHORTEST_WAIT_MS = 1_000;
/** A token whose expiry nobody knows is asked for again this often. */
const UNKNOWN_EXPIRY_MS = 5 * 60_000;
/** Wait after a failure that says nothing about when to come back. */
const FAILURE_WAIT_MS = 10_000;
/** The longest a timer can be set for. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

export interface RenewalState {
  data: AccessTokenResult | undefined;
  fetching: boolean;
  error: Error | undefined;
}

export interface Renewal {
  /** Asks now. */
  renew: () => void;
  stop: () => void;
}

/** How long to wait before asking again; null: until something changes. */
function waitMs(result: AccessTokenResult, minimumTtl: number | undefined): number | null {
  if ("retryAfter" in result) return result.retryAfter * 1000;
  if (!isAccessToken(result)) return null;
  if (result.expiresAt === null) return UNKNOWN_EXPIRY_MS;
  const leftMs = Date.parse(result.expiresAt) - Date.now();
  return leftMs - (minimumTtl === undefined ? Math.min(RENEWAL_MARGIN_MS, leftMs / 10) : minimumTtl * 1000);
}

const hasExpired = (result: AccessTokenResult | undefined) =>
  !!result && isAccessToken(result) && result.expiresAt !== null && Date.parse(result.expiresAt) <= Date.now();

/** Keeps a token alive by asking again in time, while the page is visible. */
export function createRenewal({
  ask,
  minimumTtl,
  onChange,
}: {
  ask: () => Promise<AccessTokenResult>;
  minimumTtl: number | undefined;
  onChange: (state: RenewalState) => void;
}): Renewal {
  let data: AccessTokenResult | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let dueAt = 0;
  /** Grows with each question: an older answer is dropped. */
  let asked = 0;

  async function renew(): Promise<void> {
    const mine = ++asked;
    clearTimeout(timer);
    if (hasExpired(data)) data = undefined;
    onChange({ data, fetching: true, error: undefined });
    try {
      const result = await ask();
      if (mine !== asked) return;
      data = result;
      onChange({ data, fetching: false, error: undefined });
      schedule(waitMs(result, minimumTtl));
    } catch (thrown) {
      if (mine !== asked) return;
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (hasExpired(data) || error instanceof UnauthenticatedError) data = undefined;
      onChange({ data, fetching: false, error });
      schedule(error instanceof UnauthenticatedError ? null : FAILURE_WAIT_MS);
    }
  }

  function schedule(ms: number | null): void {
    dueAt = ms === null ? Infinity : Date.now() + Math.max(ms, SHORTEST_WAIT_MS);
    resume();
  }

  function resume(): void {
    clearTimeout(timer);
    if (dueAt === Infinity || document.visibilityState === "hidden") return;
    const ms = dueAt - Date.now();
    if (ms <= 0) void renew();
    else timer = setTimeout(resume, Math.min(ms, LONGEST_WAIT_MS));
  }

  document.addEventListener("visibilitychange", resume);
  return {
    renew: () => void renew(),
    stop() {
      asked++;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", resume);
    },
  };
}
