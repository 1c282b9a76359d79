import { randomUUID } from "node:crypto";
import { GraphQLError } from "graphql";
import type { Plugin } from "graphql-yoga";
import { GatewayError, httpStatusOf } from "../../schema/errors.ts";
import { overLimit } from "./limits.ts";
import type { Log } from "../runtime/log.ts";

/** A refused credential refuses the whole request. */
export function refuse(error: unknown): never {
  if (!(error instanceof GatewayError)) throw error;
  const headers: Record<string, string> = {
    ...(error.code === "UNAUTHENTICATED" && { "www-authenticate": "Bearer" }),
    ...(error.facts.retryAfter !== undefined && { "retry-after": String(error.facts.retryAfter) }),
  };
  throw new GraphQLError(error.message, { extensions: { ...error.extensions, http: { status: httpStatusOf[error.code], headers } } });
}

/** What does not parse, validate or fit is the caller's mistake, and says so in a code of ours. */
export const codeEveryError: Plugin = {
  onResultProcess({ result }) {
    for (const one of Array.isArray(result) ? result : [result]) {
      if (!("errors" in one)) continue;
      const errors = (one.errors ?? []).filter((error) => error instanceof GraphQLError);
      errors.forEach(codeOne);
      const hasNothing = !one.data || Object.values(one.data).every((value) => value === null);
      const [first] = errors;
      // Nothing but mistakes of the caller: then HTTP says so too.
      if (first && hasNothing && errors.every(({ extensions }) => extensions["code"] === "BAD_USER_INPUT" && extensions["path"])) {
        first.extensions.http ??= { status: httpStatusOf.BAD_USER_INPUT };
      }
    }
  },
};

/**
 * Before an upstream that says who is asking, a bearer is refused by the first field that needs it. Where no field came to anything else,
 * HTTP says so as it does for a bearer that is refused here.
 */
export const refuseWhole: Plugin = {
  onResultProcess({ request, result }) {
    if (Array.isArray(result) || !("errors" in result) || !request.headers.has("authorization")) return;
    const [first, ...others] = (result.errors ?? []).filter((error) => error instanceof GraphQLError);
    if (!first || [first, ...others].some(({ extensions }) => extensions["code"] !== "UNAUTHENTICATED")) return;
    first.extensions.http ??= { status: httpStatusOf.UNAUTHENTICATED, headers: { "www-authenticate": "Bearer" } };
  },
};

function codeOne(error: GraphQLError): void {
  const { extensions } = error;
  // A document that does not parse or validate is answered with 200 where `application/json` is accepted (GraphQL over HTTP, section
  // 6.4.1). One that is too large, and a request that holds none, are not.
  if (overLimit.has(error) || (extensions.http?.["spec"] && !error.locations)) extensions.http = { status: httpStatusOf.BAD_USER_INPUT };
  if (Object.hasOwn(httpStatusOf, String(extensions["code"]))) return;
  // The JSON parser's own words quote the body.
  delete extensions["originalError"];
  extensions["code"] = "BAD_USER_INPUT";
}

/** Whatever nobody foresaw is logged once with an id, and the answer holds the id alone. */
export function maskError(error: unknown, log: Log): Error {
  const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  if (original instanceof GraphQLError) return error instanceof GraphQLError ? error : original;
  const id = randomUUID();
  log.error({ id, err: original }, "unexpected error");
  const message = `Something went wrong here, not with your request. Tell the operator this id: ${id}`;
  return new GraphQLError(message, {
    ...(error instanceof GraphQLError && { nodes: error.nodes ?? null, path: error.path ?? null }),
    extensions: { code: "INTERNAL", id, ...(!(error instanceof GraphQLError) && { http: { status: 500 } }) },
  });
}
