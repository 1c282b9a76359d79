import { z } from "zod";
import { type ErrorCode, type ErrorFacts, GatewayError, httpStatusOf } from "../../../schema/errors.ts";
import { MAXIMUM_MINIMUM_TTL_SECONDS } from "../../../schema/input.ts";
import { redactProviderText } from "../../http/provider-text.ts";
import { retryAfterSeconds } from "../../http/retry-after.ts";
import { type RawAnswer, valuesOf } from "./raw-answer.ts";
import type { RestRequest } from "./rest-client.ts";
import { namesSentBy } from "./sent-names.ts";

/** What `retryAfter` says where the upstream does not, in seconds. */
export const DEFAULT_RETRY_SECONDS = 2;
/** What an upstream says is believed up to here, in seconds: more is more than GraphQL's integers hold, or than a client waits. */
const RETRY_AFTER_LONGEST_SECONDS = 3_600;

/** What the caller is told of an upstream that gives no answer which could be passed on. */
export const upstreamUnavailable = (why: string, facts: ErrorFacts = {}): GatewayError =>
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

/** What the caller is told of an answer that is no success. It repeats nothing secret that the request holds. */
export function explainRefusal(status: number, json: unknown, retryAfter: number, request: RestRequest): GatewayError {
  if (status >= 300 && status < 400) return upstreamUnavailable("answered with a redirect, which is not followed", { retryAfter });
  const refusal = refusalSchema.safeParse(json).data ?? {};
  const sentence = sentenceOf(refusal, secretsOf(request));
  if (status === 429 || status === 503)
    return new GatewayError("TEMPORARILY_UNAVAILABLE", sentence ?? busySentences[status], { retryAfter });
  const code = passedOn.find((known) => known === refusal.code && httpStatusOf[known] === status) ?? codeOfStatus[status];
  if (!code)
    return upstreamUnavailable(`${status >= 500 ? "failed with" : "answered with an unexpected"} status ${status}`, { retryAfter });
  // A proxy's page, as of one that has lost the service behind it, is not the upstream's word.
  if (!isObject(json)) return upstreamUnavailable(`answered with status ${status} and without JSON`, { retryAfter });
  return new GatewayError(code, sentence ?? plainSentences[code] ?? "The upstream refused.", factsOf(refusal, request));
}

const busySentences = { 429: "The upstream limits the rate of requests: try again later.", 503: "The upstream is busy." } as const;

/** When to ask again, in seconds: as the upstream says, whatever its status. */
export function retryAfterOf(headers: RawAnswer["headers"], json: unknown): number {
  const header = ["date", "retry-after"].flatMap((name) => valuesOf(headers, name).map((value): [string, string] => [name, value]));
  const stated = refusalSchema.safeParse(json).data?.retry_after ?? retryAfterSeconds(new Headers(header));
  return Math.min(Math.ceil(stated ?? DEFAULT_RETRY_SECONDS), RETRY_AFTER_LONGEST_SECONDS);
}

const isObject = (json: unknown): boolean => typeof json === "object" && json !== null && !Array.isArray(json);

/** What a request holds that its answer must not repeat. */
function secretsOf({ credential, body }: RestRequest): string[] {
  const sent = Object.values(credential ?? {}).flatMap((value) => value.split(/[\s;=]+/));
  const keyPair = sent.flatMap((word) => Buffer.from(word, "base64").toString().split(":"));
  return [...sent, ...keyPair, ...Object.values(body ?? {}).filter((value) => typeof value === "string")];
}

const plainSentences: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: "The upstream refused the credential: sign in again.",
  FORBIDDEN: "The upstream does not allow this.",
  NOT_FOUND: "The upstream did not find it.",
  BAD_USER_INPUT: "The upstream refused the input.",
  MINIMUM_TTL_UNAVAILABLE: "No token lives that long: ask for a shorter life.",
  CONNECTOR_MISCONFIGURED: "The provider refuses the platform's own credentials: the operator has to correct the connector.",
};

/** The sentence of an upstream that states one of our codes. Another one's may say anything: null. */
const sentenceOf = ({ error, code }: Refusal, secrets: readonly string[]): string | null =>
  code === "NOT_CONNECTED" || Object.hasOwn(httpStatusOf, code ?? "") ? redactProviderText(error, secrets) : null;

/** Of what was sent, `path` names the wrong one. Anything else there may be anything. */
const factsOf = ({ path, maximum_ttl: maximumTtl }: Refusal, request: RestRequest): ErrorFacts => ({
  ...(path !== undefined && namesSentBy(request).has(path) && { path }),
  ...(maximumTtl !== undefined && { maximumTtl }),
});
