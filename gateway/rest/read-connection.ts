import { z } from "zod";
import {
  fingerprintSchema,
  MAXIMUM_MINIMUM_TTL_SECONDS,
  minimumTtlSchema,
  purposeSchema,
  scopesSchema,
  tokenKindSchema,
} from "../../schema/input.ts";
import { authorizationHeaderOf, toOutcomeError } from "../../schema/outcomes.ts";
import type {
  AccessToken,
  AccessTokenOutcome,
  Connection,
  ConnectionWhere,
  OwnerConnections,
  TokenRequest,
} from "../../schema/upstream.ts";
import { serializeConnection, toInstant } from "./serialize.ts";
import type { WireSingleConnection, WireTokenProblem } from "./wire.ts";

/** What a GET of one connection may ask for (contract, "Tokens"). */
export const connectionQuery = z.object({
  minimum_ttl: z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number of seconds from 0 to ${MAXIMUM_MINIMUM_TTL_SECONDS}`)
    .transform(Number)
    .pipe(minimumTtlSchema)
    .optional()
    .meta({ description: "Minimum remaining lifetime of the token, in seconds." }),
  rejected: fingerprintSchema.optional().meta({ description: "Fingerprint of the token that the third party refused." }),
  verify: z.enum(["true", "false"]).optional().meta({
    description:
      "Whether to check first at the provider that the token still works. Default: if a session asks again for a token that it was given.",
  }),
  scopes: z
    .string()
    .transform((scopes) => scopes.split(" "))
    .pipe(scopesSchema)
    .optional()
    .meta({ description: "Scopes that the token must have, separated by spaces." }),
  authorization_header: z
    .enum(["true", "false"])
    .optional()
    .meta({ description: "`true`: include the header for requests to the provider's API." }),
  kind: tokenKindSchema
    .optional()
    .meta({ description: "The kind of token, if one connection has several. Default: the connector's default kind." }),
  purpose: purposeSchema.optional().meta({
    description: "Why you need the token, for the operator's audit. Must not name a person. Default: the header `X-Purpose`.",
  }),
  access_token: z.enum(["true", "false"]).optional().meta({ description: "`false`: respond without a token, and refresh nothing." }),
  provider_user_id: z
    .never("is not supported: this gateway does not impersonate service accounts")
    .optional()
    .meta({ description: "Impersonation of service accounts is not supported: a request with this parameter is refused." }),
});

type ConnectionQuery = z.output<typeof connectionQuery>;

/** A connection with its token, or with the reason why there is none; or nothing but the reason, where there never was a connection. */
export type ConnectionOrProblem = { connection: WireSingleConnection } | { connection: null; problem: WireTokenProblem };

/**
 * Reads one connection (contract, "Tokens"): the token is asked of the port, which refreshes and withholds.
 * Throws TEMPORARILY_UNAVAILABLE, MINIMUM_TTL_UNAVAILABLE and CONNECTOR_MISCONFIGURED, as a token field of GraphQL does,
 * and NOT_FOUND for an unknown connector.
 */
export async function readConnection(
  source: OwnerConnections,
  where: ConnectionWhere,
  query: ConnectionQuery,
  isServer: boolean,
): Promise<ConnectionOrProblem> {
  if (query.access_token === "false") return withoutToken(source, where);
  const outcome = await source.accessToken(where, toTokenRequest(query));
  const withHeader = query.authorization_header === "true";
  if (outcome.type === "AccessToken") return { connection: withToken(outcome, { isServer, withHeader }) };
  if (outcome.type === "ReconnectRequired") return { connection: withProblem(outcome.connection, problemOf(outcome)) };
  if (outcome.type === "NotConnected" || outcome.type === "ScopesMissing" || outcome.type === "TokenWithheld") {
    const [problem, connection] = [problemOf(outcome), await source.find(where)];
    return connection ? { connection: withProblem(connection, problem) } : { connection: null, problem };
  }
  throw toOutcomeError(outcome);
}

async function withoutToken(source: OwnerConnections, where: ConnectionWhere): Promise<ConnectionOrProblem> {
  const connection = await source.find(where);
  if (connection) return { connection: withProblem(connection, null) };
  return { connection: null, problem: { code: "NOT_CONNECTED", message: "There is no such connection." } };
}

const toTokenRequest = (query: ConnectionQuery): TokenRequest => ({
  minimumTtl: query.minimum_ttl ?? null,
  rejected: query.rejected ?? null,
  verify: query.verify === undefined ? null : query.verify === "true",
  scopes: query.scopes,
  ...(query.kind !== undefined && { kind: query.kind }),
  ...(query.purpose !== undefined && { purpose: query.purpose }),
});

const withProblem = (connection: Connection, problem: WireTokenProblem | null): WireSingleConnection =>
  Object.assign(serializeConnection(connection), { type: "connection" as const, token_problem: problem });

interface TokenOptions {
  isServer: boolean;
  withHeader: boolean;
}

/** Adds to what it has made: V8 is slow at a spread with new properties behind it. */
function withToken(token: AccessToken, options: TokenOptions): WireSingleConnection {
  const connection = serializeConnection(token.connection);
  const { authorization } = connection;
  const granted = authorization && Object.assign(authorization, serializeToken(token, options));
  return Object.assign(connection, { type: "connection" as const, authorization: granted, token_problem: null });
}

/** The only place of the REST contract that writes a token. */
const serializeToken = (token: AccessToken, { isServer, withHeader }: TokenOptions) => ({
  ...(token.kind && { token_kind: token.kind }),
  ...(withHeader && { authorization_header: authorizationHeaderOf(token) }),
  ...(isServer && { credential: token.fields ?? token.value }),
  access_token: token.value,
  token_type: token.tokenType,
  expires_at: toInstant(token.expiresAt),
  scopes: token.scopes,
  missing_scopes: token.missingScopes,
  fingerprint: token.fingerprint,
  api_base_url: token.apiBaseUrl ?? null,
});

type Mendable = Extract<AccessTokenOutcome, { type: "NotConnected" | "ReconnectRequired" | "ScopesMissing" | "TokenWithheld" }>;

function problemOf(outcome: Mendable): WireTokenProblem {
  const { message } = outcome;
  if (outcome.type === "TokenWithheld") return { code: "TOKEN_WITHHELD", message };
  const connector_url = outcome.connectorUrl;
  if (outcome.type === "NotConnected") return { code: "NOT_CONNECTED", message, connector_url };
  if (outcome.type === "ScopesMissing") return { code: "SCOPES_MISSING", message, missing_scopes: outcome.missingScopes, connector_url };
  return { code: "RECONNECT_REQUIRED", message, reason: outcome.reason, connector_url };
}

/** 404 in words (contract, "Tokens"). `NOT_CONNECTED` tells it from an unknown connector. */
export class NotConnectedError extends Error {
  override readonly name = "NotConnectedError";
  readonly problem: WireTokenProblem;

  constructor(problem: WireTokenProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** The connection, or the 404 that the browser's contract demands. Throws `NotConnectedError`. */
export function requireConnection(result: ConnectionOrProblem): { connection: WireSingleConnection } {
  if (result.connection) return { connection: result.connection };
  throw new NotConnectedError(result.problem);
}
