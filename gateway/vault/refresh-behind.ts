import { isTemporary } from "../../schema/errors.ts";
import { createConcurrencyLimit } from "../runtime/concurrency-limit.ts";
import type { Log } from "../runtime/log.ts";
import { rowOf, type RowNames } from "./sealed-columns.ts";

/** Refreshes of one connector that go on at once, in each process, behind callers who have the current token. A due one waits for a later caller. */
export const MOST_REFRESHES_BEHIND = 64;

/**
 * Starts a refresh that no caller waits for, once at a time for each `key`. Not where its connector has `MOST_REFRESHES_BEHIND` of them.
 * What it throws is logged.
 */
export type RefreshBehind = (stored: RowNames, key: string, refresh: () => Promise<unknown>) => void;

/** Creates what refreshes ahead of time behind its callers (rule 1). */
export function createRefreshBehind({ log }: { log: Pick<Log, "error"> }): RefreshBehind {
  const limit = createConcurrencyLimit(MOST_REFRESHES_BEHIND);
  const running = new Set<string>();

  async function run(stored: RowNames, refresh: () => Promise<unknown>): Promise<void> {
    try {
      await refresh();
    } catch (error) {
      // A store that is away is told of elsewhere.
      if (!isTemporary(error)) log.error({ ...rowOf(stored), err: error }, "a background refresh failed");
    }
  }

  return function refreshBehind(stored, key, refresh) {
    if (running.has(key)) return;
    const release = limit.acquire(stored.connector.slug);
    if (!release) return;
    running.add(key);
    void run(stored, refresh).finally(() => {
      running.delete(key);
      release();
    });
  };
}
