import { type Metrics, noMetrics, type ProviderOperation } from "./metrics.ts";
import type { SpanEnd, SpanStart, Tracing } from "./tracing.ts";

/** What is told to operators of what goes on. */
export interface Telemetry {
  readonly metrics: Metrics;
  /** Null: no traces are configured. */
  readonly tracing: Tracing | null;
}

/** Nothing is told: for what runs without an operator. */
export const noTelemetry: Telemetry = { metrics: noMetrics, tracing: null };

const SECOND_MS = 1_000;

/** Does `work`, in a span where there are traces. Settles as `work` does. */
export const inSpan = async <Result>(
  { tracing }: Telemetry,
  start: SpanStart,
  work: () => Promise<Result>,
  end: (result: Result) => SpanEnd,
): Promise<Result> => (tracing ? tracing.inSpan(start, work, end) : work());

/** Asks a provider, and tells how long the answer took. Settles as `ask` does. */
export async function observeProvider<Answer>(
  telemetry: Telemetry,
  connector: string,
  operation: ProviderOperation,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const startedAt = performance.now();
  const facts = { "xkit.connector": connector, "xkit.operation": operation };
  try {
    return await inSpan(telemetry, { name: `provider ${operation}`, kind: "client", facts }, ask, (answer) => ({
      facts: {},
      isFailed: isFailure(answer),
    }));
  } finally {
    telemetry.metrics.timeProvider(connector, operation, (performance.now() - startedAt) / SECOND_MS);
  }
}

const isFailure = (answer: unknown): boolean => typeof answer === "object" && answer !== null && "ok" in answer && answer.ok === false;
