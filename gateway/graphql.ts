import { randomUUID } from "node:crypto";
import { EnvelopArmor } from "@escape.tech/graphql-armor";
import { GraphQLError } from "graphql";
import { type CORSOptions, createYoga, type GraphiQLOptions, type Plugin } from "graphql-yoga";
import type { Context } from "../schema/context.ts";
import { GatewayError, httpStatusOf } from "../schema/errors.ts";
import { schema } from "../schema/index.ts";
import { nameArguments } from "./argument-path.ts";
import type { ContextFactory } from "./context.ts";
import { limitBody } from "./limit-body.ts";
import type { Log } from "./log.ts";

/** How large an operation may be. Connections lead to connectors and back: each round multiplies the answer by the number of the asker's connections. */
export const MAXIMUM_DEPTH = 8;
export const MAXIMUM_ALIASES = 30;
export const MAXIMUM_TOKENS = 1_000;
export const MAXIMUM_COST = 5_000;
/** How long browsers may remember a CORS preflight. */
const PREFLIGHT_SECONDS = 600;

const GRAPHIQL_QUERY = `# A live access token for the signed-in user, or the exact reason why there is none.
#
# Who is asking? In development, open the sign-in link that the server printed at its start:
# this page then asks as the user who signed in. Anywhere else put a session token under
# "Headers":  { "Authorization": "Bearer …" }   and get one on the command line:
# npx xkit-gateway users token <user id>

query Token {
  viewer {
    id
  }
  accessToken(where: { slug: "SLUG" }) {
    ... on AccessToken {
      value
      expiresAt
      fingerprint
    }
    ... on NotConnected {
      message
      connectorUrl
    }
    ... on ReconnectRequired {
      message
      reason
      connectorUrl
    }
    ... on TokenWithheld {
      message
    }
    ... on TemporarilyUnavailable {
      message
      retryAfter
    }
    ... on ConnectorMisconfigured {
      message
    }
  }
}
`;

interface Options {
  contexts: ContextFactory;
  log: Log;
  isValidOrigin: (origin: string) => boolean;
  maximumBodyBytes: number;
  /** The connector that GraphiQL's example asks for. */
  exampleSlug: string;
  /** In development: a bearer for the user who followed the sign-in link in this browser, or null. */
  findDevelopmentBearer: ((request: Request) => Promise<string | null>) | null;
}

interface ServerContext {
  answer: Headers;
}

/** The GraphQL endpoint: queries, GraphiQL, and subscriptions as server-sent events. */
export function createGraphql({ contexts, log, isValidOrigin, maximumBodyBytes, exampleSlug, findDevelopmentBearer }: Options) {
  const exampleQuery = GRAPHIQL_QUERY.replace("SLUG", exampleSlug);
  const yoga = createYoga<ServerContext, Context>({
    schema,
    graphqlEndpoint: "/graphql",
    landingPage: false,
    cors: (request) => createCors(request, isValidOrigin),
    logging: false,
    // `limitBody` has measured it already, without a second stream.
    maxRequestBodySize: false,
    context: ({ request, answer }) => contexts.create(request, answer).catch(refuse),
    maskedErrors: { maskError: (error) => maskError(error, log) },
    plugins: [...createLimits(), nameArguments, codeEveryError, ...(contexts.relaysBearers ? [refuseWhole] : [])],
    graphiql: async (request): Promise<GraphiQLOptions> => {
      const bearer = (await findDevelopmentBearer?.(request)) ?? null;
      return {
        title: "Xkit Gateway",
        defaultQuery: exampleQuery,
        ...(bearer && { additionalHeaders: { Authorization: `Bearer ${bearer}` } }),
      };
    },
    // 3 MB of page: loaded when somebody looks at it.
    renderGraphiQL: async (options) => {
      const { renderGraphiQL } = await import("@graphql-yoga/render-graphiql");
      // Named as the query too: with a default alone every visit after the first opens an empty tab.
      const page = { ...options, query: exampleQuery };
      return renderGraphiQL(page);
    },
  });

  return async (request: Request): Promise<Response> => {
    const answer = new Headers();
    const refused = refuseContentType(request) ?? refuseParameters(request);
    const limited = refused ?? (await limitBody(request, maximumBodyBytes)) ?? tooLong(maximumBodyBytes);
    const response = limited instanceof Response ? limited : explain(await yoga.fetch(limited, { answer }));
    if (!response.headers.has("access-control-allow-origin")) allowOrigin(request, response, isValidOrigin);
    for (const cookie of answer.getSetCookie()) response.headers.append("set-cookie", cookie);
    response.headers.set("cache-control", "no-store");
    response.headers.set("x-content-type-options", "nosniff");
    response.headers.set("x-frame-options", "DENY");
    response.headers.set("referrer-policy", "no-referrer");
    return response;
  };
}

/** A page of another origin can post forms and plain text unasked, but JSON only after a preflight that CORS refuses. */
function refuseContentType(request: Request): Response | null {
  const type = request.headers.get("content-type") ?? "";
  if (request.method !== "POST" || /^application\/(graphql\+)?json\s*(;|$)/i.test(type)) return null;
  return refusal(415, { message: "Send the operation as application/json.", extensions: { code: "BAD_USER_INPUT", path: "content-type" } });
}

/** A subscription asked for as JSON, or anything as a picture: Yoga's own answer is empty. */
function explain(response: Response): Response {
  if (response.status !== 406) return response;
  const accepted = response.headers.get("accept") ?? "application/json";
  const message = `This operation can be answered as ${accepted}: say so in Accept.`;
  return refusal(406, { message, extensions: { code: "BAD_USER_INPUT", path: "accept" } });
}

/** In a GET, variables and extensions are JSON in the query (GraphQL over HTTP, section 6.2). */
function refuseParameters(request: Request): Response | null {
  if (request.method !== "GET" || !request.url.includes("?")) return null;
  const { searchParams } = new URL(request.url);
  const path = ["variables", "extensions"].find((name) => !isJson(searchParams.get(name) || "null"));
  return path ? refusal(400, { message: `${path}: must be JSON.`, extensions: { code: "BAD_USER_INPUT", path } }) : null;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const tooLong = (maximumBytes: number): Response =>
  refusal(413, {
    message: `The body is longer than ${maximumBytes} bytes.`,
    extensions: { code: "BAD_USER_INPUT", path: "content-length" },
  });

const refusal = (status: number, error: { message: string; extensions: object }): Response =>
  Response.json({ errors: [error] }, { status });

/** Pages of the platform's web origins may ask, with cookies; no others. */
function createCors(request: Request, isValidOrigin: (origin: string) => boolean): CORSOptions {
  const origin = request.headers.get("origin");
  if (origin === null || !isValidOrigin(origin)) return false;
  return {
    origin: [origin],
    credentials: true,
    methods: ["GET", "POST"],
    allowedHeaders: ["authorization", "content-type", "accept"],
    exposedHeaders: ["retry-after"],
    maxAge: PREFLIGHT_SECONDS,
  };
}

/** Our own answers too may be read by the platform's pages. */
function allowOrigin(request: Request, response: Response, isValidOrigin: (origin: string) => boolean): void {
  const origin = request.headers.get("origin");
  if (origin === null || !isValidOrigin(origin)) return;
  response.headers.set("access-control-allow-origin", origin);
  response.headers.set("access-control-allow-credentials", "true");
  response.headers.append("vary", "Origin");
}

/** A refused credential refuses the whole request. */
function refuse(error: unknown): never {
  if (!(error instanceof GatewayError)) throw error;
  const headers: Record<string, string> = {
    ...(error.code === "UNAUTHENTICATED" && { "www-authenticate": "Bearer" }),
    ...(error.facts.retryAfter !== undefined && { "retry-after": String(error.facts.retryAfter) }),
  };
  throw new GraphQLError(error.message, { extensions: { ...error.extensions, http: { status: httpStatusOf[error.code], headers } } });
}

/** Refusals of operations that are too large. */
const overLimit = new WeakSet<GraphQLError>();

function createLimits() {
  const onReject = [(_context: unknown, error: GraphQLError) => void overLimit.add(error)];
  return new EnvelopArmor({
    // Fragments count where they are spread, as if they were written out.
    maxDepth: { n: MAXIMUM_DEPTH, flattenFragments: true, onReject },
    maxAliases: { n: MAXIMUM_ALIASES, onReject },
    maxTokens: { n: MAXIMUM_TOKENS, onReject },
    costLimit: { maxCost: MAXIMUM_COST, flattenFragments: true, onReject },
    maxDirectives: { n: MAXIMUM_ALIASES, onReject },
    // The schema is public: a hint at the right name gives nothing away.
    blockFieldSuggestion: { enabled: false },
  }).protect().plugins;
}

/** What does not parse, validate or fit is the caller's mistake, and says so in a code of ours. */
const codeEveryError: Plugin = {
  onResultProcess({ result }) {
    for (const one of Array.isArray(result) ? result : [result]) {
      if (!("errors" in one)) continue;
      const errors = (one.errors ?? []).filter((error) => error instanceof GraphQLError);
      errors.forEach(codeOne);
      const hasNothing = !one.data || Object.values(one.data).every((value) => value === null);
      const [first] = errors;
      // Nothing but mistakes of the caller: then HTTP says so too.
      if (first && hasNothing && errors.every(({ extensions }) => extensions["code"] === "BAD_USER_INPUT" && extensions["path"])) {
        first.extensions.http ??= { status: httpStatusOf.BAD_USER_INPUT };
      }
    }
  },
};

/**
 * Before an upstream that says who is asking, a bearer is refused by the first field that needs it. Where no field came to anything else,
 * HTTP says so as it does for a bearer that is refused here.
 */
const refuseWhole: Plugin = {
  onResultProcess({ request, result }) {
    if (Array.isArray(result) || !("errors" in result) || !request.headers.has("authorization")) return;
    const [first, ...others] = (result.errors ?? []).filter((error) => error instanceof GraphQLError);
    if (!first || [first, ...others].some(({ extensions }) => extensions["code"] !== "UNAUTHENTICATED")) return;
    first.extensions.http ??= { status: httpStatusOf.UNAUTHENTICATED, headers: { "www-authenticate": "Bearer" } };
  },
};

function codeOne(error: GraphQLError): void {
  const { extensions } = error;
  // A document that does not parse or validate is answered with 200 where `application/json` is accepted (GraphQL over HTTP, section
  // 6.4.1). One that is too large, and a request that holds none, are not.
  if (overLimit.has(error) || (extensions.http?.["spec"] && !error.locations)) extensions.http = { status: httpStatusOf.BAD_USER_INPUT };
  if (Object.hasOwn(httpStatusOf, String(extensions["code"]))) return;
  // The JSON parser's own words quote the body.
  delete extensions["originalError"];
  extensions["code"] = "BAD_USER_INPUT";
}

/** Whatever nobody foresaw is logged once with an id, and the answer holds the id alone. */
function maskError(error: unknown, log: Log): Error {
  const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  if (original instanceof GraphQLError) return error instanceof GraphQLError ? error : original;
  const id = randomUUID();
  log.error({ id, err: original }, "unexpected error");
  const message = `Something went wrong here, not with your request. Tell the operator this id: ${id}`;
  return new GraphQLError(message, {
    ...(error instanceof GraphQLError && { nodes: error.nodes ?? null, path: error.path ?? null }),
    extensions: { code: "INTERNAL", id, ...(!(error instanceof GraphQLError) && { http: { status: 500 } }) },
  });
}
