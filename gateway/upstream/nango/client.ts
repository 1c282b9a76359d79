import { z } from "zod";
import { GatewayError } from "../../../schema/errors.ts";
import { fetchResponse, type HttpResponse, NoResponseError } from "../../http/fetch.ts";
import { retryAfterSeconds } from "../../http/retry-after.ts";
import { safeParseJson } from "../../runtime/json.ts";
import type { Log } from "../../runtime/log.ts";

/** What `retryAfter` says where Nango does not, in seconds. */
const DEFAULT_RETRY_SECONDS = 2;
/** `Retry-After` is believed up to here, in seconds. */
const LONGEST_RETRY_SECONDS = 3_600;

/** One request to Nango's API. */
export interface NangoRequest {
  method: "GET" | "POST" | "DELETE";
  /** Path segments; each is encoded. */
  path: readonly string[];
  query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  body?: object;
}

/** What is not there, or cannot be had, by Nango's own code. Every other failure is thrown. */
export interface Refusal {
  code: "not_found" | "unknown_connection" | "unknown_provider_config" | "invalid_credentials" | "invalid_body" | "resource_capped";
  status: number;
  /** Nango's own sentence: a hint at which of several failures it was. It is never passed on. */
  hint: string;
}

export type NangoResponse<Body> = { body: Body; refusal: null } | { body: null; refusal: Refusal };

export interface NangoClient {
  /**
   * The parsed answer, or a refusal. Redirects are not followed; at most 1 MiB is read.
   * Throws TEMPORARILY_UNAVAILABLE for 429, and UPSTREAM_UNAVAILABLE for everything else: with `retryAfter` where asking again may help
   * (network, timeout, 5xx, an answer that is not expected), without where the operator has to act (a refused key). No message holds
   * anything of an answer.
   */
  ask<Body>(request: NangoRequest, schema: z.ZodType<Body>): Promise<NangoResponse<Body>>;
  /** What is wrong with the key, in one sentence for the operator; null while Nango accepts it. */
  keyProblem(): string | null;
}

interface NangoClientOptions {
  /** Origin of the API. */
  url: string;
  secretKey: string;
  /** Longest an answer may take, in milliseconds. */
  timeoutMs: number;
  log: Pick<Log, "info" | "warn">;
}

/** The body of an answer that Nango itself never refuses. Throws UPSTREAM_UNAVAILABLE for a refusal, as of another server at that address. */
export function bodyOf<Body>({ body, refusal }: NangoResponse<Body>): Body {
  if (refusal) throw unavailable(`answered with status ${refusal.status}`, DEFAULT_RETRY_SECONDS);
  return body;
}

/** Creates a client of one environment of Nango. */
export function createNangoClient({ url, secretKey, timeoutMs, log }: NangoClientOptions): NangoClient {
  let keyProblem: string | null = null;
  let failing: string | null = null;

  /** The operator is told of each change once. */
  function note(failure: GatewayError | null, method: string, code: string | null): void {
    const reason = failure?.message ?? null;
    // No path: it holds ids of users.
    if (reason !== null && reason !== failing) log.warn({ method, reason, code }, "nango failed");
    if (reason === null && failing !== null) log.info({}, "nango answers again");
    failing = reason;
  }

  async function send({ method, path, query = {}, body }: NangoRequest): Promise<HttpResponse> {
    const search = Object.keys(query).length > 0 ? `?${new URLSearchParams(query)}` : "";
    const headers = {
      authorization: `Bearer ${secretKey}`,
      accept: "application/json",
      ...(body && { "content-type": "application/json" }),
    };
    const target = `${url}/${path.map(encodeURIComponent).join("/")}${search}`;
    return fetchResponse(target, { method, headers, body: body ? JSON.stringify(body) : null }, { timeoutMs });
  }

  return {
    keyProblem: () => keyProblem,
    async ask(request, schema) {
      // URLs resolve these, encoded or not (url.spec.whatwg.org, "double-dot URL path segment"): the path would be another one.
      if (request.path.some((segment) => segment === "." || segment === ".."))
        return { body: null, refusal: { code: "not_found", status: 404, hint: "" } };
      try {
        const answer = await send(request);
        keyProblem = keyProblemOf(answer) ?? (answer.status < 400 ? null : keyProblem);
        const response = read(answer, schema);
        note(null, request.method, null);
        return response;
      } catch (error) {
        const failure = error instanceof GatewayError ? error : explainNoResponse(error, timeoutMs);
        note(failure, request.method, codeOf(error));
        throw failure;
      }
    },
  };
}

const codeOf = (error: unknown): string | null => (error instanceof NoResponseError ? error.code : null);

const unavailable = (why: string, retryAfter?: number): GatewayError =>
  new GatewayError("UPSTREAM_UNAVAILABLE", `Nango ${why}.`, retryAfter === undefined ? {} : { retryAfter });

function explainNoResponse(error: unknown, timeoutMs: number): GatewayError {
  if (!(error instanceof NoResponseError)) throw error;
  if (error.code === "timeout") return unavailable(`did not answer within ${timeoutMs} ms`, DEFAULT_RETRY_SECONDS);
  return unavailable(error.code === "too_large" ? "answered with more than the gateway reads" : "cannot be reached", DEFAULT_RETRY_SECONDS);
}

const refusalCodes = [
  "not_found",
  "unknown_connection",
  "unknown_provider_config",
  "invalid_credentials",
  "invalid_body",
  "resource_capped",
] as const;

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string().catch("") }) });
const refusalSchema = z.object({ error: z.object({ code: z.enum(refusalCodes), message: z.string().catch("") }) });

function read<Body>(answer: HttpResponse, schema: z.ZodType<Body>): NangoResponse<Body> {
  const { status } = answer;
  const json = safeParseJson(answer.text);
  if (status >= 200 && status < 300) {
    const parsed = schema.safeParse(json);
    if (parsed.success) return { body: parsed.data, refusal: null };
    throw unavailable("gave an unexpected answer", DEFAULT_RETRY_SECONDS);
  }
  const refusal = refusalSchema.safeParse(json).data?.error;
  if (refusal) return { body: null, refusal: { code: refusal.code, status, hint: refusal.message } };
  throw explainStatus(answer, json);
}

function explainStatus(answer: HttpResponse, json: unknown): GatewayError {
  const { status } = answer;
  const problem = keyProblemOf(answer);
  if (problem !== null) return new GatewayError("UPSTREAM_UNAVAILABLE", problem);
  if (status === 429)
    return new GatewayError("TEMPORARILY_UNAVAILABLE", "Nango limits the rate of requests: try again later.", {
      retryAfter: retryAfterOf(answer),
    });
  // An older server knows no filter by tags, and refuses what it does not know.
  if (errorSchema.safeParse(json).data?.error.code === "invalid_query_params")
    return unavailable("does not know a query of this gateway: update Nango to 0.69.26 or newer");
  return unavailable(`answered with status ${status}`, retryAfterOf(answer));
}

/** Nango may say 0. */
const retryAfterOf = ({ headers }: HttpResponse): number =>
  Math.min(Math.max(retryAfterSeconds(headers) ?? DEFAULT_RETRY_SECONDS, 1), LONGEST_RETRY_SECONDS);

/** What a status says of the secret key; null where it says nothing. */
function keyProblemOf({ status }: Pick<HttpResponse, "status">): string | null {
  if (status === 401) return "Nango refuses this gateway's secret key: the operator has to correct XKIT_NANGO_SECRET_KEY.";
  return status === 403 ? "This gateway's secret key lacks scopes at Nango: the operator has to add them." : null;
}
