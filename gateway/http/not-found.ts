import { notFound } from "../../schema/errors.ts";
import type { Exchange } from "./pipeline.ts";
import { refuseMethod } from "./refuse.ts";

/** What has no route: a page with a slash at the end is without one, and nothing else is there. Throws NOT_FOUND. */
export function answerNotFound(publicUrl: string, request: Request): Response {
  const { pathname, search } = new URL(request.url);
  const isPage = !pathname.startsWith("/api/");
  if (isPage && pathname.endsWith("/") && pathname !== "/")
    return redirectPermanently(`${publicUrl}${pathname.replace(/\/+$/, "")}${search}`);
  throw notFound(isPage ? ({ refusals }) => refusals.nothingHere : `The gateway has nothing at ${pathname}.`);
}

/** With the same method. */
const redirectPermanently = (location: string): Response => new Response(null, { status: 308, headers: { location } });

/** Methods that routes of the API have. `OPTIONS` has none: preflights are answered before the routes. */
const ROUTED_METHODS: readonly string[] = ["GET", "POST", "PUT", "DELETE"];

/** Answers 405 where an address of the API takes other methods. Null where it takes none, which may say that nothing is there. */
export function refuseOtherMethods(exchange: Exchange, hasRoute: (method: string) => boolean): Promise<Response> | null {
  const { request, pathname } = exchange;
  if (request.method === "OPTIONS" || !pathname.startsWith("/api/")) return null;
  const allowed = ROUTED_METHODS.filter(hasRoute).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : method));
  return allowed.length === 0 ? null : refuseMethod(exchange, allowed);
}
