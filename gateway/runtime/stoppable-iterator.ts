/**
 * Creates an async iterator that can be stopped while it waits. A generator that waits hears of its return only when the wait is over.
 * @param stop runs at once when the reader stops: it ends what `next` waits for.
 */
export function createStoppableIterator<Value>(
  next: () => Promise<IteratorResult<Value, unknown>>,
  stop: () => unknown,
): AsyncIterableIterator<Value> {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next,
    async return() {
      await stop();
      return { done: true, value: undefined };
    },
  };
}
