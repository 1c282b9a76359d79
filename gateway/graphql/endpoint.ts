import { execute, type ExecutionResult } from "graphql";
import { createYoga, type Plugin } from "graphql-yoga";
import type { Context } from "../../schema/context.ts";
import { schema } from "../../schema/index.ts";
import { nameArguments } from "./argument-path.ts";
import type { ContextFactory } from "../context.ts";
import {
  type AcceptedDocuments,
  acceptDocuments,
  type Accepting,
  createAcceptedDocuments,
  limitDocuments,
  refusePersistedQueries,
} from "./documents.ts";
import { asksForPage, type Graphiql } from "./graphiql.ts";
import { addErrorCodes, maskError, refuseRequest, refuseTooLarge, refuseUnauthenticated } from "./errors.ts";
import { createLimits } from "./limits.ts";
import { answerOf, createRunner, findPrepared } from "./prepared.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange, Handler } from "../http/pipeline.ts";
import { noteEventStream } from "../http/event-stream.ts";
import type { AnswerCookies } from "../http/plain-answer.ts";
import { refuse } from "../http/refuse.ts";
import { safeParseJson } from "../runtime/json.ts";
import type { Log } from "../runtime/log.ts";

interface Options {
  contexts: ContextFactory;
  log: Log;
  /** Null where GraphiQL is off. */
  graphiql: Graphiql | null;
}

interface ServerContext extends Accepting {
  exchange: Exchange;
  cookies: CookieList;
  /** What a prepared operation came to, where Yoga is to answer with it: it has errors, or sets cookies. */
  result: ExecutionResult | null;
}

/** Prepared operations are executed by the same function. */
const executeAsPrepared: Plugin = {
  onExecute: ({ setExecuteFn }) => setExecuteFn(execute),
};

/** Answers with what a prepared operation came to. */
const answerResult: Plugin<object, ServerContext> = {
  onParams({ context: { result }, setResult }) {
    if (result) setResult(result);
  },
};

/**
 * The GraphQL endpoint: queries, GraphiQL, and subscriptions as server-sent events.
 *
 * The first time that a document comes, Yoga parses, validates and runs it. What Yoga accepted is prepared: it runs without Yoga from
 * then on, to the same answer.
 */
export function createGraphql({ contexts, log, graphiql }: Options): Handler {
  const documents = createAcceptedDocuments();
  const yoga = openYoga({ contexts, log, documents });
  const run = createRunner({ contexts, log });

  return async (exchange) => {
    if (graphiql && asksForPage(exchange.request)) return graphiql.showPage(exchange.request);
    const failure = findWrongType(exchange.request) ?? findWrongParameter(exchange.request);
    if (failure) return refuse(exchange, failure);
    const cookies = createCookieList();
    const body = exchange.request.method === "POST" ? await exchange.request.text() : null;
    const prepared = body === null ? null : findPrepared(documents, exchange.request.headers, body);
    const result = prepared && (await run(prepared, exchange, cookies));
    if (prepared && result && !result.errors && cookies.values.length === 0) return answerOf(prepared, result);
    if (body !== null) exchange.request = withBody(exchange.request, body);
    return finish(exchange, await askYoga({ exchange, cookies, result, accepting: {} }), cookies);
  };

  async function askYoga(context: ServerContext): Promise<Response> {
    const response = await yoga.fetch(context.exchange.request, context);
    const { document } = context.accepting;
    if (document) documents.add(document, await nameSender(context.exchange));
    return response;
  }
}

function openYoga({ contexts, log, documents }: Pick<Options, "contexts" | "log"> & { documents: AcceptedDocuments }) {
  return createYoga<ServerContext, Context>({
    schema,
    graphqlEndpoint: "/graphql",
    landingPage: false,
    graphiql: false,
    // Steps of the pipeline.
    cors: false,
    maxRequestBodySize: false,
    logging: false,
    context: ({ exchange, cookies }) => contexts.create(exchange, cookies, { linksCrossSitePages: true }).catch(refuseRequest),
    maskedErrors: { maskError: (error) => maskError(error, log) },
    // Bounded by the number of documents, not by their size, and filled with refused ones too.
    parserAndValidationCache: false,
    plugins: [
      answerResult,
      limitDocuments,
      refusePersistedQueries,
      ...createLimits(),
      executeAsPrepared,
      nameArguments,
      acceptDocuments(documents),
      refuseTooLarge,
      addErrorCodes,
      ...(contexts.defersAuthentication ? [refuseUnauthenticated] : []),
    ],
  });
}

/** A request whose body was read, to be read once more. */
const withBody = ({ url, method, headers, signal }: Request, body: string): Request => new Request(url, { method, headers, signal, body });

/** To whom the documents of a request are counted. */
async function nameSender({ authenticate }: Exchange): Promise<string> {
  const principal = await authenticate().catch(() => null);
  return principal?.kind === "user" ? `user ${principal.viewer.userId}` : (principal?.kind ?? "anonymous");
}

interface CookieList extends AnswerCookies {
  values: string[];
}

function createCookieList(): CookieList {
  const values: string[] = [];
  return { values, append: (_name, value) => void values.push(value) };
}

/** What every answer of Yoga has. */
function finish(exchange: Exchange, response: Response, cookies: CookieList): Response | Promise<Response> {
  if (response.status === 406) return refuse(exchange, notAcceptable(response));
  // Yoga's own is weaker, for event streams.
  response.headers.set("cache-control", "no-store");
  if (noteEventStream(response)) {
    // A proxy that buffers answers, as nginx does by default, would hold events back.
    response.headers.set("x-accel-buffering", "no");
    // For the socket alone to say (RFC 9110 section 7.6.1).
    response.headers.delete("connection");
  }
  for (const cookie of cookies.values) response.headers.append("set-cookie", cookie);
  return response;
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
