import { createHash } from "node:crypto";
import { execute, type ExecutionResult } from "graphql";
import { createYoga, type Plugin } from "graphql-yoga";
import type { Context } from "../../schema/context.ts";
import { schema } from "../../schema/index.ts";
import { nameArguments } from "./argument-path.ts";
import type { ContextFactory } from "../context.ts";
import { type AcceptedDocuments, type Accepting, acceptDocuments, createAcceptedDocuments, limitDocuments, TRUSTED } from "./documents.ts";
import { isCompressible } from "./compressible.ts";
import { asksForPage, type Graphiql } from "./graphiql.ts";
import { addErrorCodes, maskError, refuseRequest, refuseTooLarge, refuseUnauthenticated, speakLanguage } from "./errors.ts";
import { createLimits } from "./limits.ts";
import { refuseUntrusted, resolveReference, type Resolving } from "./persisted.ts";
import { answerOf, createRunner, findPrepared, type PreparedOperation } from "./prepared.ts";
import type { TrustedDocuments } from "./trusted-documents.ts";
import type { Failure } from "../http/failure.ts";
import type { Answer, Exchange, Handler } from "../http/pipeline.ts";
import { isEventStream, noteEventStream } from "../http/event-stream.ts";
import { type CookieList, createCookieList, createPlainAnswer } from "../http/plain-answer.ts";
import { refuse } from "../http/refuse.ts";
import { safeParseJson } from "../runtime/json.ts";
import type { Log } from "../runtime/log.ts";

interface Options {
  contexts: ContextFactory;
  log: Log;
  /** Null where GraphiQL is off. */
  graphiql: Graphiql | null;
  trustedDocuments: TrustedDocuments;
}

interface ServerContext extends Resolving {
  exchange: Exchange;
  cookies: CookieList;
  /** What a prepared operation came to, where Yoga is to answer with it: it has errors, or sets cookies. */
  answered: { prepared: PreparedOperation; result: ExecutionResult } | null;
}

/** Prepared operations are executed by the same function. */
const executeAsPrepared: Plugin = {
  onExecute: ({ setExecuteFn }) => setExecuteFn(execute),
};

/** Answers with what a prepared operation came to. */
const answerResult: Plugin<object, ServerContext> = {
  onParams({ context: { answered }, setParams, setResult }) {
    if (!answered) return;
    setResult(answered.result);
    // The document may be gone by now: it is not to be looked for again.
    setParams({ query: answered.prepared.document.loc?.source.body ?? "" });
  },
};

/**
 * The GraphQL endpoint: queries, GraphiQL, and subscriptions as server-sent events.
 *
 * The first time that a document comes, Yoga parses, validates and runs it. What Yoga accepted is prepared: it runs without Yoga from
 * then on, to the same answer.
 */
export function createGraphql({ contexts, log, graphiql, trustedDocuments: trusted }: Options): Handler {
  const accepted = createAcceptedDocuments();
  const documents = { accepted, trusted };
  const yoga = openYoga({ contexts, log, documents });
  const run = createRunner({ contexts, log });
  const nameSenderOf = contexts.defersAuthentication ? (exchange: Exchange) => nameBearer(exchange, contexts) : namePrincipal;

  return async (exchange) => {
    if (graphiql && asksForPage(exchange.request)) return graphiql.showPage(exchange.request);
    const failure = findWrongType(exchange.request) ?? findWrongParameter(exchange.request);
    if (failure) return refuse(exchange, failure);
    const cookies = createCookieList();
    const nameSender = () => nameSenderOf(exchange);
    const body = exchange.request.method === "POST" ? await exchange.request.text() : null;
    const found = body === null ? null : findPrepared(documents, exchange.request.headers, body, nameSender);
    const prepared = found instanceof Promise ? await found : found;
    const result = prepared && (await run(prepared, exchange, cookies));
    if (prepared && result && !result.errors && cookies.values.length === 0) return answerOf(prepared, result);
    if (body !== null) exchange.request = withBody(exchange.request, body);
    const answered = prepared && result && { prepared, result };
    const accepting: Accepting["accepting"] = {};
    const response = await askYoga({ exchange, cookies, answered, nameSender, accepting });
    const finished = await finish(exchange, response, cookies);
    const document = prepared?.document ?? accepting.valid;
    const mayCompress = document && isCompressible(document) && finished.ok && cookies.values.length === 0 && !isEventStream(finished);
    return mayCompress ? toPlainAnswer(finished) : finished;
  };

  async function askYoga(context: ServerContext): Promise<Response> {
    const response = await yoga.fetch(context.exchange.request, context);
    const { document, hash, isTrusted } = context.accepting;
    if (document) accepted.add(document, isTrusted ? TRUSTED : await context.nameSender(), hash);
    return response;
  }
}

interface YogaOptions extends Pick<Options, "contexts" | "log"> {
  documents: { accepted: AcceptedDocuments; trusted: TrustedDocuments };
}

function openYoga({ contexts, log, documents }: YogaOptions) {
  return createYoga<ServerContext, Context>({
    schema,
    graphqlEndpoint: "/graphql",
    landingPage: false,
    graphiql: false,
    extraParamNames: ["documentId"],
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
      resolveReference(documents),
      ...createLimits(),
      executeAsPrepared,
      nameArguments,
      refuseUntrusted(documents.trusted),
      acceptDocuments(documents.accepted),
      refuseTooLarge,
      addErrorCodes,
      speakLanguage,
      ...(contexts.defersAuthentication ? [refuseUnauthenticated] : []),
    ],
  });
}

/** A request whose body was read, to be read once more. */
const withBody = ({ url, method, headers, signal }: Request, body: string): Request => new Request(url, { method, headers, signal, body });

const ANONYMOUS = "anonymous";

/** To whom the documents of a request are counted. */
async function namePrincipal({ authenticate }: Exchange): Promise<string> {
  const principal = await authenticate().catch(() => null);
  return principal?.kind === "user" ? `user ${principal.viewer.userId}` : (principal?.kind ?? ANONYMOUS);
}

/**
 * The same where only the upstream can say whose a bearer is. Bearers that it has not taken count as one caller: anyone can make up any
 * number of them.
 */
async function nameBearer(exchange: Exchange, { hasTaken }: Pick<ContextFactory, "hasTaken">): Promise<string> {
  const [, bearer] = /^bearer +(\S+)$/i.exec(exchange.request.headers.get("authorization") ?? "") ?? [];
  if (bearer === undefined) return namePrincipal(exchange);
  return hasTaken(bearer) ? `bearer ${createHash("sha256").update(bearer).digest("base64url")}` : ANONYMOUS;
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

/** An answer that Yoga gives, as those of prepared operations. */
async function toPlainAnswer(response: Response): Promise<Answer> {
  const body = await response.text();
  return createPlainAnswer(body, Object.fromEntries(response.headers), { isCompressible: true });
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
  return wrongInput(406, "accept", `This operation can be answered only as ${accepted}: add that to Accept.`);
}
