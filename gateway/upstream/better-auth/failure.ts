import { z } from "zod";
import { createFailure, isTemporaryCode, kindOf } from "../../oauth/failure.ts";
import type { TokenFailure } from "../../oauth/result.ts";

/** What better-auth throws of an answer that is not 2xx, or has no token: the answer's body and its status, as far as there are any. */
const thrownSchema = z.object({
  error: z.string().optional(),
  error_description: z.string().optional().catch(undefined),
  status: z.number().optional(),
});

/** Not a byte was sent. */
const unsentCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

const STATUS_UNAUTHORIZED = 401;
const STATUS_BAD_REQUEST = 400;
/** The server has refused to act. */
const refusingStatuses: ReadonlySet<number> = new Set([501, 503]);
const isMomentary = (status: number): boolean => status >= 500 || [408, 425, 429].includes(status);

/** Sorts what a provider's `refreshAccessToken` throws. `secrets`: what was sent, none of which may come back in a message. */
export function failureOf(thrown: unknown, secrets: readonly string[]): TokenFailure {
  const base = { operation: "refresh", secrets } as const;
  if (thrown instanceof Error) return createFailure({ ...base, ...errorFacts(thrown) });
  const { data: answer } = thrownSchema.safeParse(thrown);
  if (!answer || (answer.error === undefined && answer.status === undefined))
    return createFailure({ ...base, kind: "temporary", delivery: "lost", code: "unparsable" });
  const { error, status = STATUS_BAD_REQUEST } = answer;
  if (isMomentary(status)) {
    const delivery = status >= 500 && !refusingStatuses.has(status) ? "lost" : "answered";
    return createFailure({ ...base, kind: "temporary", delivery, code: `http_${status}` });
  }
  if (error === undefined)
    return createFailure({ ...base, kind: status === STATUS_UNAUTHORIZED ? "misconfigured" : "temporary", code: `http_${status}` });
  const kind = kindOf(error, status, "refresh");
  return createFailure({ ...base, kind, isRefusal: !isTemporaryCode(error), code: error, description: answer.error_description });
}

/** No answer came, in time or at all. */
export const timedOut = (secrets: readonly string[]): TokenFailure =>
  createFailure({ operation: "refresh", kind: "temporary", delivery: "lost", code: "timeout", secrets });

function errorFacts(error: Error): Pick<TokenFailure, "kind" | "code" | "delivery"> {
  // It refuses redirects, and a provider without credentials, before it sends anything.
  if (error.name === "BetterAuthError" && !error.message.includes("redirect"))
    return { kind: "misconfigured", code: "better_auth_error", delivery: "unsent" };
  if (error.name === "BetterAuthError") return { kind: "temporary", code: "redirected", delivery: "answered" };
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
  const isUnsent = unsentCodes.has(code);
  return { kind: "temporary", code: isUnsent ? "unreachable" : "connection_lost", delivery: isUnsent ? "unsent" : "lost" };
}
