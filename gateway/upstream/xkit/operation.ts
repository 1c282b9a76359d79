import { isIPv6 } from "node:net";
import { errors } from "undici";
import type { z } from "zod";
import { badUserInput, GatewayError } from "../../../schema/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { type Expected, type RestAnswer, readAnswer } from "./answer.ts";
import { faultOf } from "./fault.ts";
import { DEFAULT_RETRY_SECONDS, upstreamUnavailable } from "./refusal.ts";
import type { Reachability } from "./reachability.ts";
import { MAXIMUM_ANSWER_BYTES, type RestClient, type RestRequest } from "./rest-client.ts";

/**
 * Asks the upstream for JSON.
 * Throws UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, BAD_USER_INPUT, MINIMUM_TTL_UNAVAILABLE and CONNECTOR_MISCONFIGURED as the service
 * says, TEMPORARILY_UNAVAILABLE for 429 and 503, and UPSTREAM_UNAVAILABLE with `retryAfter` for everything else.
 */
export type Ask = <Body>(request: RestRequest, expected: z.ZodType<Body> | Expected<Body>) => Promise<RestAnswer<Body>>;

/** All that one call of the port sends upstream. It has one deadline. */
export interface UpstreamOperation {
  ask: Ask;
  /** The same promise, which is waited for no longer than the operation lasts. */
  within<Value>(promise: Promise<Value>): Promise<Value>;
}

export interface OperationOptions {
  /** Where the client is whose request leads to this one; null where that is not known. */
  clientAddress?: string | null;
  /** Longest that the operation may take, in milliseconds. */
  deadlineMs?: number;
}

/** Begins an operation. */
export type Begin = (options?: OperationOptions) => UpstreamOperation;

export interface OperationsDependencies {
  client: Pick<RestClient, "send">;
  reachability: Reachability;
  /** Longest that an operation may take unless it says otherwise, in milliseconds. */
  timeoutMs: number;
  log: Pick<Log, "warn">;
  /** Headers of each request. Default none. */
  headers?: (() => Readonly<Record<string, string>>) | undefined;
}

export function createOperations({ client, reachability, timeoutMs, log, headers = () => ({}) }: OperationsDependencies): Begin {
  return ({ clientAddress = null, deadlineMs = timeoutMs } = {}) => {
    const endsAt = performance.now() + deadlineMs;
    const forwarded = clientAddress === null ? {} : { forwarded: toForwarded(clientAddress) };

    async function inTime<Value>(work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
      const deadline = new AbortController();
      let timer: NodeJS.Timeout | undefined;
      const passed = new Promise<never>((_resolve, reject) => {
        const end = () => {
          const slow = new errors.HeadersTimeoutError();
          deadline.abort(slow);
          reject(slow);
        };
        timer = setTimeout(end, endsAt - performance.now());
      });
      try {
        return await Promise.race([work(deadline.signal), passed]);
      } catch (error) {
        throw error instanceof GatewayError ? error : explain(error);
      } finally {
        clearTimeout(timer);
      }
    }

    function explain(error: unknown): GatewayError {
      if (error instanceof errors.ResponseExceededMaxSizeError)
        return upstreamUnavailable(`answered with more than ${MAXIMUM_ANSWER_BYTES} bytes`, { retryAfter: DEFAULT_RETRY_SECONDS });
      const fault = faultOf(error, deadlineMs);
      reachability.failed(fault);
      const why = fault.kind === "slow" ? fault.sentence : "cannot be reached";
      return upstreamUnavailable(why, { retryAfter: DEFAULT_RETRY_SECONDS });
    }

    return {
      async ask(request, expected) {
        assertOwnAddress(request);
        const raw = await inTime((signal) =>
          client.send({ ...request, headers: { ...forwarded, ...headers(), ...request.headers } }, signal),
        );
        reachability.answered();
        try {
          return readAnswer(raw, request, expected);
        } catch (error) {
          if (error instanceof GatewayError && error.code === "UPSTREAM_UNAVAILABLE")
            log.warn({ method: request.method, reason: error.message }, "upstream failed");
          throw error;
        }
      },
      within: (promise) => inTime(() => promise),
    };
  };
}

/** URLs resolve these, encoded or not (url.spec.whatwg.org, "double-dot URL path segment"): the path would be another one. */
function assertOwnAddress({ path }: RestRequest): void {
  if (path.some((segment) => segment === "." || segment === ".."))
    throw badUserInput('id: "." and ".." cannot be part of an address.', "id");
}

/** The client's address as the next server reads it (RFC 7239 section 6). */
const toForwarded = (address: string): string => (isIPv6(address) ? `for="[${address}]"` : `for=${address}`);
