/** What changed: the cache key of the rows concerned. */
export type Topic =
  `connections:${"user" | "group"}:${string}` | `user:${string}` | `session:${string}` | `api-key:${string}` | "signing-keys";

export type ChangeListener = (topic: Topic | "everything") => void;

/** News of changes, from this process and from others over the same store. */
export interface Changes {
  /**
   * Takes in what other processes changed until now.
   * @returns false while this process cannot hear them, and so must not cache.
   */
  hear(): boolean;
  /** Calls `listener` at each change, after it is committed. Answers a function that stops it. */
  listen(listener: ChangeListener): () => void;
  /** Ends every `changesOf`: the process is about to stop. */
  end(): void;
  readonly isEnded: boolean;
}

/** The fan-out inside one process. */
export function createChangeHub() {
  const listeners = new Set<ChangeListener>();
  const tell = (topic: Topic | "everything") => {
    for (const listener of listeners) listener(topic);
  };
  let isEnded = false;
  return {
    tell,
    end() {
      isEnded = true;
      tell("everything");
    },
    get isEnded() {
      return isEnded;
    },
    listen(listener: ChangeListener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    get isHeard() {
      return listeners.size > 0;
    },
  };
}

/** Yields at every change of `topic` and of everything, until the reader stops or changes end. The first yield is at once. */
export async function* changesOf(changes: Changes, topic: () => Topic): AsyncGenerator<void, void, void> {
  let pending = true;
  let wake = () => {};
  const stop = changes.listen((changed) => {
    if (changed !== "everything" && changed !== topic()) return;
    pending = true;
    wake();
  });
  try {
    for (;;) {
      if (!pending) await new Promise<void>((resolve) => (wake = resolve));
      if (changes.isEnded) return;
      pending = false;
      yield;
    }
  } finally {
    stop();
  }
}
