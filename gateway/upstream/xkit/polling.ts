import { GatewayError, isTemporary } from "../../../schema/errors.ts";
import type { Clock } from "../../runtime/clock.ts";

/** Live views of something that can only be asked. */
export interface Polling {
  /**
   * Reads now and then every `everyMs`, and yields what `changesOf` finds in two readings, until `isLast`, the reader stops, or the
   * credential ends. Passing failures of the upstream are passed over; any other is thrown.
   */
  watch<Reading, Change>(view: View<Reading, Change>): AsyncIterableIterator<Change>;
  /** Ends every view: the process is about to stop. */
  end(): void;
}

export interface View<Reading, Change> {
  everyMs: number;
  /** Null ends the view. */
  read(): Promise<Reading | null>;
  changesOf(current: Reading, before: Reading | null): Change[];
  isLast(current: Reading): boolean;
}

const isSignedOut = (error: unknown): boolean => error instanceof GatewayError && error.code === "UNAUTHENTICATED";

export function createPolling(clock: Clock): Polling {
  const stops = new Set<() => void>();

  function watch<Reading, Change>(view: View<Reading, Change>): AsyncIterableIterator<Change> {
    const reader = { hasStopped: false, wake: () => {} };
    const stop = () => {
      reader.hasStopped = true;
      reader.wake();
    };

    async function* run(): AsyncGenerator<Change, void, void> {
      let before: Reading | null = null;
      stops.add(stop);
      try {
        while (!reader.hasStopped) {
          const current: Read<Reading> = await readOrSkip(view, before === null);
          if (current === "ended" || reader.hasStopped) return;
          if (current !== "skipped") {
            yield* view.changesOf(current.reading, before);
            before = current.reading;
            if (view.isLast(current.reading)) return;
          }
          await new Promise<void>((resolve) => {
            reader.wake = resolve;
            void clock.sleep(view.everyMs).then(resolve);
          });
        }
      } finally {
        stops.delete(stop);
      }
    }

    const running = run();
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: () => running.next(),
      // A generator that waits hears of its return only when the wait is over.
      return: () => {
        stop();
        return running.return();
      },
    };
  }

  return {
    watch,
    end() {
      for (const stop of stops) stop();
    },
  };
}

type Read<Reading> = { reading: Reading } | "skipped" | "ended";

async function readOrSkip<Reading>(view: View<Reading, unknown>, isFirst: boolean): Promise<Read<Reading>> {
  try {
    const reading = await view.read();
    return reading === null ? "ended" : { reading };
  } catch (error) {
    if (isFirst) throw error;
    if (isSignedOut(error)) return "ended";
    if (isTemporary(error)) return "skipped";
    throw error;
  }
}
