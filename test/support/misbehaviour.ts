/**
 * What a token request may run into instead of a plain answer.
 *
 * - `hang`: no answer until `controls.release()` or `close()`; a request whose client has gone by then is never processed.
 * - `cut`: the socket is dropped before the request is processed.
 * - `lose`: the request is processed, so tokens rotate, and then the socket is dropped.
 * - `swallow`: the request is processed, so tokens rotate, and not a byte comes back until `controls.release()` or `close()`.
 * - `redirect`: 302 to another URL of the server.
 * - `huge`: a JSON answer of 2 MiB.
 * - `omit-refresh-token`, `omit-expires-in`: the answer without it.
 * - `{ status, headers, body }`: this answer, nothing processed. An object as body is sent as JSON.
 * - `{ status, isProcessed: true }`: this answer, after the request was processed: tokens rotate, and the answer does not hold them.
 * - `{ answer }`: processed, with these members laid over the answer; `undefined` removes one.
 * - `{ formAs }`: processed, and the answer is form-encoded under this media type.
 * - `{ until, next }`: waits for the promise, then misbehaves as `next` says, or not at all.
 */
export type Misbehaviour =
  | "hang"
  | "cut"
  | "lose"
  | "swallow"
  | "redirect"
  | "huge"
  | "omit-refresh-token"
  | "omit-expires-in"
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string | object; readonly isProcessed?: boolean }
  | { readonly answer: Record<string, unknown> }
  | { readonly formAs: string }
  | { readonly until: Promise<unknown>; readonly next?: Misbehaviour };

/** All token requests wait until the test lets them go. */
export interface Hold {
  /** Resolves once this many requests have come in since the hold began. */
  arrived(count: number): Promise<void>;
  /** Lets every waiting request go on, and those to come. */
  release(): void;
}

/** The order of events at the token endpoint, as the test lays it down. */
export function createScript() {
  const queue: Misbehaviour[] = [];
  let always: Misbehaviour | null = null;
  let hold: ReturnType<typeof createHold> | null = null;
  let hung: (() => void)[] = [];

  function release(): void {
    hold?.release();
    for (const resume of hung) resume();
    hung = [];
  }

  function startHold(): Hold {
    hold?.release();
    hold = createHold();
    return hold;
  }

  return {
    release,
    startHold,
    push: (...next: Misbehaviour[]) => void queue.push(...next),
    setAlways: (misbehaviour: Misbehaviour | null) => void (always = misbehaviour),
    take: (): Misbehaviour | null => queue.shift() ?? always,
    waitForHold: async () => hold?.enter(),
    hang: () => new Promise<void>((resolve) => hung.push(resolve)),
  };
}

export type Script = ReturnType<typeof createScript>;

function createHold() {
  const waiting = new Set<() => void>();
  const watchers = new Set<() => void>();
  let entered = 0;
  let released = false;

  function enter(): Promise<void> {
    entered += 1;
    for (const check of watchers) check();
    return released ? Promise.resolve() : new Promise((resolve) => waiting.add(resolve));
  }

  function release(): void {
    released = true;
    for (const resume of waiting) resume();
  }

  function arrived(count: number): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (entered < count) return;
        watchers.delete(check);
        resolve();
      };
      watchers.add(check);
      check();
    });
  }

  return { enter, arrived, release };
}
