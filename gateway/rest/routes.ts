import { Hono } from "hono";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { getPath, tryDecodeURIComponent } from "hono/utils/url";
import type { Context, Sessions } from "../../schema/context.ts";
import { badUserInput } from "../../schema/errors.ts";
import { answerCompressed } from "../http/compress.ts";
import { refuseOtherMethods } from "../http/not-found.ts";
import type { Answer, Exchange, Routed } from "../http/pipeline.ts";
import { type AnswerCookies, createCookieList } from "../http/plain-answer.ts";
import { safeParseJson } from "../runtime/json.ts";
import { type Operation, createCallerResolvers } from "./operation.ts";
import { platformOperations } from "./platform.ts";
import { platformUserOperations } from "./platform-user.ts";
import { NotConnectedError } from "./read-connection.ts";
import { notConnected, spelledAsSent, succeed } from "./respond.ts";

export interface RestDependencies {
  /** Who is asking, and what they may: throws for a credential that is no good. `answer` collects the cookies to set. */
  createContext(exchange: Exchange, answer: AnswerCookies): Promise<Context>;
  /** Signing in and out by the cookie, for operations that look at nothing else. */
  sessionsOf(exchange: Exchange, answer: AnswerCookies): Sessions;
  /** Signs this user in once more, in the popup that this page opens. */
  createOneTimeToken(userId: string, exchange: Exchange): Promise<string>;
}

/** What the OpenAPI document says of this gateway. */
export interface OpenApiFacts {
  publicUrl: string;
  /** The name of the cookie that holds a session. */
  sessionCookie: string;
}

/** The two halves of the contract, below where each is served. */
export const restParts = { "/api/platform_user": platformUserOperations, "/api/platform": platformOperations };

/** Answers what the contract has an operation for, and refuses other methods there. Null for everything else. */
export type RestHandler = (exchange: Exchange) => Promise<Answer> | null;

/** The Xkit REST contract over the port. It has no use for routes that would copy its answers. */
export function createRest(dependencies: RestDependencies): RestHandler {
  const router = new RegExpRouter<Operation>();
  for (const [base, operations] of Object.entries(restParts))
    for (const operation of operations)
      router.add(operation.method.toUpperCase(), `${base}${operation.path.replaceAll(/\{(\w+)\}/g, ":$1")}`, operation);

  return (exchange) => {
    const { request, pathname } = exchange;
    const method = request.method === "HEAD" ? "GET" : request.method;
    const path = pathname.includes("%") ? getPath(request) : pathname;
    const [[found] = [], values = []] = router.match(method, path);
    if (!found) return refuseOtherMethods(exchange, (other) => router.match(other, path)[0].length > 0);
    const [operation, positions] = found;
    return answer({ operation, params: paramsOf(positions, values), exchange }, dependencies);
  };
}

/** The OpenAPI document of the contract, which is made when it is asked for first. */
export function createOpenApiRoute(facts: OpenApiFacts): Hono<Routed> {
  let document: Promise<string> | undefined;
  const make = async () => JSON.stringify((await import("./openapi.ts")).createOpenApi(restParts, facts));
  return new Hono<Routed>().get("/api/openapi.json", async ({ req }) =>
    answerCompressed(req.raw, await (document ??= make()), { "content-type": "application/json" }),
  );
}

function paramsOf(positions: Record<string, string | number>, values: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [name, at] of Object.entries(positions))
    params[name] = tryDecodeURIComponent(typeof at === "number" ? (values[at] ?? "") : at);
  return params;
}

interface Call {
  operation: Operation;
  params: Record<string, string>;
  exchange: Exchange;
}

async function answer({ operation, params, exchange }: Call, dependencies: RestDependencies): Promise<Answer> {
  const { request } = exchange;
  const cookies = createCookieList();
  const callers = createCallerResolvers({
    create: () => dependencies.createContext(exchange, cookies),
    sessions: () => dependencies.sessionsOf(exchange, cookies),
    createOneTimeToken: (userId) => dependencies.createOneTimeToken(userId, exchange),
    origin: () => request.headers.get("origin"),
    bearer: () => bearerOf(request),
  });
  try {
    const body = await operation.run(callers, { params, query: queryOf(request), readBody: () => readJson(request) });
    return succeed(operation, body, cookies.values);
  } catch (error) {
    if (error instanceof NotConnectedError) return notConnected(error.problem);
    throw spelledAsSent(error);
  }
}

/** The first value of each name. */
function queryOf({ url }: Request): Record<string, string> {
  const query: Record<string, string> = {};
  if (!url.includes("?")) return query;
  for (const [name, value] of new URL(url).searchParams) if (!Object.hasOwn(query, name)) query[name] = value;
  return query;
}

/** The credential of a request that was let in as a user's. */
const bearerOf = (request: Request): string => (request.headers.get("authorization") ?? "").replace(/^\S+ +/, "");

/** JSON, or nothing. Throws BAD_USER_INPUT. Another type is refused: pages of other origins can post it without asking. */
async function readJson(request: Request): Promise<unknown> {
  const text = await request.text();
  // The body of a client that is gone can read as empty.
  request.signal.throwIfAborted();
  if (text === "") return {};
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get("content-type") ?? ""))
    throw badUserInput("Send the body as application/json.", "content-type");
  const body = safeParseJson(text);
  if (body === undefined) throw badUserInput("The body is not JSON.", "body");
  return body;
}
