import { Hono } from "hono";
import type { Context as Exchange } from "hono";
import { cors } from "hono/cors";
import type { Context, Sessions } from "../../schema/context.ts";
import { badUserInput } from "../../schema/errors.ts";
import { isHangUp } from "../http/body-limit.ts";
import type { Log } from "../runtime/log.ts";
import { createOpenApi } from "./openapi.ts";
import { type Operation, reachOf } from "./operation.ts";
import { platformOperations } from "./platform.ts";
import { platformUserOperations } from "./platform-user.ts";
import { fail, succeed } from "./respond.ts";

export interface RestDependencies {
  /** Who is asking, and what they may: throws for a credential that is no good. `answer` collects the cookies to set. */
  createContext(request: Request, answer: Headers): Promise<Context>;
  /** Signing in and out by the cookie, for operations that look at nothing else. */
  sessionsOf(request: Request, answer: Headers): Sessions;
  /** Signs this user in once more, in the popup that this page opens. */
  createOneTimeToken(userId: string, request: Request, answer: Headers): Promise<string>;
  publicUrl: string;
  log: Log;
}

/** How long browsers may remember a CORS preflight. */
const PREFLIGHT_SECONDS = 600;

/** The two halves of the contract, below where each is served. */
export const restParts = { "/api/platform_user": platformUserOperations, "/api/platform": platformOperations };

/** The Xkit REST contract over the port, and its OpenAPI document. */
export function createRestRoutes(dependencies: RestDependencies): Hono {
  const routes = new Hono();
  for (const [base, operations] of Object.entries(restParts)) {
    for (const operation of operations) {
      const path = `${base}${operation.path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
      routes.on(operation.method.toUpperCase(), path, (exchange) => answer(operation, exchange, dependencies));
    }
  }
  const document = JSON.stringify(createOpenApi(restParts, dependencies.publicUrl));
  routes.get("/api/openapi.json", () => new Response(document, { headers: { "content-type": "application/json" } }));
  return routes;
}

/** For all of `/api`: pages of the platform's web origins may ask, with cookies; no others (contract, "Web origins"). */
export const createRestCors = (isValidOrigin: (origin: string) => boolean) =>
  cors({
    origin: (origin) => (isValidOrigin(origin) ? origin : null),
    credentials: true,
    allowMethods: ["GET", "POST", "PUT", "DELETE"],
    allowHeaders: ["authorization", "content-type", "accept", "xkit-js-version"],
    exposeHeaders: ["retry-after"],
    maxAge: PREFLIGHT_SECONDS,
  });

async function answer(operation: Operation, { req }: Exchange, dependencies: RestDependencies): Promise<Response> {
  const request = req.raw;
  const headers = new Headers();
  const reach = reachOf({
    create: () => dependencies.createContext(request, headers),
    sessions: () => dependencies.sessionsOf(request, headers),
    createOneTimeToken: (userId) => dependencies.createOneTimeToken(userId, request, headers),
    bearer: () => bearerOf(request),
  });
  try {
    const body = await operation.run(reach, { params: req.param(), query: req.query(), readBody: () => readJson(request) });
    return succeed(operation.status, body, headers);
  } catch (error) {
    // Nobody reads an answer of the contract any more.
    if (isHangUp(error, request)) throw error;
    return fail(error, operation.caller, dependencies.log);
  }
}

/** The credential of a request that was let in as a user's. */
const bearerOf = (request: Request): string => (request.headers.get("authorization") ?? "").replace(/^\S+ +/, "");

/** JSON, or nothing. Throws BAD_USER_INPUT. Another type is refused: pages of other origins can post it without asking. */
async function readJson(request: Request): Promise<unknown> {
  const text = await request.text();
  if (text === "") return {};
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get("content-type") ?? ""))
    throw badUserInput("Send the body as application/json.", "content-type");
  try {
    return JSON.parse(text);
  } catch {
    throw badUserInput("The body is not JSON.", "body");
  }
}
