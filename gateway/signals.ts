import { explainFailure } from "./config/explain-error.ts";

/** From the first moment on: a signal during the start stops what has started once it has. A second signal aborts `hurry`. */
export function stopOnSignal(stop: (hurry: AbortSignal) => Promise<void>): void {
  const first = new AbortController();
  const second = new AbortController();
  const onSignal = () => (first.signal.aborted ? second : first).abort();
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  first.signal.addEventListener("abort", () => {
    stop(second.signal).then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(explainFailure(error));
        process.exit(1);
      },
    );
  });
}
