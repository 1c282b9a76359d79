import { GraphQLError } from "graphql";
import type { Plugin } from "graphql-yoga";
import { refusesAnswer } from "../../schema/answer-limit.ts";
import { GatewayError, httpStatusOf } from "../../schema/errors.ts";
import { OutcomeError } from "../../schema/outcomes.ts";
import { languageOfRequest } from "../http/language.ts";
import { sentencesFor } from "../../client/languages/sentences.ts";
import { failureHeaders, failureOf, toFailure } from "../http/failure.ts";
import { limitErrors } from "./limits.ts";
import { graphqlSurface } from "./surface.ts";
import type { Log } from "../runtime/log.ts";

/** A refused credential refuses the whole request. */
export function refuseRequest(error: unknown): never {
  if (!(error instanceof GatewayError)) throw error;
  const failure = failureOf(error);
  const http = { status: failure.status, headers: failureHeaders(failure, graphqlSurface.challenge) };
  throw new GraphQLError(error.message, { extensions: { ...error.extensions, http } });
}

/** An answer that grew too large is refused whole. */
export const refuseTooLarge: Plugin = {
  onResultProcess({ result, setResult }) {
    if (Array.isArray(result) || !("errors" in result)) return;
    const refusal = result.errors?.find((error) => error instanceof GraphQLError && refusesAnswer(error));
    if (refusal) setResult({ data: null, errors: [refusal] });
  },
};

/** What is refused to an end user is said in their language. */
export const speakLanguage: Plugin = {
  onResultProcess({ request, result }) {
    if (Array.isArray(result) || !("errors" in result) || !result.errors) return;
    const sentences = sentencesFor(languageOfRequest(request));
    for (const error of result.errors) {
      const { originalError } = error instanceof GraphQLError ? error : {};
      if (originalError instanceof GatewayError && originalError.refusal) error.message = originalError.refusal(sentences);
    }
  },
};

/** What does not parse, validate or fit is the caller's mistake, and says so in a code of ours. */
export const addErrorCodes: Plugin = {
  onResultProcess({ result }) {
    for (const one of Array.isArray(result) ? result : [result]) {
      if (!("errors" in one)) continue;
      const errors = (one.errors ?? []).filter((error) => error instanceof GraphQLError);
      errors.forEach(addErrorCode);
      const hasNothing = !one.data || Object.values(one.data).every((value) => value === null);
      const [first] = errors;
      // Nothing but mistakes of the caller: then HTTP says so too.
      if (first && hasNothing && errors.every(({ extensions }) => extensions["code"] === "BAD_USER_INPUT" && extensions["path"])) {
        first.extensions.http ??= { status: httpStatusOf.BAD_USER_INPUT };
      }
      if (first && hasNothing && errors.every(isForLater)) first.extensions.http ??= httpOf(first);
    }
  },
};

/**
 * Whether HTTP says too that the whole request is to be sent again later, with `Retry-After`. Not for the outage of one provider: a
 * balancer would take the gateway for a broken one.
 */
const isForLater = ({ extensions, originalError }: GraphQLError): boolean =>
  extensions["code"] === "RATE_LIMITED" || (extensions["code"] === "TEMPORARILY_UNAVAILABLE" && !(originalError instanceof OutcomeError));

/** Status and headers of an answer that one error refuses whole. */
function httpOf({ originalError, extensions }: GraphQLError) {
  if (!(originalError instanceof GatewayError))
    return { status: extensions["code"] === "RATE_LIMITED" ? httpStatusOf.RATE_LIMITED : httpStatusOf.TEMPORARILY_UNAVAILABLE };
  const failure = failureOf(originalError);
  return { status: failure.status, headers: failureHeaders(failure, graphqlSurface.challenge) };
}

/**
 * Where a bearer is judged at its first use, the first field that needs it refuses it. Where no field came to anything else,
 * HTTP says so as it does for a bearer that is refused here.
 */
export const refuseUnauthenticated: Plugin = {
  onResultProcess({ request, result }) {
    if (Array.isArray(result) || !("errors" in result) || !request.headers.has("authorization")) return;
    const [first, ...others] = (result.errors ?? []).filter((error) => error instanceof GraphQLError);
    if (!first || [first, ...others].some(({ extensions }) => extensions["code"] !== "UNAUTHENTICATED")) return;
    first.extensions.http ??= { status: httpStatusOf.UNAUTHENTICATED, headers: { "www-authenticate": "Bearer" } };
  },
};

function addErrorCode(error: GraphQLError): void {
  const { extensions } = error;
  // A document that does not parse or validate is answered with 200 where `application/json` is accepted (GraphQL over HTTP, section
  // 6.4.1). One that is too large, and a request that holds none, are not.
  if (limitErrors.has(error) || (extensions.http?.["spec"] && !error.locations)) extensions.http = { status: httpStatusOf.BAD_USER_INPUT };
  if (Object.hasOwn(httpStatusOf, String(extensions["code"]))) return;
  // The JSON parser's own words quote the body.
  delete extensions["originalError"];
  extensions["code"] = "BAD_USER_INPUT";
}

/** What Yoga answers for an error that a resolver or the context threw. */
export function maskError(error: unknown, log: Log): GraphQLError {
  const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  if (original instanceof GraphQLError) return error instanceof GraphQLError ? error : original;
  const { status, code, message, facts } = toFailure(original, log);
  return new GraphQLError(message, {
    ...(error instanceof GraphQLError && { nodes: error.nodes ?? null, path: error.path ?? null }),
    extensions: { code, ...facts, ...(!(error instanceof GraphQLError) && { http: { status } }) },
  });
}
