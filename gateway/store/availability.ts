import type { Log } from "../runtime/log.ts";

/** How often the store is tried at most, however many ask, and during an outage without being asked. */
export const CHECK_INTERVAL_MS = 1_000;

/** Whether the store can do its work, writing included. */
export interface Availability {
  /** Takes note that a statement failed because the store is unavailable: the log says so once an outage. */
  report(error: Error): void;
  /** Throws what `write` threw. Callers within a second share one try. */
  check(): Promise<void>;
  close(): void;
}

/** @param write tries whether the store can be written to. */
export function createAvailability(log: Pick<Log, "info" | "error">, write: () => Promise<void>): Availability {
  let awaySince: number | null = null;
  let latest: { result: Promise<void>; endedAt: number | null } | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const attempt = () => {
    const current: NonNullable<typeof latest> = { result: write(), endedAt: null };
    const end = () => void (current.endedAt = performance.now());
    current.result.then(end, end);
    latest = current;
    return current.result;
  };
  const check = () => {
    const isRecent = latest && (latest.endedAt === null || performance.now() - latest.endedAt < CHECK_INTERVAL_MS);
    return latest && isRecent ? latest.result : attempt();
  };
  const tryAgain = () => {
    if (!isClosed) timer = setTimeout(() => void check().then(recover, tryAgain), CHECK_INTERVAL_MS).unref();
  };
  const recover = () => {
    log.info({ awayMs: Math.round(performance.now() - (awaySince ?? 0)) }, "the store is available again");
    awaySince = null;
  };

  return {
    report(error) {
      if (awaySince !== null || isClosed) return;
      awaySince = performance.now();
      log.error({ err: error }, "the store is unavailable: until it is back, requests that need it get a 503");
      tryAgain();
    },
    check,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
