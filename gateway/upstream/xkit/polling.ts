import { GatewayError, isTemporary } from "../../../schema/errors.ts";
import { createStoppableIterator } from "../../runtime/stoppable-iterator.ts";

/** Live views of something that can only be asked. */
export interface Polling {
  /**
   * Reads now and after each pause, and yields what `changesOf` finds in two readings, until `isLast`, the reader stops, or the
   * credential ends. Resolves after the first reading. Passing failures of later ones are passed over; any other is thrown.
   */
  watch<Reading, Change>(view: PolledView<Reading, Change>): Promise<AsyncIterableIterator<Change>>;
  /** Ends every view: the process is about to stop. */
  end(): void;
}

export interface PolledView<Reading, Change> {
  /** Calls `wake` when to read again. The function that it answers stops waiting. */
  wait(wake: () => void): () => void;
  /** Null ends the view. */
  read(): Promise<Reading | null>;
  /** Whether the reader may still see it. Asked after each reading, so that nothing is shown that was read when they no longer might. */
  stillAllowed(): Promise<boolean>;
  changesOf(current: Reading, before: Reading | null): Change[];
  isLast(current: Reading): boolean;
}

export function createPolling(): Polling {
  const stops = new Set<() => void>();

  async function watch<Reading, Change>(view: PolledView<Reading, Change>): Promise<AsyncIterableIterator<Change>> {
    const reader = { hasStopped: false, wake: () => {} };
    const stop = () => {
      reader.hasStopped = true;
      stops.delete(stop);
      reader.wake();
    };

    const pause = () =>
      new Promise<void>((resolve) => {
        const leave = view.wait(resolve);
        reader.wake = () => {
          leave();
          resolve();
        };
      });

    async function* run(first: Reading | null): AsyncGenerator<Change, void, void> {
      let before: Reading | null = null;
      let current: Read<Reading> = first === null ? "ended" : { reading: first };
      try {
        while (current !== "ended" && !reader.hasStopped) {
          if (current !== "skipped") {
            yield* view.changesOf(current.reading, before);
            before = current.reading;
            if (view.isLast(current.reading)) break;
          }
          if (!reader.hasStopped) await pause();
          if (!reader.hasStopped) current = await readOrSkip(view);
        }
      } finally {
        stop();
      }
    }

    const running = run(await readAllowed(view));
    stops.add(stop);
    return createStoppableIterator(
      () => running.next(),
      () => {
        stop();
        return running.return();
      },
    );
  }

  return {
    watch,
    end() {
      for (const stop of stops) stop();
    },
  };
}

async function readAllowed<Reading>({ read, stillAllowed }: PolledView<Reading, unknown>): Promise<Reading | null> {
  const reading = await read();
  return (await stillAllowed()) ? reading : null;
}

type Read<Reading> = { reading: Reading } | "skipped" | "ended";

async function readOrSkip<Reading>(view: PolledView<Reading, unknown>): Promise<Read<Reading>> {
  try {
    const reading = await readAllowed(view);
    return reading === null ? "ended" : { reading };
  } catch (error) {
    if (isSignedOut(error)) return "ended";
    if (isTemporary(error)) return "skipped";
    throw error;
  }
}

const isSignedOut = (error: unknown): boolean => error instanceof GatewayError && error.code === "UNAUTHENTICATED";
