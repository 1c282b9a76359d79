import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, createContextKey, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import type { PromiseOrValue } from "../../schema/promise-or-value.ts";
import type { Log } from "./log.ts";
import type { SpanEnd, SpanFacts, SpanStart, TracesConfig, Tracing } from "./tracing.ts";
import { withTimeout } from "./with-timeout.ts";

/** The name of the service where neither OTEL_SERVICE_NAME nor OTEL_RESOURCE_ATTRIBUTES state one. */
const SERVICE_NAME = "xkit-gateway";
/** How long a stop waits for the last spans to be sent, in milliseconds. */
const CLOSE_WAIT_MS = 2_000;

/** Where a context keeps the id of the request that it is of. */
const REQUEST_ID = createContextKey("xkit.request.id");

function requestFactsOf(context: Context): SpanFacts {
  const id = context.getValue(REQUEST_ID);
  return typeof id === "string" ? { "xkit.request.id": id } : {};
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };
const incoming = {
  get: (headers: Headers, name: string) => headers.get(name) ?? undefined,
  keys: (headers: Headers) => [...headers.keys()],
};
const outgoing = { set: (headers: Record<string, string>, name: string, value: string) => void (headers[name] = value) };

/**
 * Opens what sends spans by OTLP over HTTP. The libraries read the standard variables of the process: sampler, headers, batches, limits.
 * Nothing is registered globally: an app that embeds a gateway keeps its own.
 */
export async function openTracing(config: TracesConfig, log: Pick<Log, "warn" | "info">): Promise<Tracing> {
  const processor = new BatchSpanProcessor(noteFailures(await createExporter(config), log));
  const named = detectResources({ detectors: [envDetector] });
  const resource = defaultResource()
    .merge(resourceFromAttributes({ "service.name": SERVICE_NAME }))
    .merge(named);
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  const tracer = provider.getTracer(SERVICE_NAME);
  const propagator = new W3CTraceContextPropagator();
  const current = new AsyncLocalStorage<Context>();

  return {
    inSpan({ name, kind = "internal", facts, headers, requestId }: SpanStart, work, end) {
      const around = headers ? propagator.extract(ROOT_CONTEXT, headers, incoming) : (current.getStore() ?? ROOT_CONTEXT);
      const above = requestId === undefined ? around : around.setValue(REQUEST_ID, requestId);
      const attributes = { ...facts, ...requestFactsOf(above) };
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes }, above);
      return settle(span, () => current.run(trace.setSpan(above, span), work), end);
    },
    headers() {
      const carrier: Record<string, string> = {};
      propagator.inject(current.getStore() ?? ROOT_CONTEXT, carrier, outgoing);
      return carrier;
    },
    close: async () =>
      void (await withTimeout(
        provider.shutdown().catch(() => {}),
        CLOSE_WAIT_MS,
      )),
  };
}

async function createExporter({ url, protocol }: TracesConfig): Promise<SpanExporter> {
  const { OTLPTraceExporter } =
    protocol === "http/json"
      ? await import("@opentelemetry/exporter-trace-otlp-http")
      : await import("@opentelemetry/exporter-trace-otlp-proto");
  return new OTLPTraceExporter({ url });
}

/** Runs the work of a span, and ends the span with it. */
function settle<Result>(span: Span, work: () => PromiseOrValue<Result>, describe?: (result: Result) => SpanEnd): PromiseOrValue<Result> {
  const succeed = (result: Result): Result => {
    const { facts, isFailed = false } = describe?.(result) ?? { facts: {} };
    span.setAttributes(facts);
    if (isFailed) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
    return result;
  };
  const fail = (error: unknown): never => {
    // Its message may hold what others wrote.
    span.setAttribute("error.type", typeOf(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
    throw error;
  };
  try {
    const result = work();
    return result instanceof Promise ? result.then(succeed, fail) : succeed(result);
  } catch (error) {
    return fail(error);
  }
}

function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** The log says once when spans cannot be sent, and when they can again. */
function noteFailures(exporter: SpanExporter, log: Pick<Log, "warn" | "info">): SpanExporter {
  let isFailing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const hasFailed = result.error !== undefined;
        if (hasFailed && !isFailing)
          log.warn({ code: typeOf(result.error) }, "traces cannot be sent: check OTEL_EXPORTER_OTLP_ENDPOINT and the collector");
        if (!hasFailed && isFailing) log.info({}, "traces are sent again");
        isFailing = hasFailed;
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}
