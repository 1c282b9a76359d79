import { partOf } from "../runtime/metrics.ts";
import type { Tracing } from "../runtime/tracing.ts";
import type { Exchange } from "./pipeline.ts";

const SERVER_ERROR = 500;

/** The same, each request in a span, which goes on with the trace that the request names. The path is not told: it may hold an id. */
export const traceRequests =
  ({ inSpan }: Tracing, handle: (exchange: Exchange) => Promise<Response>) =>
  async (exchange: Exchange): Promise<Response> => {
    const { request, pathname, requestId } = exchange;
    const part = partOf(pathname);
    const facts = { "http.request.method": request.method, "http.route": `/${part}` };
    return inSpan(
      { name: `${request.method} /${part}`, kind: "server", facts, headers: request.headers, requestId },
      () => handle(exchange),
      ({ status }) => ({ facts: { "http.response.status_code": status }, isFailed: status >= SERVER_ERROR }),
    );
  };
