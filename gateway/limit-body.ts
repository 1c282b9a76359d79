/**
 * The request with its body in hand, or null when that is longer than `maximumBytes`. A stated length is what Node holds the sender to;
 * a body without one is read here, and no further than is allowed. Built anew from its parts: `new Request(request)`, as hono's own limit
 * has it, takes no request of the Node adapter.
 */
export async function limitBody(request: Request, maximumBytes: number): Promise<Request | null> {
  // First, because asking the Node adapter's request for its body makes it a stream, which is slower to read.
  const stated = request.headers.get("content-length");
  if (stated !== null) return Number(stated) <= maximumBytes ? request : null;
  if (!request.body) return request;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > maximumBytes) return null;
    chunks.push(chunk);
  }
  const { method, headers, signal } = request;
  return new Request(request.url, { method, headers, signal, ...(bytes > 0 && { body: Buffer.concat(chunks) }) });
}
