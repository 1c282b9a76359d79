import { z } from "zod";
import { type ErrorCode, type ErrorFacts, GatewayError, httpStatusOf } from "../../../schema/errors.ts";
import { MAXIMUM_MINIMUM_TTL_SECONDS } from "../../../schema/input.ts";
import { redactProviderText } from "../../http/provider-text.ts";
import { retryAfterSeconds } from "../../http/retry-after.ts";
import { type RawAnswer, valuesOf } from "./raw-answer.ts";
import { safeParseJson } from "../../runtime/json.ts";

/** What `retryAfter` says where the upstream does not, in seconds. */
export const DEFAULT_RETRY_SECONDS = 2;
/** What an upstream says is believed up to here, in seconds: more is more than GraphQL's integers hold, or than a client waits. */
const RETRY_AFTER_LONGEST_SECONDS = 3_600;

/** What the caller is told of an upstream that gives no answer which could be passed on. */
export const unavailable = (why: string, facts: ErrorFacts = {}): GatewayError =>
  new GatewayError("UPSTREAM_UNAVAILABLE", `The upstream ${why}.`, facts);

const refusalSchema = z.object({
  error: z.string().optional().catch(undefined),
  code: z.string().optional().catch(undefined),
  path: z.string().max(100).optional().catch(undefined),
  retry_after: z.number().min(0).optional().catch(undefined),
  maximum_ttl: z
    .number()
    .min(0)
    .transform((seconds) => Math.min(Math.floor(seconds), MAXIMUM_MINIMUM_TTL_SECONDS))
    .optional()
    .catch(undefined),
  connector_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .catch(undefined),
});

type Refusal = z.infer<typeof refusalSchema>;

/** Codes that a status may carry; any other status and code are no answer that we could pass on. */
const passedOn: readonly ErrorCode[] = [
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "NOT_FOUND",
  "BAD_USER_INPUT",
  "MINIMUM_TTL_UNAVAILABLE",
  "CONNECTOR_MISCONFIGURED",
];

/** What an upstream that states no code means by these (contract, "Errors"). */
const codeOfStatus: Partial<Record<number, ErrorCode>> = {
  400: "BAD_USER_INPUT",
  401: "UNAUTHENTICATED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  422: "BAD_USER_INPUT",
};

/** What the caller is told of an answer that is no success. `secrets` are what it must not repeat. */
export function explainRefusal(answer: RawAnswer, secrets: readonly string[]): GatewayError {
  const { status } = answer;
  if (status >= 300 && status < 400) return unavailable("answered with a redirect, which is not followed");
  const refusal = refusalSchema.safeParse(safeParseJson(answer.text)).data ?? {};
  if (status === 429 || status === 503) return explainBusy(answer, refusal, secrets);
  const stated = passedOn.find((code) => code === refusal.code && httpStatusOf[code] === status);
  const code = stated ?? codeOfStatus[status];
  if (code)
    return new GatewayError(code, sentenceOf(refusal, secrets) ?? plainSentences[code] ?? "The upstream refused.", factsOf(refusal));
  return status >= 500
    ? unavailable(`failed with status ${status}`, { retryAfter: DEFAULT_RETRY_SECONDS })
    : unavailable(`answered with an unexpected status ${status}`);
}

function explainBusy({ status, headers }: RawAnswer, refusal: Refusal, secrets: readonly string[]): GatewayError {
  const retryAfter =
    refusal.retry_after ??
    retryAfterSeconds(
      new Headers(["date", "retry-after"].flatMap((name) => valuesOf(headers, name).map((value) => [name, value] as const))),
    ) ??
    DEFAULT_RETRY_SECONDS;
  const fallback = status === 429 ? "The upstream has been asked too often." : "The upstream is busy.";
  return new GatewayError("TEMPORARILY_UNAVAILABLE", sentenceOf(refusal, secrets) ?? fallback, {
    retryAfter: Math.min(Math.ceil(retryAfter), RETRY_AFTER_LONGEST_SECONDS),
  });
}

const plainSentences: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: "The upstream refused the credential: sign in again.",
  FORBIDDEN: "The upstream does not allow this.",
  NOT_FOUND: "The upstream has no such thing.",
  BAD_USER_INPUT: "The upstream could not use the input.",
  MINIMUM_TTL_UNAVAILABLE: "No token can be had that lives that long.",
  CONNECTOR_MISCONFIGURED: "The provider refuses the platform's own credentials: its operator has to correct the connector.",
};

/** The sentence of an upstream that states one of our codes. Another one's may say anything: null. */
const sentenceOf = ({ error, code }: Refusal, secrets: readonly string[]): string | null =>
  code === "NOT_CONNECTED" || Object.hasOwn(httpStatusOf, code ?? "") ? redactProviderText(error, secrets) : null;

const factsOf = ({ path, maximum_ttl: maximumTtl, connector_url: connectorUrl }: Refusal): ErrorFacts => ({
  ...(path !== undefined && { path }),
  ...(maximumTtl !== undefined && { maximumTtl }),
  ...(connectorUrl !== undefined && { connectorUrl }),
});
