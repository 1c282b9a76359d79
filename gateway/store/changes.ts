import { setTimeout as delay } from "node:timers/promises";
import { isTemporary } from "../../schema/errors.ts";
import type { Log } from "../runtime/log.ts";
import { createStoppableIterator } from "../runtime/stoppable-iterator.ts";

/** How long a reader waits before it reads again while the store is away, in milliseconds. */
const READ_RETRY_MS = 1_000;

/** What changed: the cache key of the rows concerned. */
export type Topic =
  | `connections:${"user" | "group"}:${string}`
  | `user:${string}`
  | `session:${string}`
  | `api-key:${string}`
  | `person:${string}`
  | "signing-keys"
  | "events";

/** A change of one topic, or possibly of all. */
export type Change = Topic | "everything";

export type ChangeListener = (change: Change) => void;

/** News of changes, from this process and from others over the same store. */
export interface Changes {
  /**
   * Takes in what other processes changed until now.
   * @returns whether rows may be cached: false while changes of other processes cannot be received, and while a change is being told.
   */
  isCacheable(): boolean;
  /** Calls `listener` at each change, after it is committed. Answers a function that stops it. */
  listen(listener: ChangeListener): () => void;
  /** Ends every `follow`: the process is about to stop. */
  end(): void;
  readonly isEnded: boolean;
}

/** Tells every listener of a process of each change. */
export interface ChangeHub extends Changes {
  tell(change: Change): void;
}

/**
 * Creates the hub of one process.
 * Telling is not re-entrant: a change told by a listener is told after that one, in order. What a listener throws is logged.
 * @param receive takes in what other processes changed, and says whether it could. Not called while a change is being told.
 */
export function createChangeHub(log: Pick<Log, "error">, receive: () => boolean): ChangeHub {
  const listeners = new Set<ChangeListener>();
  const untold: Change[] = [];
  let isTelling = false;
  let isEnded = false;

  const tell = (change: Change) => {
    untold.push(change);
    if (isTelling) return;
    isTelling = true;
    for (let next = untold.shift(); next !== undefined; next = untold.shift()) tellAll(next);
    isTelling = false;
  };
  const tellAll = (change: Change) => {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        log.error({ err: error }, "a listener for changes failed");
      }
    }
  };

  return {
    tell,
    // A listener may read before the caches that come after it have dropped what changed.
    isCacheable: () => !isTelling && receive(),
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    end() {
      isEnded = true;
      tell("everything");
    },
    get isEnded() {
      return isEnded;
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
 * Resolves after the first reading, and misses no change from then on. Throws what the first reading throws.
 * Ends with what a later reading throws, except TEMPORARILY_UNAVAILABLE: then it reads again shortly.
 * For one reader, who must read to the end or stop.
 */
export async function follow<Value>(
  changes: Changes,
  topics: readonly Topic[],
  read: () => Promise<News<Value>>,
): Promise<AsyncIterableIterator<Value>> {
  const feed = createFeed<Value>(changes, topics);
  const endAfterFailure = (error: unknown): never => {
    feed.end();
    throw error;
  };
  const fill = async () => {
    while (feed.isDry()) {
      if (feed.takeChange()) feed.add(await readOrSkip(read));
      else await feed.change();
    }
  };
  const next = async () => {
    await fill().catch(endAfterFailure);
    return feed.take();
  };
  feed.add(await read().catch(endAfterFailure));
  return createStoppableIterator(next, feed.drop);
}

/** What was read and not taken yet, and whether it is to be read again. */
function createFeed<Value>(changes: Changes, topics: readonly Topic[]) {
  const ready: Value[] = [];
  let isChanged = false;
  let isOver = false;
  let wake = () => {};

  const noteChange = () => {
    isChanged = true;
    wake();
  };
  const unlisten = changes.listen((topic) => {
    if (topic === "everything" || topics.includes(topic)) noteChange();
  });
  const end = () => {
    if (!isOver) unlisten();
    isOver = true;
    wake();
  };

  return {
    /** There is nothing to take, and something may come. */
    isDry: () => ready.length === 0 && !isOver && !changes.isEnded,
    /** Whether something has changed since this was last asked. */
    takeChange() {
      const hasChanged = isChanged;
      isChanged = false;
      return hasChanged;
    },
    /** Resolves at the next change, or at the end. */
    change: () => new Promise<void>((resolve) => (wake = resolve)),
    add({ values, isLast, again }: News<Value>) {
      ready.push(...values);
      void again?.then(noteChange);
      if (isLast) end();
    },
    take(): IteratorResult<Value, undefined> {
      const [value] = ready.splice(0, 1);
      if (value !== undefined) return { done: false, value };
      end();
      return { done: true, value: undefined };
    },
    end,
    drop() {
      end();
      ready.length = 0;
    },
  };
}

/** While the store is away there is no news, and it is asked again shortly. */
async function readOrSkip<Value>(read: () => Promise<News<Value>>): Promise<News<Value>> {
  try {
    return await read();
  } catch (error) {
    if (!isTemporary(error)) throw error;
    return { values: [], isLast: false, again: delay(READ_RETRY_MS, undefined, { ref: false }) };
  }
}
