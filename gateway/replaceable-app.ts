import type { App } from "./app.ts";

/** An app whose place another one takes while requests run. */
export interface ReplaceableApp extends App {
  /**
   * Every request from now on is the next app's. Subscriptions of the one before end. Resolves once the requests that it had have been
   * answered and it is closed.
   */
  replace(next: App): Promise<void>;
}

interface Served {
  app: App;
  /** Requests that are not answered yet. */
  running: number;
  onQuiet: (() => void) | null;
}

export function createReplaceableApp(first: App): ReplaceableApp {
  let current: Served = { app: first, running: 0, onQuiet: null };
  const closing = new Set<Promise<void>>();
  let isDraining = false;

  async function fetch(...request: Parameters<App["fetch"]>): Promise<Response> {
    const served = current;
    served.running += 1;
    try {
      return await served.app.fetch(...request);
    } finally {
      served.running -= 1;
      if (served.running === 0) served.onQuiet?.();
    }
  }

  const untilQuiet = (served: Served): Promise<void> =>
    new Promise((resolve) => {
      if (served.running === 0) resolve();
      else served.onQuiet = resolve;
    });

  async function end(served: Served): Promise<void> {
    served.app.endSubscriptions();
    await untilQuiet(served);
    await served.app.close();
  }

  return {
    fetch,
    upgrade: (...upgrade) => current.app.upgrade(...upgrade),
    provisionUser: (input) => current.app.provisionUser(input),
    drain() {
      isDraining = true;
      current.app.drain();
    },
    endSubscriptions: () => current.app.endSubscriptions(),
    async replace(next) {
      const previous = current;
      if (isDraining) next.drain();
      current = { app: next, running: 0, onQuiet: null };
      const ended = end(previous);
      closing.add(ended);
      await ended.finally(() => closing.delete(ended));
    },
    async close() {
      await Promise.all([...closing, current.app.close()]);
    },
  };
}
