import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { Agent, type Dispatcher } from "undici";
import { isPrivateLiteral, lookupPublic, PrivateAddressError } from "./public-lookup.ts";

/** The largest body read from a provider, after decompression: 1 MiB. */
export const MAX_RESPONSE_BYTES = 1_048_576;

/** What is read of a body that is of no interest, so that its connection can be used again: 64 KiB. */
const DISCARDED_BYTES = 65_536;

/** How long a provider has to answer in full, unless the caller says otherwise: 10 s. */
export const PROVIDER_TIMEOUT_MS = 10_000;

const HTTP_OK = 200;
/** The highest status that a `Response` can be made with; LinkedIn answers 999. */
const HIGHEST_STATUS = 599;

/** Some services refuse a request without one. */
const USER_AGENT = "xkit-gateway";

/**
 * Connections are kept alive: as long as the server says, else 4 s after their last answer, before servers that say nothing close them. A
 * request that a server closes its connection on would count as lost. The deadline of each exchange covers what undici has timeouts for.
 */
const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
/** Its connections are its own: the other's may lead anywhere. */
const publicAgent = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { lookup: lookupPublic } });

const decoders: ReadonlyMap<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = new Map([
  ["gzip", promisify(gunzip)],
  ["x-gzip", promisify(gunzip)],
  ["deflate", promisify(inflate)],
  ["br", promisify(brotliDecompress)],
]);

/** No complete answer came back. `code` is ours. */
export class NoResponseError extends Error {
  readonly code: string;
  /** False: not a byte of the request was written, so the provider cannot have acted on it. */
  readonly isSent: boolean;

  constructor(code: string, isSent: boolean, options?: ErrorOptions) {
    super(`No answer from the provider (${code}).`, options);
    this.name = "NoResponseError";
    this.code = code;
    this.isSent = isSent;
  }
}

export interface FetchLimits {
  /** For the whole exchange, body included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /**
   * Asked once the connection stands (TLS included), synchronously before the first byte of the request is written, with the milliseconds
   * that are left of `timeoutMs`. False: nothing is written, and the error's code is `not_sent`.
   */
  readonly mayStillSend?: ((remainingMs: number) => boolean) | undefined;
  /** Connects to addresses of the public internet alone. Default false. */
  readonly isPublicOnly?: boolean | undefined;
  /** The answer is its status: it is given once its head is there, and the body is thrown away. Default false. */
  readonly isHeadEnough?: boolean | undefined;
}

export interface ProviderRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
}

/** An answer read to its end. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * Sends one request to a provider and reads the answer to its end.
 *
 * Follows no redirect and reads at most `MAX_RESPONSE_BYTES`. Any status is an answer. Throws `NoResponseError` with code `unreachable`
 * (not sent), `private_address` (not sent), `not_sent`, `connection_lost`, `timeout`, `aborted` or `too_large`.
 */
export async function fetchResponse(url: string, request: ProviderRequest, limits: FetchLimits): Promise<HttpResponse> {
  if (limits.signal?.aborted === true) throw new NoResponseError("aborted", false);
  if (limits.isPublicOnly && isPrivateLiteral(url)) throw new NoResponseError("private_address", false);
  const { status, headers, body } = await exchange(url, request, limits);
  return { status, headers, text: new TextDecoder().decode(await decode(body, headers.get("content-encoding"))) };
}

/** A `Response` that oauth4webapi can process, made of an answer already read. */
export function toResponse(status: number, body: string, headers: Record<string, string> = {}): Response {
  const empty = body === "" && status !== HTTP_OK;
  const init = { status: Math.min(status, HIGHEST_STATUS), headers: { "content-type": "application/json", ...headers } };
  return new Response(empty ? null : body, init);
}

interface RawResponse {
  status: number;
  headers: Headers;
  body: Buffer;
}

/** Settles at the deadline even while the connection is being made; a connection that stands later is not written to. */
function exchange(url: string, request: ProviderRequest, limits: FetchLimits): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const answer = { status: 0, headers: new Headers() };
    const chunks: Buffer[] = [];
    let bytes = 0;
    let isSent = false;
    let controller: Dispatcher.DispatchController | null = null;
    const fail = (code: string, cause?: unknown) => {
      deadline.end();
      reject(new NoResponseError(code, isSent, { cause }));
      controller?.abort(new Error(code));
    };
    const deadline = startDeadline(limits, fail);
    (limits.isPublicOnly ? publicAgent : agent).dispatch(toOptions(url, request), {
      onRequestStart(started) {
        // To throw here keeps the connection for a later request; to abort would close it.
        if (!deadline.maySend()) throw new NoResponseError("not_sent", false);
        isSent = true;
        controller = started;
      },
      onResponseStart(_controller, status, headers) {
        Object.assign(answer, { status, headers: toHeaders(headers) });
        if (limits.isHeadEnough) resolve({ ...answer, body: Buffer.alloc(0) });
      },
      onResponseData(_controller, chunk) {
        bytes += chunk.byteLength;
        if (bytes > (limits.isHeadEnough ? DISCARDED_BYTES : MAX_RESPONSE_BYTES)) fail("too_large");
        else if (!limits.isHeadEnough) chunks.push(chunk);
      },
      onResponseEnd() {
        deadline.end();
        resolve({ ...answer, body: Buffer.concat(chunks) });
      },
      onResponseError(_controller, error) {
        if (error instanceof NoResponseError) fail(error.code);
        else if (error instanceof PrivateAddressError) fail("private_address", error);
        else fail(isSent ? "connection_lost" : "unreachable", error);
      },
    });
  });
}

/** A timer of our own: `AbortSignal.any` with `AbortSignal.timeout` can be garbage collected, and then never fires, on Node 20. */
function startDeadline({ timeoutMs, signal, mayStillSend }: FetchLimits, stop: (code: string) => void) {
  const endsAt = performance.now() + timeoutMs;
  let isOver = false;
  const onAbort = () => stop("aborted");
  const timer = setTimeout(stop, timeoutMs, "timeout");
  signal?.addEventListener("abort", onAbort, { once: true });
  return {
    end() {
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    },
    /** After a pause, the connection's event can come before the timer's: so the time is compared too. */
    maySend(): boolean {
      const remainingMs = endsAt - performance.now();
      return !isOver && remainingMs > 0 && (mayStillSend?.(remainingMs) ?? true);
    },
  };
}

/** The body is a string, so undici writes head and body in one synchronous step, with `Content-Length`. */
function toOptions(url: string, { method, headers, body }: ProviderRequest): Dispatcher.DispatchOptions {
  const { origin, pathname, search } = new URL(url);
  const given = new Headers(headers);
  if (!given.has("user-agent")) given.set("user-agent", USER_AGENT);
  return { origin, path: pathname + search, method, headers: Object.fromEntries(given), body };
}

function toHeaders(received: Record<string, string | string[] | undefined>): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(received)) for (const value of [values ?? []].flat()) headers.append(name, value);
  return headers;
}

async function decode(body: Buffer, encoding: string | null): Promise<Buffer> {
  const decoder = decoders.get(encoding?.trim().toLowerCase() ?? "");
  if (!decoder) return body;
  try {
    return await decoder(body, { maxOutputLength: MAX_RESPONSE_BYTES });
  } catch (cause) {
    const isTooLarge = cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
    throw new NoResponseError(isTooLarge ? "too_large" : "connection_lost", true, { cause });
  }
}
