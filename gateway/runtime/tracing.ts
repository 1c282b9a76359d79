import type { PromiseOrValue } from "../../schema/promise-or-value.ts";

/**
 * What a span says beside its name: words of fixed lists, slugs of the configuration, ids of users and connections. Never a token, a label of
 * an account, or a text of others.
 */
export type SpanFacts = Readonly<Record<string, string | number | boolean>>;

export interface SpanStart {
  name: string;
  /** Default `internal`: a step in this process. */
  kind?: "server" | "client" | "internal";
  facts: SpanFacts;
  /** The headers of the request that the span answers: the trace that they name goes on. Default: it goes on below the current span. */
  headers?: Headers;
  /** The id of that request: it is on this span, and on all below. Default: the current span's. */
  requestId?: string;
}

/** What is known of a span once its work has ended. */
export interface SpanEnd {
  facts: SpanFacts;
  isFailed?: boolean;
}

/** Traces of what goes on, where they are configured. */
export interface Tracing {
  /** Runs `work` in a span, which ends with it. What it throws marks the span as failed. */
  inSpan<Result>(
    this: void,
    start: SpanStart,
    work: () => PromiseOrValue<Result>,
    end?: (result: Result) => SpanEnd,
  ): PromiseOrValue<Result>;
  /** The current trace as headers (W3C Trace Context), for a gateway of ours that is asked next; none where there is no trace. */
  headers(this: void): Record<string, string>;
  /** Sends what has not been sent yet. Never throws. */
  close(this: void): Promise<void>;
}

/** Where spans are sent, and in which encoding of OTLP. */
export interface TracesConfig {
  url: string;
  protocol: "http/protobuf" | "http/json";
}
