import { type Dispatcher, errors, Pool } from "undici";
import type { z } from "zod";
import { badUserInput, GatewayError } from "../../../schema/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { type RawAnswer, valuesOf } from "./raw-answer.ts";
import { safeParseJson } from "../../runtime/json.ts";
import { DEFAULT_RETRY_SECONDS, explainRefusal, unavailable } from "./refusal.ts";

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
  /** Path segments below the base; each is encoded. */
  path: readonly string[];
  /** Parameters; null leaves one out. */
  query?: Readonly<Record<string, string | number | boolean | null>>;
  credential: Credential;
  /** Sent as JSON. */
  body?: object;
  /** Further headers. */
  headers?: Readonly<Record<string, string>>;
}

export interface RestAnswer<Body> {
  body: Body;
  /** `Set-Cookie` headers, as they came. */
  setCookies: string[];
}

/** Asks a REST service for JSON. */
export interface RestClient {
  /**
   * The parsed answer. Redirects are not followed; a GET whose connection broke is asked once more.
   * Throws UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, BAD_USER_INPUT, MINIMUM_TTL_UNAVAILABLE and CONNECTOR_MISCONFIGURED as the service
   * says, TEMPORARILY_UNAVAILABLE for 429 and 503, and UPSTREAM_UNAVAILABLE for everything else: with `retryAfter` where asking again
   * may help (network, timeout, 5xx), without where it may not (redirect, larger than 1 MiB, not the JSON that was expected).
   */
  ask<Body>(request: RestRequest, schema: z.ZodType<Body>): Promise<RestAnswer<Body>>;
  close(): Promise<void>;
}

export interface RestOptions {
  /** Origin of the service. */
  url: string;
  /** Longest an answer may take, a second try included, from the first byte sent to the last received, in milliseconds. */
  timeoutMs: number;
  log: Pick<Log, "warn">;
}

/** Creates a client over a pool of connections that are kept alive. */
export function createRestClient({ url, timeoutMs, log }: RestOptions): RestClient {
  const pool = new Pool(url, {
    connections: POOL_CONNECTIONS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxResponseSize: MAXIMUM_ANSWER_BYTES,
    connect: { timeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs) },
    // Ours counts the whole exchange.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  async function send(request: RestRequest, signal: AbortSignal): Promise<RawAnswer> {
    const { statusCode, headers, body } = await pool.request({ ...toOptions(request), signal });
    return { status: statusCode, headers, text: await body.text() };
  }

  /** A read changes nothing here or there, so that a connection that broke under it may be tried again. */
  async function sendAgain(request: RestRequest, signal: AbortSignal): Promise<RawAnswer> {
    try {
      return await send(request, signal);
    } catch (error) {
      if (request.method !== "GET" || !isBrokenConnection(error)) throw error;
      return send(request, signal);
    }
  }

  /** One deadline for both tries: the caller waits for the answer, not for a try. */
  async function sendInTime(request: RestRequest): Promise<RawAnswer> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new errors.HeadersTimeoutError()), timeoutMs);
    try {
      return await sendAgain(request, deadline.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async ask(request, schema) {
      // URLs resolve these, encoded or not (url.spec.whatwg.org, "double-dot URL path segment"): the path would be another one.
      if (request.path.some((segment) => segment === "." || segment === ".."))
        throw badUserInput('id: "." and ".." cannot be part of an address.', "id");
      try {
        const answer = await sendInTime(request);
        if (answer.status < 200 || answer.status > 299) throw explainRefusal(answer, secretsOf(request));
        return { body: parse(answer, schema), setCookies: valuesOf(answer.headers, "set-cookie") };
      } catch (error) {
        const failure = error instanceof GatewayError ? error : explainNoAnswer(error, timeoutMs);
        if (failure.code === "UPSTREAM_UNAVAILABLE")
          log.warn({ method: request.method, reason: failure.message, code: codeOf(error) }, "upstream failed");
        throw failure;
      }
    },
    close: () => pool.close(),
  };
}

function toOptions({ method, path, query = {}, credential, body, headers }: RestRequest): Dispatcher.RequestOptions {
  const given = Object.entries(query).filter(([, value]) => value !== null);
  const search = given.length > 0 ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
  return {
    method,
    path: `/${path.map(encodeURIComponent).join("/")}${search}`,
    headers: { accept: "application/json", ...credential, ...headers, ...(body && { "content-type": "application/json" }) },
    body: body ? JSON.stringify(body) : null,
  };
}

const brokenCodes: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE", "ECONNREFUSED"]);

const codeOf = (error: unknown): string | null => (error instanceof Error && "code" in error ? String(error.code) : null);

const isBrokenConnection = (error: unknown): boolean => brokenCodes.has(codeOf(error) ?? "");

function explainNoAnswer(error: unknown, timeoutMs: number): GatewayError {
  if (error instanceof errors.ResponseExceededMaxSizeError) return unavailable(`answered with more than ${MAXIMUM_ANSWER_BYTES} bytes`);
  const isSlow = error instanceof errors.HeadersTimeoutError || error instanceof errors.ConnectTimeoutError;
  const why = isSlow ? `did not answer within ${timeoutMs} ms` : "cannot be reached";
  return unavailable(why, { retryAfter: DEFAULT_RETRY_SECONDS });
}

/** What a request holds that its answer must not repeat. */
function secretsOf({ credential, body }: RestRequest): string[] {
  const sent = Object.values(credential ?? {}).flatMap((value) => value.split(/[\s;=]+/));
  const keyPair = sent.flatMap((word) => Buffer.from(word, "base64").toString().split(":"));
  return [...sent, ...keyPair, ...Object.values(body ?? {}).filter((value) => typeof value === "string")];
}

/** Contract, "Responses": a success is JSON that is not null and has no `error`; 204 stands for `{}`. */
function parse<Body>({ status, text }: RawAnswer, schema: z.ZodType<Body>): Body {
  const json = status === 204 ? {} : safeParseJson(text);
  if (typeof json === "object" && json !== null && "error" in json && json.error != null)
    throw unavailable("answered with an error and a status of success");
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.map(String).join(".") ?? "";
  throw unavailable(`answered with something that is not expected${where ? ` (${where})` : ""}`);
}
