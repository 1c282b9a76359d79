import { UnauthenticatedError, XkitError } from "../api/errors.ts";
import { type AccessTokenResult, isAccessToken } from "../api/types.ts";

/** A token is renewed when this much of its life is left, or a tenth of its life if that is less. */
const RENEWAL_MARGIN_MS = 60_000;
/** Least time between two renewals. */
const SHORTEST_WAIT_MS = 1_000;
/** A token whose expiry is not known here is asked for again this often. */
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

/** When what was just answered expires, in Unix ms; infinite when unknown, as when it has already: then this clock is wrong. */
function expiryOf(result: AccessTokenResult): number {
  const expiresAt = isAccessToken(result) && result.expiresAt !== null ? Date.parse(result.expiresAt) : Infinity;
  return expiresAt > Date.now() ? expiresAt : Infinity;
}

/** How long to wait before asking again; null: until something changes. */
function waitMs(result: AccessTokenResult, expiresAt: number, minimumTtl: number | undefined): number | null {
  if ("retryAfter" in result) return result.retryAfter * 1000;
  if (!isAccessToken(result)) return null;
  if (expiresAt === Infinity) return UNKNOWN_EXPIRY_MS;
  const leftMs = expiresAt - Date.now();
  return leftMs - (minimumTtl === undefined ? Math.min(RENEWAL_MARGIN_MS, leftMs / 10) : minimumTtl * 1000);
}

/** How long to wait after a failure; null: until something changes. */
function waitAfterMs(error: Error): number | null {
  if (error instanceof UnauthenticatedError) return null;
  const retryAfter = error instanceof XkitError ? error.facts["retryAfter"] : undefined;
  return typeof retryAfter === "number" ? retryAfter * 1000 : FAILURE_WAIT_MS;
}

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
  let expiresAt = Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let dueAt = 0;
  /** Grows with each question: an older answer is dropped. */
  let asked = 0;

  async function renew(): Promise<void> {
    const mine = ++asked;
    clearTimeout(timer);
    if (Date.now() >= expiresAt) data = undefined;
    onChange({ data, fetching: true, error: undefined });
    try {
      const result = await ask();
      if (mine !== asked) return;
      data = result;
      expiresAt = expiryOf(result);
      onChange({ data, fetching: false, error: undefined });
      schedule(waitMs(result, expiresAt, minimumTtl));
    } catch (thrown) {
      if (mine !== asked) return;
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (Date.now() >= expiresAt || error instanceof UnauthenticatedError) data = undefined;
      onChange({ data, fetching: false, error });
      schedule(waitAfterMs(error));
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
