import type { Clock } from "../../runtime/clock.ts";

/** What was read of one thing lately. One reading is shared by all who ask while it goes on. */
export interface Recent<Value> {
  /** The last reading while it is good enough for the caller, else a new one. Throws what `read` throws. */
  get(isGood: (value: Value, ageMs: number) => boolean, read: () => Promise<Value>): Promise<Value>;
  /** The last reading, however old; null where there is none. */
  last(): Value | null;
  /** Takes in what was read otherwise. */
  put(value: Value): void;
  /** What was read before, or is being read, is too old for what is asked from now on. */
  outdate(): void;
}

export function createRecent<Value>(clock: Pick<Clock, "now">): Recent<Value> {
  let kept: { value: Value; readAt: number; isOutdated: boolean } | null = null;
  let flight: Promise<Value> | null = null;

  async function fly(read: () => Promise<Value>): Promise<Value> {
    const readAt = clock.now();
    const reading = read();
    flight = reading;
    try {
      const value = await reading;
      // Unless it was outdated, or replaced, meanwhile.
      if (flight === reading) kept = { value, readAt, isOutdated: false };
      return value;
    } finally {
      if (flight === reading) flight = null;
    }
  }

  return {
    async get(isGood, read) {
      if (kept && !kept.isOutdated && isGood(kept.value, clock.now() - kept.readAt)) return kept.value;
      return flight ?? fly(read);
    },
    last: () => kept?.value ?? null,
    put(value) {
      flight = null;
      kept = { value, readAt: clock.now(), isOutdated: false };
    },
    outdate() {
      flight = null;
      if (kept) kept.isOutdated = true;
    },
  };
}
