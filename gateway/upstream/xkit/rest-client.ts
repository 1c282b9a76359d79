import { type Dispatcher, Pool } from "undici";
import { isBrokenConnection } from "./fault.ts";
import type { RawAnswer } from "./raw-answer.ts";

/** Largest answer that is read: 1 MiB. */
export const MAXIMUM_ANSWER_BYTES = 1_048_576;
/** Connections to the upstream at most; each is kept alive. */
const POOL_CONNECTIONS = 128;
/** How long an idle connection is kept where the upstream states nothing shorter. */
const KEEP_ALIVE_MS = 30_000;
/** Longest that opening a connection may take. */
const CONNECT_TIMEOUT_MS = 5_000;
/** What a request proves: a user's own bearer, the gateway's key pair, or a session cookie, as header values. */
export type Credential = { authorization: string } | { cookie: string } | null;

export interface RestRequest {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path segments below the origin; each is encoded. */
  path: readonly string[];
  /** Parameters; null leaves one out. */
  query?: Readonly<Record<string, string | number | boolean | null>>;
  credential: Credential;
  /** Sent as JSON. */
  body?: object;
  /** Further headers. */
  headers?: Readonly<Record<string, string>>;
}

/** The sockets to a service. */
export interface RestClient {
  /**
   * The answer, whatever it says. Redirects are not followed; a GET whose connection broke is sent once more.
   * Rejects with what the socket says (`faultOf`), and with the signal's reason.
   */
  send(request: RestRequest, signal: AbortSignal): Promise<RawAnswer>;
  close(): Promise<void>;
}

export interface RestClientOptions {
  /** Origin of the service. */
  url: string;
  /** Longest that opening a connection may take, where that is under 5 s, in milliseconds. */
  timeoutMs: number;
}

/** Creates a client over a pool of connections that are kept alive. */
export function createRestClient({ url, timeoutMs }: RestClientOptions): RestClient {
  const pool = new Pool(url, {
    connections: POOL_CONNECTIONS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxResponseSize: MAXIMUM_ANSWER_BYTES,
    connect: { timeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs) },
    // The operation counts the whole exchange.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  const sendOnce = (request: RestRequest, signal: AbortSignal): Promise<RawAnswer> => exchange(pool, toOptions(request), signal);

  return {
    /** A read changes nothing here or there, so that a connection that broke under it may be tried again. */
    async send(request, signal) {
      try {
        return await sendOnce(request, signal);
      } catch (error) {
        if (request.method !== "GET" || !isBrokenConnection(error)) throw error;
        return sendOnce(request, signal);
      }
    },
    close: () => pool.close(),
  };
}

/** Reads an answer to its end. undici's own `request` makes a stream of it first. */
function exchange(pool: Pool, options: Dispatcher.DispatchOptions, signal: AbortSignal): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const head: { status: number; headers: RawAnswer["headers"] } = { status: 0, headers: {} };
    const chunks: Buffer[] = [];
    let controller: Dispatcher.DispatchController | null = null;
    const abort = () => {
      reject(signal.reason);
      controller?.abort(signal.reason);
    };
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    const settled = () => signal.removeEventListener("abort", abort);
    pool.dispatch(options, {
      onRequestStart(started) {
        if (signal.aborted) started.abort(signal.reason);
        controller = started;
      },
      onResponseStart(_controller, status, headers) {
        Object.assign(head, { status, headers });
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        settled();
        resolve({ ...head, text: textOf(chunks) });
      },
      onResponseError(_controller, error) {
        settled();
        reject(error);
      },
    });
  });
}

const BYTE_ORDER_MARK = /^\ufeff/;

const textOf = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString("utf8").replace(BYTE_ORDER_MARK, "");

function toOptions({ method, path, query = {}, credential, body, headers }: RestRequest): Dispatcher.DispatchOptions {
  const given = Object.entries(query).filter(([, value]) => value !== null);
  const search = given.length > 0 ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
  return {
    method,
    path: `/${path.map(encodeURIComponent).join("/")}${search}`,
    headers: { accept: "application/json", ...credential, ...headers, ...(body && { "content-type": "application/json" }) },
    body: body ? JSON.stringify(body) : null,
  };
}
