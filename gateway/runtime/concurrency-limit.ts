/** How much each holder may have open at a time. */
export interface ConcurrencyLimit {
  /** Answers the function that releases what was acquired; null when the holder has as much as it may. */
  acquire(holder: string): (() => void) | null;
}

/** The same, where others count too: the answer may take a moment. */
export interface SharedConcurrencyLimit {
  acquire(holder: string): ReturnType<ConcurrencyLimit["acquire"]> | Promise<ReturnType<ConcurrencyLimit["acquire"]>>;
}

/** Creates a limit of so many at a time for each holder. */
export type CreateConcurrencyLimit = (maximum: number) => SharedConcurrencyLimit;

/** Creates a limit of `maximum` at a time for each holder. */
export function createConcurrencyLimit(maximum: number): ConcurrencyLimit {
  const acquired = new Map<string, number>();
  return {
    acquire(holder) {
      const before = acquired.get(holder) ?? 0;
      if (before >= maximum) return null;
      acquired.set(holder, before + 1);
      let isReleased = false;
      return () => {
        if (isReleased) return;
        isReleased = true;
        const left = (acquired.get(holder) ?? 0) - 1;
        if (left > 0) acquired.set(holder, left);
        else acquired.delete(holder);
      };
    },
  };
}
