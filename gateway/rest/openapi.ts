import { z } from "zod";
import { eventStreamOperation } from "./event-stream.ts";
import type { CallerKind, Operation } from "./operation.ts";
import { wireError } from "./wire.ts";

type Json = Record<string, unknown>;

const securityOf: Record<CallerKind, Json[]> = {
  public: [{}, { bearer: [] }],
  user: [{ bearer: [] }],
  cookie: [{ sessionCookie: [] }],
  platform: [{ keyPair: [] }],
};

/** Failures that a request can always meet, by caller (contract, "Errors"). */
const failuresOf: Record<CallerKind, readonly number[]> = {
  public: [400, 401, 403, 413, 429, 500, 502, 503],
  user: [400, 401, 403, 413, 429, 500, 502, 503],
  cookie: [401, 403, 413, 429, 500, 502, 503],
  platform: [400, 401, 403, 413, 429, 500, 502, 503],
};

const sentences: Record<number, string> = {
  200: "Success.",
  201: "Started.",
  204: "Success, without content.",
  400: "A parameter or the body is wrong: BAD_USER_INPUT, and `path` names it.",
  401: "The credential is missing, malformed, expired or revoked: UNAUTHENTICATED.",
  403: "The caller is not allowed to do this: FORBIDDEN.",
  404: "Not found for this caller: NOT_FOUND or NOT_CONNECTED.",
  409: "No token lives that long: MINIMUM_TTL_UNAVAILABLE, with `maximum_ttl`.",
  413: "The body is too long: BAD_USER_INPUT.",
  429: "Too many requests: RATE_LIMITED, with Retry-After.",
  500: "An unexpected error in the gateway: INTERNAL, with `id`, which the log has too.",
  502: "CONNECTOR_MISCONFIGURED or UPSTREAM_UNAVAILABLE.",
  503: "Temporarily unavailable: TEMPORARILY_UNAVAILABLE, with Retry-After.",
};

/** The OpenAPI 3.1 document of the contract, made from the very schemas that parse requests and build answers. */
export function createOpenApi(
  parts: Record<string, readonly Operation[]>,
  { publicUrl, sessionCookie }: { publicUrl: string; /** Its name. */ sessionCookie: string },
): Json {
  const components: Json = {};
  const paths: Record<string, Json> = {};
  const error = toSchema(wireError, "output", components);
  for (const [base, operations] of Object.entries(parts)) {
    for (const operation of operations) {
      const path = `${base}${operation.path}`;
      paths[path] = { ...paths[path], [operation.method]: describe(operation, components) };
    }
  }
  paths[eventStreamOperation.path] = { get: describeEventStream() };
  return {
    openapi: "3.1.0",
    info: {
      title: "Xkit Gateway, REST",
      version: "1",
      description: "The REST API: the contract of @xkit-co/xkit.js, and operations for servers.",
    },
    servers: [{ url: publicUrl }],
    paths,
    components: {
      schemas: components,
      responses: Object.fromEntries(failureStatuses.map((status) => [failureName(status), describeFailure(status, error)])),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "A session token, a user token, or a JWT of a configured issuer." },
        keyPair: {
          type: "http",
          scheme: "basic",
          description: "An API key: its publishable key and secret key. Refused with an Origin header.",
        },
        sessionCookie: { type: "apiKey", in: "cookie", name: sessionCookie, description: "Only from one of the platform's web origins." },
      },
    },
  };
}

/** Every status of a failure. */
const failureStatuses: readonly number[] = Object.keys(sentences)
  .map(Number)
  .filter((status) => status >= 400);

const failureName = (status: number): string => `Failure${status}`;

const describeFailure = (status: number, error: Json): Json => ({
  description: sentences[status],
  content: { "application/json": { schema: error } },
});

/** The answers to failures, by status. */
function describeFailures(caller: CallerKind, further: readonly number[]): Json {
  const statuses = [...new Set([...failuresOf[caller], ...further])].toSorted((a, b) => a - b);
  return Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/${failureName(status)}` }]));
}

function describeEventStream(): Json {
  const { name, summary, description, parameters } = eventStreamOperation;
  const success = { description, content: { "text/event-stream": { schema: { type: "string" } } } };
  return {
    operationId: name,
    summary,
    security: securityOf.platform,
    parameters,
    responses: { 200: success, ...describeFailures("platform", []) },
  };
}

function describe(operation: Operation, components: Json): Json {
  const success = {
    description: sentences[operation.status],
    ...(operation.status !== 204 && {
      content: { "application/json": { schema: toSchema(operation.answer, "output", components) } },
    }),
  };
  return {
    operationId: operation.name,
    summary: operation.summary,
    security: securityOf[operation.caller],
    parameters: [...parameters(operation.params, "path", components), ...parameters(operation.query, "query", components)],
    ...(operation.body && {
      requestBody: {
        required: !operation.body.safeParse({}).success,
        content: { "application/json": { schema: toSchema(operation.body, "input", components) } },
      },
    }),
    responses: { [operation.status]: success, ...describeFailures(operation.caller, operation.failures) },
  };
}

const parameters = (schema: z.ZodObject, place: "path" | "query", components: Json): Json[] =>
  Object.entries(schema.shape).map(([name, field]) => ({
    name,
    in: place,
    required: place === "path",
    schema: toSchema(field, "input", components),
  }));

const jsonSchema = z.looseObject({ $defs: z.record(z.string(), z.unknown()).optional() });

/** A zod schema as JSON Schema 2020-12, its named parts moved to the components. */
function toSchema(schema: z.core.$ZodType, io: "input" | "output", components: Json): Json {
  const text = JSON.stringify(z.toJSONSchema(schema, { io, target: "draft-2020-12" })).replaceAll("#/$defs/", "#/components/schemas/");
  const { $defs = {}, $schema: _, id: __, ...own } = jsonSchema.parse(JSON.parse(text));
  Object.assign(components, $defs);
  return own;
}
