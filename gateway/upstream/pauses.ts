/** Pauses between readings. Those who wait under the same key go on at the same moment, so that they can share what is read then. */
export interface Pauses {
  /** Calls `wake` at the end of the pause. The function that it answers stops waiting before that: with the last who waits, the pause ends. */
  wait(this: void, key: string, wake: () => void): () => void;
}

interface Pause {
  waiting: Set<() => void>;
  cancelling: AbortController;
}

/** @param sleep Resolves after a pause, or once its signal aborts. */
export function createPauses(sleep: (cancelled: AbortSignal) => Promise<void>): Pauses {
  const pauses = new Map<string, Pause>();

  function begin(key: string): Pause {
    const pause: Pause = { waiting: new Set(), cancelling: new AbortController() };
    pauses.set(key, pause);
    void end(key, pause);
    return pause;
  }

  async function end(key: string, pause: Pause): Promise<void> {
    await sleep(pause.cancelling.signal);
    forget(key, pause);
    for (const wake of pause.waiting) wake();
  }

  /** Those who come now begin another one. */
  function forget(key: string, pause: Pause): void {
    if (pauses.get(key) === pause) pauses.delete(key);
  }

  return {
    wait(key, wake) {
      const pause = pauses.get(key) ?? begin(key);
      pause.waiting.add(wake);
      return () => {
        pause.waiting.delete(wake);
        if (pause.waiting.size > 0) return;
        forget(key, pause);
        pause.cancelling.abort();
      };
    },
  };
}
