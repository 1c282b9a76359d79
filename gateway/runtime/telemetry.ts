import type { Metrics, ProviderOperation } from "./metrics.ts";

/** What is told to operators of what goes on. */
export interface Telemetry {
  readonly metrics: Metrics;
}

const SECOND_MS = 1_000;

/** Asks a provider, and tells how long the answer took. Settles as `ask` does. */
export async function observeProvider<Answer>(
  { metrics }: Telemetry,
  connector: string,
  operation: ProviderOperation,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const startedAt = performance.now();
  try {
    return await ask();
  } finally {
    metrics.timeProvider(connector, operation, (performance.now() - startedAt) / SECOND_MS);
  }
}
