/** The largest body read from a provider, after decompression: 1 MiB. */
export const MAX_ANSWER_BYTES = 1_048_576;

/** How long a provider has to answer in full, unless the caller says otherwise: 10 s. */
export const PROVIDER_TIMEOUT_MS = 10_000;

const HTTP_OK = 200;
/** The highest status that a `Response` can be made with; LinkedIn answers 999. */
const HIGHEST_STATUS = 599;

/** Errors of name lookup, connecting and TLS: not a byte of the request can have been acted on. */
const unreachedCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** No complete answer came back. `code` is ours. */
export class NoAnswerError extends Error {
  readonly code: string;

  constructor(code: string, options?: ErrorOptions) {
    super(`No answer from the provider (${code}).`, options);
    this.name = "NoAnswerError";
    this.code = code;
  }
}

export interface ExchangeLimits {
  /** For the whole exchange, body included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ProviderRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
}

/** An answer read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * Sends one request to a provider and reads the answer to its end.
 *
 * Follows no redirect and reads at most `MAX_ANSWER_BYTES`. Any status is an answer. Throws `NoAnswerError` with code `unreachable`,
 * `connection_lost`, `timeout`, `aborted` or `too_large`.
 */
export async function fetchAnswer(url: string, request: ProviderRequest, limits: ExchangeLimits): Promise<Answer> {
  const deadline = startDeadline(limits);
  try {
    const response = await fetch(url, { ...request, redirect: "manual", signal: deadline.signal });
    return { status: response.status, headers: response.headers, text: await readCapped(response) };
  } catch (cause) {
    throw noAnswer(cause, deadline.code());
  } finally {
    deadline.clear();
  }
}

/** A `Response` that oauth4webapi can process, made of an answer already read. */
export function toResponse(status: number, body: string, headers: Record<string, string> = {}): Response {
  const empty = body === "" && status !== HTTP_OK;
  const init = { status: Math.min(status, HIGHEST_STATUS), headers: { "content-type": "application/json", ...headers } };
  return new Response(empty ? null : body, init);
}

/** A timer of our own: `AbortSignal.any` with `AbortSignal.timeout` can be garbage collected, and then never fires, on Node 20. */
function startDeadline({ timeoutMs, signal }: ExchangeLimits) {
  const controller = new AbortController();
  let code: string | null = null;
  const stop = (reason: string) => {
    code ??= reason;
    controller.abort();
  };
  const onAbort = () => stop("aborted");
  const timer = setTimeout(stop, timeoutMs, "timeout");
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const clear = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  return { signal: controller.signal, code: () => code, clear };
}

async function readCapped(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  // Leaving the loop by throwing cancels the stream, and with it the connection.
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new NoAnswerError("too_large");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function noAnswer(cause: unknown, stopped: string | null): NoAnswerError {
  if (cause instanceof NoAnswerError) return cause;
  if (stopped !== null) return new NoAnswerError(stopped, { cause });
  return new NoAnswerError(isUnreached(cause) ? "unreachable" : "connection_lost", { cause });
}

function isUnreached(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  return (typeof code === "string" && unreachedCodes.has(code)) || isUnreached(error.cause);
}
