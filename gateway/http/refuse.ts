import { type Failure, failureHeaders } from "./failure.ts";
import type { Exchange } from "./pipeline.ts";

/** The answer that tells of a failure, as the surface of the request writes it. */
export function refuse({ surface }: Pick<Exchange, "surface">, failure: Failure, headers: Record<string, string> = {}): Response {
  return Response.json(surface.toBody(failure), {
    status: failure.status,
    headers: { ...failureHeaders(failure, surface.challenge), ...headers },
  });
}
