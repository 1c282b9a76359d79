import { NoResultError } from "kysely";
import type { Clock } from "../runtime/clock.ts";
import { SealError } from "../store/sealing.ts";

/** How often a change is tried while the store is away. */
const STORE_RETRY_MS = 250;

export interface RetryDependencies {
  clock: Clock;
  /** Aborted when the process ends: then trying ends. */
  signal: AbortSignal;
  /** Called once for each change that failed at first: callers need not wait for it. */
  onStoreAway: (error: unknown) => void;
}

/** Errors that come again however often a change is tried. */
export const isLasting = (error: unknown): boolean =>
  error instanceof NoResultError || error instanceof SealError || error instanceof TypeError || error instanceof RangeError;

/**
 * Repeats a change of the store until it succeeds: it may hold the only copy of a token. Errors are taken for the store's.
 * Throws the last error when the process ends, and an error that would come again.
 */
export async function retryWhileStoreAway<Result>(
  { clock, signal, onStoreAway }: RetryDependencies,
  change: () => Promise<Result>,
): Promise<Result> {
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await change();
    } catch (error) {
      if (isLasting(error)) throw error;
      if (isFirst) onStoreAway(error);
      if (signal.aborted) throw error;
      await clock.sleep(STORE_RETRY_MS);
    }
  }
}

/**
 * The same for a change that stores new tokens, which this process alone has. Whatever the store throws, also an error that would come again,
 * they are first kept in the spool.
 * @param keep called once, with the error. Its answer is called when the tokens are stored.
 */
export async function retryAndSpool<Result>(
  dependencies: RetryDependencies,
  keep: (error: unknown) => () => void,
  change: () => Promise<Result>,
): Promise<Result> {
  const kept: { forget: (() => void) | null } = { forget: null };
  const keepOnce = (error: unknown) => void (kept.forget ??= keep(error));
  const onStoreAway = (error: unknown) => {
    keepOnce(error);
    dependencies.onStoreAway(error);
  };
  try {
    const result = await retryWhileStoreAway({ ...dependencies, onStoreAway }, change);
    kept.forget?.();
    return result;
  } catch (error) {
    keepOnce(error);
    throw error;
  }
}
