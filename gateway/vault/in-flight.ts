/** Work that goes on although whoever asked for it has gone: what a provider answers may be the only copy. */
export function createUnderWay() {
  const running = new Set<Promise<unknown>>();
  return {
    track<Result>(work: Promise<Result>): Promise<Result> {
      const tracked = work.finally(() => running.delete(tracked));
      running.add(tracked);
      return tracked;
    },
    /** Resolves when none of it is under way. */
    async idle(): Promise<void> {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
