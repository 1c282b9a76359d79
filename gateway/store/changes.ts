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
  /** Ends every `follow`: the process is about to stop. */
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
  };
}

/** What a reader of `follow` gets next; `isLast` when nothing can come after it. */
export interface News<Value> {
  values: readonly Value[];
  isLast: boolean;
  /** Resolves when it is to be read again although nothing has changed. */
  again?: Promise<void>;
}

/**
 * Yields what `read` answers, at once and after every change of one of the topics, until the reader stops, changes end, or it was the last.
 * For one reader. Not a generator: those cannot be stopped while they wait, and would listen on until the next change.
 */
export function follow<Value>(changes: Changes, topics: readonly Topic[], read: () => Promise<News<Value>>): AsyncIterableIterator<Value> {
  const ready: Value[] = [];
  const done = { done: true, value: undefined } as const;
  let isChanged = true;
  let isOver = false;
  let wake = () => {};
  let unlisten: (() => void) | null = null;

  const listen = () =>
    changes.listen((topic) => {
      if (topic === "everything" || topics.includes(topic)) readAgain();
    });
  const readAgain = () => {
    isChanged = true;
    wake();
  };
  const stop = () => {
    isOver = true;
    unlisten?.();
    unlisten = null;
    wake();
  };
  const isDry = () => ready.length === 0 && !isOver && !changes.isEnded;
  const refill = async () => {
    if (!isChanged) return new Promise<void>((resolve) => (wake = resolve));
    isChanged = false;
    const { values, isLast, again } = await read();
    ready.push(...values);
    void again?.then(readAgain);
    if (isLast) stop();
  };

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (!isOver) unlisten ??= listen();
      try {
        while (isDry()) await refill();
      } catch (error) {
        stop();
        throw error;
      }
      const [value] = ready.splice(0, 1);
      if (value !== undefined) return { done: false, value };
      stop();
      return done;
    },
    async return() {
      stop();
      ready.length = 0;
      return done;
    },
  };
}
