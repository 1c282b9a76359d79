import { createYoga } from "graphql-yoga";
import type { Context } from "../../schema/context.ts";
import { schema } from "../../schema/index.ts";
import { nameArguments } from "./argument-path.ts";
import type { ContextFactory } from "../context.ts";
import { createDocumentCache, cacheDocuments, limitDocuments, refusePersistedQueries } from "./documents.ts";
import { asksForPage, type Graphiql } from "./graphiql.ts";
import { addErrorCodes, maskError, refuseRequest, refuseTooLarge, refuseUnauthenticated } from "./errors.ts";
import { createLimits } from "./limits.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange, Handler } from "../http/pipeline.ts";
import { isEventStream } from "../http/event-stream.ts";
import { refuse } from "../http/refuse.ts";
import { safeParseJson } from "../runtime/json.ts";
import type { Log } from "../runtime/log.ts";

interface Options {
  contexts: ContextFactory;
  log: Log;
  /** Null where GraphiQL is off. */
  graphiql: Graphiql | null;
}

interface ServerContext {
  exchange: Exchange;
  answer: Headers;
}

/** The GraphQL endpoint: queries, GraphiQL, and subscriptions as server-sent events. */
export function createGraphql({ contexts, log, graphiql }: Options): Handler {
  const yoga = createYoga<ServerContext, Context>({
    schema,
    graphqlEndpoint: "/graphql",
    landingPage: false,
    graphiql: false,
    // Steps of the pipeline.
    cors: false,
    maxRequestBodySize: false,
    logging: false,
    context: ({ exchange, answer }) => contexts.create(exchange, answer, { linksCrossSitePages: true }).catch(refuseRequest),
    maskedErrors: { maskError: (error) => maskError(error, log) },
    // Bounded by the number of documents, not by their size, and filled with refused ones too.
    parserAndValidationCache: false,
    plugins: [
      limitDocuments,
      refusePersistedQueries,
      ...createLimits(),
      nameArguments,
      cacheDocuments(createDocumentCache()),
      refuseTooLarge,
      addErrorCodes,
      ...(contexts.defersAuthentication ? [refuseUnauthenticated] : []),
    ],
  });

  return async (exchange) => {
    const { request } = exchange;
    if (graphiql && asksForPage(request)) return graphiql.showPage(request);
    const failure = findWrongType(request) ?? findWrongParameter(request);
    if (failure) return refuse(exchange, failure);
    const answer = new Headers();
    const response = await yoga.fetch(request, { exchange, answer });
    if (response.status === 406) return refuse(exchange, notAcceptable(response));
    // Yoga's own is weaker, for event streams.
    response.headers.set("cache-control", "no-store");
    if (isEventStream(response)) {
      // A proxy that buffers answers, as nginx does by default, would hold events back.
      response.headers.set("x-accel-buffering", "no");
      // For the socket alone to say (RFC 9110 section 7.6.1).
      response.headers.delete("connection");
    }
    for (const cookie of answer.getSetCookie()) response.headers.append("set-cookie", cookie);
    return response;
  };
}

const wrongInput = (status: number, path: string, message: string): Failure => ({
  status,
  code: "BAD_USER_INPUT",
  message,
  facts: { path },
});

/** A page of another origin can post forms and plain text unasked, but JSON only after a preflight that CORS refuses. */
function findWrongType({ method, headers }: Request): Failure | null {
  const type = headers.get("content-type") ?? "";
  if (method !== "POST" || /^application\/(graphql\+)?json\s*(;|$)/i.test(type)) return null;
  return wrongInput(415, "content-type", "Send the operation as application/json.");
}

/** In a GET, variables and extensions are JSON in the query (GraphQL over HTTP, section 6.2). */
function findWrongParameter({ method, url }: Request): Failure | null {
  if (method !== "GET" || !url.includes("?")) return null;
  const { searchParams } = new URL(url);
  const path = ["variables", "extensions"].find((name) => safeParseJson(searchParams.get(name) || "null") === undefined);
  return path ? wrongInput(400, path, `${path}: must be JSON.`) : null;
}

/** A subscription asked for as JSON, or anything as a picture: Yoga's own answer is empty. */
function notAcceptable({ headers }: Response): Failure {
  const accepted = headers.get("accept") ?? "application/json";
  return wrongInput(406, "accept", `This operation can be answered as ${accepted}: say so in Accept.`);
}
