import { notFound } from "../../schema/errors.ts";

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
