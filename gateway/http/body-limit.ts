/** How much of a body that is too long is read and thrown away, so that its sender comes to read the answer: 1 MiB. */
const DISCARDED_BYTES = 1_048_576;

/**
 * The request with its body in hand, or null when that is longer than `maximumBytes`. A stated length is what Node holds the sender to;
 * a body without one is read here, and what is too much of it thrown away. Built anew from its parts: `new Request(request)`, as hono's
 * own limit has it, takes no request of the Node adapter.
 */
export async function limitBody(request: Request, maximumBytes: number): Promise<Request | null> {
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

/** Headers of the answer to a body that is too long: of one that was read here, nobody reads what may still come. */
export const headersWhenTooLong = ({ headers }: Request): Record<string, string> =>
  headers.has("content-length") ? {} : { connection: "close" };

/** Whether this is no failure of ours: the client is gone, and with it the rest of the body. */
export const isHangUp = (error: unknown, { signal }: Request): boolean =>
  signal.aborted && error instanceof Error && (error.name === "AbortError" || ("code" in error && error.code === "ECONNRESET"));
