/** Places that each holder may have at a time. */
export interface Places {
  /** Takes one until the answer is called; null when the holder has them all. */
  take(holder: string): (() => void) | null;
}

/** Creates `maximum` places for each holder. */
export function createPlaces(maximum: number): Places {
  const taken = new Map<string, number>();
  return {
    take(holder) {
      const before = taken.get(holder) ?? 0;
      if (before >= maximum) return null;
      taken.set(holder, before + 1);
      let isTaken = true;
      return () => {
        if (!isTaken) return;
        isTaken = false;
        const left = (taken.get(holder) ?? 0) - 1;
        if (left > 0) taken.set(holder, left);
        else taken.delete(holder);
      };
    },
  };
}
