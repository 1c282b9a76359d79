import type { CombinedError } from "@urql/core";
import type { NoAccessToken, Problem } from "./types.ts";

/** What an error may carry besides its code and sentence. */
export interface ErrorSource {
  /** What travels beside the code: `path`, `retryAfter` (seconds), `maximumTtl` (seconds), `id` (of a log line). */
  facts?: Readonly<Record<string, unknown>>;
  graphQLErrors?: CombinedError["graphQLErrors"];
  networkError?: Error;
  response?: unknown;
}

/**
 * A failure of the gateway, or of reaching it. `code` is the answer's `extensions.code`, or `NETWORK` when there was no answer;
 * each code has its own class. Every error of the client, thrown or in a urql result, is one of these.
 */
export class XkitError extends Error implements CombinedError {
  readonly code: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly graphQLErrors: CombinedError["graphQLErrors"];
  declare readonly networkError?: Error;
  readonly response: unknown;

  constructor(code: string, message: string, source: ErrorSource = {}) {
    super(message, { cause: source.networkError });
    this.name = "XkitError";
    this.code = code;
    this.facts = source.facts ?? {};
    this.graphQLErrors = source.graphQLErrors ?? [];
    if (source.networkError) this.networkError = source.networkError;
    this.response = source.response;
  }
}

/** No user is signed in: the session ended, or never began. Call login. */
export class UnauthenticatedError extends XkitError {}
/** The viewer may not do this. */
export class ForbiddenError extends XkitError {}
/** The named thing does not exist for this viewer. */
export class NotFoundError extends XkitError {}
/** An argument is wrong; `facts.path` names it. */
export class BadUserInputError extends XkitError {}
/** Too many requests; `facts.retryAfter` is in seconds. */
export class RateLimitedError extends XkitError {}
/** The provider does not answer as it should at the moment; `facts.retryAfter` is in seconds. */
export class TemporarilyUnavailableError extends XkitError {}
/** No token can live as long as `minimumTtl` asks; `facts.maximumTtl` is in seconds. */
export class MinimumTtlUnavailableError extends XkitError {}
/** The provider refuses the platform's own credentials. Only the operator can fix this. */
export class ConnectorMisconfiguredError extends XkitError {}
/** The service that holds the tokens does not answer. */
export class UpstreamUnavailableError extends XkitError {}
/** Unexpected; `facts.id` finds it in the gateway's log. */
export class InternalError extends XkitError {}
/** No answer from the gateway: offline, refused by CORS (is this page's origin among the platform's web origins?), or not a gateway. */
export class NetworkError extends XkitError {}

const classes: Record<string, typeof XkitError> = {
  UNAUTHENTICATED: UnauthenticatedError,
  FORBIDDEN: ForbiddenError,
  NOT_FOUND: NotFoundError,
  BAD_USER_INPUT: BadUserInputError,
  RATE_LIMITED: RateLimitedError,
  TEMPORARILY_UNAVAILABLE: TemporarilyUnavailableError,
  MINIMUM_TTL_UNAVAILABLE: MinimumTtlUnavailableError,
  CONNECTOR_MISCONFIGURED: ConnectorMisconfiguredError,
  UPSTREAM_UNAVAILABLE: UpstreamUnavailableError,
  INTERNAL: InternalError,
  NETWORK: NetworkError,
};

/** The error of the class that belongs to the code. */
export const xkitError = (code: string, message: string, source?: ErrorSource): XkitError =>
  new ((Object.hasOwn(classes, code) && classes[code]) || XkitError)(code, message, source);

/** The error for an answer's `errors[0]`, or for no answer at all. */
export function errorOf(
  answered: { message: string; extensions?: Record<string, unknown> | undefined } | undefined,
  source: ErrorSource = {},
): XkitError {
  const { networkError, ...answer } = source;
  if (!answered) {
    // A browser does not say that CORS refused an answer: `fetch` fails by a TypeError, as without a network.
    const isCorsPerhaps = networkError instanceof TypeError && typeof location !== "undefined";
    const hint = isCorsPerhaps ? `. If it runs, is ${location.origin} among the web_origins of its configuration?` : "";
    return xkitError("NETWORK", `The gateway cannot be reached: ${networkError?.message ?? "no answer"}${hint}`, source);
  }
  const { code, ...facts } = answered.extensions ?? {};
  return xkitError(typeof code === "string" ? code : "INTERNAL", answered.message, { ...answer, facts });
}

/** The typed error for what urql reports. An XkitError that travelled as a network error comes out as it was. */
export function toXkitError({ graphQLErrors, networkError, response }: CombinedError): XkitError {
  if (networkError instanceof XkitError) return networkError;
  return errorOf(graphQLErrors[0], { graphQLErrors, response, ...(networkError && { networkError }) });
}

/** `xkit.fetch` had no token to send; `outcome` says why and, where the user can mend it, holds the `connectorUrl`. */
export class NoAccessTokenError extends Error {
  readonly outcome: NoAccessToken;

  constructor(outcome: NoAccessToken) {
    super(outcome.message);
    this.name = "NoAccessTokenError";
    this.outcome = outcome;
  }
}

/** Connecting ended without a connection; `code` is the provider's or the gateway's, as `access_denied`, or `cancelled`. */
export class ConnectError extends Error {
  readonly code: string;
  /** What to tell the user, where the gateway has said so. */
  readonly problem: Problem | null;

  constructor(code: string, message: string, problem: Problem | null = null) {
    super(message);
    this.name = "ConnectError";
    this.code = code;
    this.problem = problem;
  }
}
