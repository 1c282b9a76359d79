import type { Step } from "./pipeline.ts";
import { refuse } from "./refuse.ts";

/** Longest body of any request: 256 KiB. */
const MAXIMUM_BODY_BYTES = 262_144;
/** How much of a body that is too long is read and thrown away, so that its sender comes to read the answer: 1 MiB. */
const DISCARDED_BYTES = 1_048_576;

/** Answers 413 to a body that is too long. */
export const limitBody: Step = (next) => async (exchange) => {
  const { request } = exchange;
  const limited = await readWithin(request, MAXIMUM_BODY_BYTES);
  if (limited) {
    exchange.request = limited;
    return next(exchange);
  }
  const message = `The body is longer than ${MAXIMUM_BODY_BYTES} bytes.`;
  // The rest of a body without a stated length is still on its way: the connection cannot be used again.
  const headers: Record<string, string> = request.headers.has("content-length") ? {} : { connection: "close" };
  return refuse(exchange, { status: 413, code: "BAD_USER_INPUT", message, facts: { path: "content-length" } }, headers);
};

/**
 * The request with its body in hand, or null when that is longer than `maximumBytes`. Node holds the sender to a stated length. A body
 * without one is read here, and what is too much of it thrown away. Built from its parts: `new Request(request)`, as hono's own limit
 * does it, takes no request of the Node adapter.
 */
async function readWithin(request: Request, maximumBytes: number): Promise<Request | null> {
  // First, because asking the Node adapter's request for its body makes it a stream, which is slower to read.
  const stated = request.headers.get("content-length");
  if (stated !== null) return Number(stated) <= maximumBytes ? request : null;
  if (!request.body) return request;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Not `for await`, which closes the connection when it is left, before anything is answered.
  const reader = request.body.getReader();
  for (let next = await reader.read(); !next.done && bytes <= maximumBytes + DISCARDED_BYTES; next = await reader.read()) {
    bytes += next.value.byteLength;
    if (bytes <= maximumBytes) chunks.push(next.value);
  }
  if (bytes > maximumBytes) return null;
  const { method, headers, signal } = request;
  return new Request(request.url, { method, headers, signal, ...(bytes > 0 && { body: Buffer.concat(chunks) }) });
}
