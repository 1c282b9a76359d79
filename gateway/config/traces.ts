import type { TracesConfig } from "../runtime/tracing.ts";
import type { Environment } from "./document.ts";

const PATH_OF_TRACES = "/v1/traces";

/** Where spans are sent by OpenTelemetry's standard variables; null where they ask for none. */
export function tracesOf(env: Environment): TracesConfig | null {
  if (!asksForTraces(env)) return null;
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url, OTEL_EXPORTER_OTLP_ENDPOINT: base = "" } = env;
  return {
    url: url ?? `${base.replace(/\/$/, "")}${PATH_OF_TRACES}`,
    protocol: protocolOf(env) === "http/json" ? "http/json" : "http/protobuf",
  };
}

/** What is wrong with the variables, where they ask for traces. */
export function tracesProblems(env: Environment): string[] {
  if (!asksForTraces(env)) return [];
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ? "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" : "OTEL_EXPORTER_OTLP_ENDPOINT";
  const exporter = env.OTEL_TRACES_EXPORTER ?? "otlp";
  return [
    ...(isHttpUrl(env[endpoint] ?? "") ? [] : [`${endpoint} must be an http(s) URL, such as http://localhost:4318`]),
    ...(["http/protobuf", "http/json"].includes(protocolOf(env))
      ? []
      : [
          "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or http/json: this gateway does not send gRPC. Collectors accept both at port 4318",
        ]),
    ...(exporter === "otlp" ? [] : ["OTEL_TRACES_EXPORTER must be otlp or none"]),
  ];
}

const asksForTraces = (env: Environment): boolean =>
  Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT ?? env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) &&
  env.OTEL_SDK_DISABLED?.toLowerCase() !== "true" &&
  env.OTEL_TRACES_EXPORTER !== "none";

const protocolOf = (env: Environment): string =>
  env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? env.OTEL_EXPORTER_OTLP_PROTOCOL ?? "http/protobuf";

const isHttpUrl = (text: string): boolean => /^https?:\/\//.test(text) && URL.canParse(text);
