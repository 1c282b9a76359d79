import { Hono } from "hono";
import type { Context as RouteContext } from "hono";
import type { Context, Sessions } from "../../schema/context.ts";
import { badUserInput } from "../../schema/errors.ts";
import type { Exchange, Routed } from "../http/pipeline.ts";
import { safeParseJson } from "../runtime/json.ts";
import { createOpenApi } from "./openapi.ts";
import { type Operation, createCallerResolvers } from "./operation.ts";
import { platformOperations } from "./platform.ts";
import { platformUserOperations } from "./platform-user.ts";
import { NotConnectedError } from "./read-connection.ts";
import { notConnected, succeed } from "./respond.ts";

export interface RestDependencies {
  /** Who is asking, and what they may: throws for a credential that is no good. `answer` collects the cookies to set. */
  createContext(exchange: Exchange, answer: Headers): Promise<Context>;
  /** Signing in and out by the cookie, for operations that look at nothing else. */
  sessionsOf(exchange: Exchange, answer: Headers): Sessions;
  /** Signs this user in once more, in the popup that this page opens. */
  createOneTimeToken(userId: string, exchange: Exchange): Promise<string>;
  publicUrl: string;
  /** The name of the cookie that holds a session. */
  sessionCookie: string;
}

/** The two halves of the contract, below where each is served. */
const restParts = { "/api/platform_user": platformUserOperations, "/api/platform": platformOperations };

/** The Xkit REST contract over the port, and its OpenAPI document. */
export function createRestRoutes(dependencies: RestDependencies): Hono<Routed> {
  const routes = new Hono<Routed>();
  for (const [base, operations] of Object.entries(restParts)) {
    for (const operation of operations) {
      const path = `${base}${operation.path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
      routes.on(operation.method.toUpperCase(), path, (route) => answer(operation, route, dependencies));
    }
  }
  const document = JSON.stringify(createOpenApi(restParts, dependencies));
  routes.get("/api/openapi.json", () => new Response(document, { headers: { "content-type": "application/json" } }));
  return routes;
}

async function answer(operation: Operation, { req, env }: RouteContext<Routed>, dependencies: RestDependencies): Promise<Response> {
  const request = req.raw;
  const headers = new Headers();
  const callers = createCallerResolvers({
    create: () => dependencies.createContext(env, headers),
    sessions: () => dependencies.sessionsOf(env, headers),
    createOneTimeToken: (userId) => dependencies.createOneTimeToken(userId, env),
    origin: () => request.headers.get("origin"),
    bearer: () => bearerOf(request),
  });
  try {
    const body = await operation.run(callers, { params: req.param(), query: req.query(), readBody: () => readJson(request) });
    return succeed(operation.status, body, headers);
  } catch (error) {
    if (error instanceof NotConnectedError) return notConnected(error.problem);
    throw error;
  }
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
