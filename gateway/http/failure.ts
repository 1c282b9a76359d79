import { randomUUID } from "node:crypto";
import * as en from "../../client/languages/en.ts";
import { type ErrorCode, type ErrorFacts, GatewayError, httpStatusOf, isTemporary, type Refusal } from "../../schema/errors.ts";
import type { Log } from "../runtime/log.ts";

/** Any error, as every part of the gateway tells it. */
export interface Failure {
  readonly status: number;
  readonly code: ErrorCode;
  /** One sentence for the reader. */
  readonly message: string;
  /** The same for end users, in each language; left out where the message is for developers and operators. */
  readonly refusal?: Refusal | null;
  readonly facts: ErrorFacts;
}

/** What an expected error says of itself. */
export const failureOf = ({ code, message, refusal, facts }: GatewayError): Failure => ({
  status: httpStatusOf[code],
  code,
  message,
  refusal,
  facts,
});

/**
 * Turns any error into what may be told of it.
 *
 * An error that is no `GatewayError` is logged once under a new id. The answer holds that id, and nothing of the error.
 */
export function toFailure(error: unknown, log: Pick<Log, "error">): Failure {
  if (error instanceof GatewayError) return failureOf(error);
  const id = randomUUID();
  log.error({ id, err: error }, "unexpected error");
  const refusal: Refusal = ({ refusals }) => refusals.internal(id);
  return { status: httpStatusOf.INTERNAL, code: "INTERNAL", message: refusal(en), refusal, facts: { id } };
}

/** The headers of a failure: `Retry-After` in whole seconds, and `WWW-Authenticate` on a 401 (RFC 9110 section 11.6.1). */
export const failureHeaders = ({ status, facts: { retryAfter } }: Failure, challenge: string | null): Record<string, string> => ({
  ...(retryAfter !== undefined && { "retry-after": String(Math.ceil(retryAfter)) }),
  ...(status === httpStatusOf.UNAUTHENTICATED && challenge !== null && { "www-authenticate": challenge }),
});

/** The body of a failure in the REST contract and on pages. */
export const toProblem = ({ code, message, facts: { path, retryAfter, maximumTtl, id } }: Failure): object => ({
  error: message,
  code,
  ...(path !== undefined && { path }),
  ...(retryAfter !== undefined && { retry_after: Math.ceil(retryAfter) }),
  ...(maximumTtl !== undefined && { maximum_ttl: maximumTtl }),
  ...(id !== undefined && { id }),
});

/** For `catch`: null for a credential that is refused. An outage refuses none: it is thrown again. */
export function nullWhenRefused(error: unknown): null {
  if (error instanceof GatewayError && !isTemporary(error)) return null;
  throw error;
}
