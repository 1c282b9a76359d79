import { type CORSOptions, createYoga } from "graphql-yoga";
import type { Context } from "../../schema/context.ts";
import { schema } from "../../schema/index.ts";
import { nameArguments } from "./argument-path.ts";
import type { ContextFactory } from "../context.ts";
import { graphiqlOptions } from "./graphiql.ts";
import { codeEveryError, maskError, refuse, refuseWhole } from "./errors.ts";
import { createLimits } from "./limits.ts";
import { headersWhenTooLong, limitBody } from "../http/body-limit.ts";
import type { Log } from "../runtime/log.ts";

/** How long browsers may remember a CORS preflight. */
const PREFLIGHT_SECONDS = 600;

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
    graphiql: async (request) => graphiqlOptions(exampleSlug, (await findDevelopmentBearer?.(request)) ?? null),
    // 3 MB of page: loaded when somebody looks at it.
    renderGraphiQL: async (options) => {
      const { renderGraphiQL } = await import("@graphql-yoga/render-graphiql");
      // Named as the query too: with a default alone every visit after the first opens an empty tab.
      const page = { ...options, query: options?.defaultQuery };
      return renderGraphiQL(page);
    },
  });

  return async (request: Request): Promise<Response> => {
    const answer = new Headers();
    const refused = refuseContentType(request) ?? refuseParameters(request);
    const limited = refused ?? (await limitBody(request, maximumBodyBytes)) ?? tooLong(request, maximumBodyBytes);
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

const tooLong = (request: Request, maximumBytes: number): Response =>
  refusal(
    413,
    { message: `The body is longer than ${maximumBytes} bytes.`, extensions: { code: "BAD_USER_INPUT", path: "content-length" } },
    headersWhenTooLong(request),
  );

const refusal = (status: number, error: { message: string; extensions: object }, headers: Record<string, string> = {}): Response =>
  Response.json({ errors: [error] }, { status, headers });

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
