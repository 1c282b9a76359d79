import type { Log } from "./log.ts";

/** The message of the one log line. An operator's alarm can count it. */
export const UNHANDLED_ERROR = "an error reached no handler, so the process stops";
/** How long the stop may take before the process ends without it, in milliseconds. */
export const UNHANDLED_STOP_TIMEOUT_MS = 15_000;
const EXIT_CODE = 70;

/**
 * Stops the process after an error that no code handled: its state is unknown, but running requests and refreshes may still finish.
 * Logs once, and exits with code 70 (EX_SOFTWARE of sysexits.h). Later errors of the same stop change nothing.
 */
export function stopOnUnhandledError(log: Pick<Log, "error">, stop: () => Promise<void>): void {
  let isStopping = false;
  const onUnhandled = (reason: unknown, origin: string) => {
    if (isStopping) return;
    isStopping = true;
    log.error({ err: reason, origin }, UNHANDLED_ERROR);
    const exit = () => process.exit(EXIT_CODE);
    setTimeout(exit, UNHANDLED_STOP_TIMEOUT_MS);
    stop().then(exit, exit);
  };
  process.on("uncaughtException", onUnhandled);
  process.on("unhandledRejection", (reason) => onUnhandled(reason, "unhandledRejection"));
}
