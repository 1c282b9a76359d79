import { GraphQLError } from "graphql";
import * as en from "../client/languages/en.ts";

/** Every error code this project answers with, and the HTTP status REST and refused requests carry. */
export const httpStatusOf = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  RATE_LIMITED: 429,
  TEMPORARILY_UNAVAILABLE: 503,
  MINIMUM_TTL_UNAVAILABLE: 409,
  CONNECTOR_MISCONFIGURED: 502,
  UPSTREAM_UNAVAILABLE: 502,
  INTERNAL: 500,
  /** The names that Apollo's clients know: they send the document instead, and need a 2xx for it. */
  PERSISTED_QUERY_NOT_FOUND: 200,
  PERSISTED_QUERY_NOT_SUPPORTED: 200,
  /** No trusted document has the `documentId`. */
  PERSISTED_DOCUMENT_NOT_FOUND: 400,
} as const;

export type ErrorCode = keyof typeof httpStatusOf;

/** Facts that travel beside the code: an argument's path, seconds to wait. */
export interface ErrorFacts {
  path?: string;
  retryAfter?: number;
  maximumTtl?: number;
  id?: string;
}

/** What is said to an end user: a sentence of `client/languages`. */
export type Refusal = (sentences: typeof en) => string;

/**
 * An expected failure: one sentence for the reader, a stable code for the program.
 * The sentence never holds a token, code, verifier or key. One for end users is a `Refusal`: the message is then the English one.
 */
export class GatewayError extends GraphQLError {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;
  /** What end users are told in their language; null where the message is for developers and operators. */
  readonly refusal: Refusal | null;

  constructor(code: ErrorCode, message: string | Refusal, facts: ErrorFacts = {}, cause?: Error) {
    super(typeof message === "string" ? message : message(en), { extensions: { code, ...facts }, ...(cause && { originalError: cause }) });
    this.name = "GatewayError";
    this.code = code;
    this.facts = facts;
    this.refusal = typeof message === "string" ? null : message;
  }
}

/** The request's credential was absent, malformed, expired or revoked. */
export const unauthenticated = (message: string | Refusal) => new GatewayError("UNAUTHENTICATED", message);

/** The caller is known, and may not do this. */
export const forbidden = (message: string | Refusal) => new GatewayError("FORBIDDEN", message);

/** The named thing does not exist for this caller. */
export const notFound = (message: string | Refusal) => new GatewayError("NOT_FOUND", message);

/** The catalog does not have the connector. */
export const noSuchConnector = (slug: string) => notFound(({ refusals }) => refusals.unknownConnector(slug));

/** An argument is wrong; `path` names it, as `where.slug`. */
export const badUserInput = (message: string | Refusal, path: string) => new GatewayError("BAD_USER_INPUT", message, { path });

/** What a schema refuses (Standard Schema, "Issue"). */
interface Issue {
  message: string;
  path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined;
  /** Members that the value may not have, of zod. */
  keys?: readonly string[] | undefined;
}

/** Longest name of an unknown member that is repeated, in characters. */
export const LONGEST_MEMBER_NAME = 64;

/** What an issue is of, as `user.name`; an unknown member by its own name. Empty for the input itself. */
export function pathOfIssue({ path = [], keys }: Issue): string {
  const parts = path.map((part) => String(typeof part === "object" ? part.key : part));
  return [...parts, ...(keys ?? []).slice(0, 1).map((key) => key.slice(0, LONGEST_MEMBER_NAME))].join(".");
}

/** What a schema refuses first, as BAD_USER_INPUT that names it; an unknown member before all, which may be one that is missing, misspelt. `input` is what the input itself is called. */
export function invalidInput(issues: readonly Issue[], input: string): GatewayError {
  const issue = issues.find(({ keys }) => keys !== undefined) ?? issues[0];
  const path = issue ? pathOfIssue(issue) : "";
  return badUserInput(`${path || input}: ${issue?.message ?? "is not valid"}.`, path);
}

/** Whether an error says nothing about what was asked, which may be asked again shortly. */
export const isTemporary = (error: unknown): error is GatewayError =>
  error instanceof GatewayError && (error.code === "TEMPORARILY_UNAVAILABLE" || error.facts.retryAfter !== undefined);
