import { type Failure, failureHeaders } from "./failure.ts";
import type { Exchange } from "./pipeline.ts";

/** The answer that tells of a failure, as the surface of the request writes it. */
export async function refuse(
  { surface, request }: Pick<Exchange, "surface" | "request">,
  failure: Failure,
  headers: Record<string, string> = {},
): Promise<Response> {
  const isForPerson = /\btext\/html\b/i.test(request.headers.get("accept") ?? "");
  const all = { ...failureHeaders(failure, surface.challenge), ...headers };
  if (isForPerson && surface.toPage) return surface.toPage(request, failure, all);
  return Response.json(surface.toBody(failure), { status: failure.status, headers: all });
}

/** Answers 405 (RFC 9110 section 15.5.6). */
export function refuseMethod(exchange: Exchange, allowed: readonly string[]): Promise<Response> {
  const allow = allowed.join(", ");
  const message = `The method ${exchange.request.method} is not supported: use one of ${allow}.`;
  return refuse(exchange, { status: 405, code: "BAD_USER_INPUT", message, facts: {} }, { allow });
}
