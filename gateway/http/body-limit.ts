import type { Answer, Exchange, Step } from "./pipeline.ts";
import { refuse } from "./refuse.ts";

/** Longest body of any request: 256 KiB. */
const MAXIMUM_BODY_BYTES = 262_144;
/** How much of a body that is too long is read and thrown away, so that its sender comes to read the answer: 1 MiB. */
const DISCARDED_BYTES = 1_048_576;

/** A `Request` of these has none (fetch.spec.whatwg.org, "Request class"). */
const METHODS_WITHOUT_BODY: readonly string[] = ["GET", "HEAD"];

/** Answers 413 to a body that is too long. */
export const limitBody: Step = {
  before(exchange) {
    const { request } = exchange;
    // First, because asking the Node adapter's request for its body makes it a stream, which is slower to read.
    const stated = request.headers.get("content-length");
    // Node holds the sender to a stated length.
    if (stated !== null) return Number(stated) <= MAXIMUM_BODY_BYTES ? null : refuseBody(exchange, {});
    if (METHODS_WITHOUT_BODY.includes(request.method)) return null;
    return request.body ? limitUnstated(exchange, request.body) : null;
  },
};

async function limitUnstated(exchange: Exchange, body: ReadableStream<Uint8Array>): Promise<Answer | null> {
  const limited = await readWithin(exchange.request, body, MAXIMUM_BODY_BYTES);
  // The rest of the body is still on its way: the connection cannot be used again.
  if (!limited) return refuseBody(exchange, { connection: "close" });
  exchange.request = limited;
  return null;
}

function refuseBody(exchange: Exchange, headers: Record<string, string>): Promise<Answer> {
  const message = `The body is longer than ${MAXIMUM_BODY_BYTES} bytes.`;
  return refuse(exchange, { status: 413, code: "BAD_USER_INPUT", message, facts: { path: "content-length" } }, headers);
}

/**
 * The request with its body in hand, or null when that is longer than `maximumBytes`; what is too much of it is thrown away. Built from
 * its parts: `new Request(request)`, as hono's own limit does it, takes no request of the Node adapter.
 */
async function readWithin(request: Request, body: ReadableStream<Uint8Array>, maximumBytes: number): Promise<Request | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Not `for await`, which closes the connection when it is left, before anything is answered.
  const reader = body.getReader();
  for (let next = await reader.read(); !next.done && bytes <= maximumBytes + DISCARDED_BYTES; next = await reader.read()) {
    bytes += next.value.byteLength;
    if (bytes <= maximumBytes) chunks.push(next.value);
  }
  if (bytes > maximumBytes) return null;
  const { method, headers, signal } = request;
  return new Request(request.url, { method, headers, signal, ...(bytes > 0 && { body: Buffer.concat(chunks) }) });
}
