import {
  connectionDisabled,
  minimumTtlUnavailable,
  notConnected,
  reconnectReasonOf,
  reconnectRequired,
  temporarilyUnavailable,
  tokenWithheld,
} from "../../../schema/outcomes.ts";
import type { AccessTokenOutcome, Connection, TokenRequest } from "../../../schema/upstream.ts";
import { assessFreshness } from "../../vault/freshness.ts";
import { fingerprintOf } from "../../vault/sealed-columns.ts";
import { connectionLacks } from "../scopes-missing.ts";
import type { ConnectionAnswer } from "./response-schemas.ts";
import { statedExpiryOf, statedIssueOf } from "./expiry.ts";

/** When to ask again where the upstream gives something that must not be passed on, in seconds. */
const ASK_AGAIN_SECONDS = 30;

/**
 * What a single connection, as an upstream answers it, means for who asked for its token.
 * A plain Xkit does not know `minimum_ttl` and `rejected`: what it gives is held against both here (rules 1 and 8).
 * @param now milliseconds since 1970
 */
export function toOutcome(answer: ConnectionAnswer, connection: Connection, request: TokenRequest, now: number): AccessTokenOutcome {
  const { connector } = connection;
  const problem = answer.token_problem;
  if (connection.disabledAt) return connectionDisabled(connector.name);
  if (!connection.enabled || problem?.code === "NOT_CONNECTED") return notConnected(connector.name, connector.connectorUrl);
  if (problem?.code === "TOKEN_WITHHELD") return tokenWithheld(connection);
  if (problem?.code === "SCOPES_MISSING")
    // Of what was asked for, and nothing else.
    return connectionLacks(
      connection,
      (request.scopes ?? []).filter((scope) => problem.missing_scopes.includes(scope)),
      request,
    );
  if (problem) return reconnectRequired(connection, problem.reason ?? "REVOKED");
  const value = answer.authorization?.access_token;
  if (value) return judge(value, answer, connection, request, now);
  if (answer.authorization?.status !== "active") return reconnectRequired(connection, reconnectReasonOf(answer.authorization?.error_code));
  // Active and without a token is how a plain Xkit withholds one (contract, "Groups").
  return connection.owner.kind === "group" ? tokenWithheld(connection) : reconnectRequired(connection, "EXPIRED");
}

function judge(
  value: string,
  { authorization, token_problem: problem }: ConnectionAnswer,
  connection: Connection,
  { minimumTtl, rejected }: TokenRequest,
  now: number,
): AccessTokenOutcome {
  const { name } = connection.connector;
  const fingerprint = fingerprintOf(value);
  if (rejected === fingerprint) return temporarilyUnavailable(name, ASK_AGAIN_SECONDS, "there is no other token than the refused one");
  const expiresAt = statedExpiryOf(value, authorization?.expires_at ?? null);
  const leftSeconds = expiresAt ? Math.floor((expiresAt.getTime() - now) / 1000) : null;
  if (leftSeconds !== null && leftSeconds <= 0) return temporarilyUnavailable(name, ASK_AGAIN_SECONDS, "its token has expired");
  // One of ours, which states why there is a token or none, has applied the default margin, and knows the whole life.
  const isPlain = problem === undefined;
  if (isPlain && minimumTtl === null && leftSeconds !== null && isOnItsMargin(value, connection, expiresAt, now))
    // A plain Xkit renews a token once it has expired.
    return temporarilyUnavailable(name, leftSeconds + 1, "its token is about to expire");
  // Nothing can be promised of a life that is not stated.
  if (minimumTtl && (leftSeconds ?? 0) < minimumTtl) return minimumTtlUnavailable(name, leftSeconds ?? 0);
  return {
    type: "AccessToken",
    value,
    tokenType: authorization?.token_type ?? "bearer",
    kind: authorization?.token_kind ?? null,
    expiresAt,
    scopes: connection.authorization?.scopes ?? [],
    missingScopes: connection.authorization?.missingScopes ?? [],
    fingerprint,
    // With OAuth the credential is the token once more (contract, "Tokens").
    fields: typeof authorization?.credential === "object" ? authorization.credential : null,
    apiBaseUrl: authorization?.api_base_url ?? null,
    authorizationHeader: authorization?.authorization_header ?? null,
    connection,
  };
}

/**
 * Whether less than the default margin is left (rule 1). Where it is not stated when the token was issued, that was not before its connection:
 * the margin is then no shorter than it should be, and 60 s at most. It is 60 s where neither is known.
 */
function isOnItsMargin(value: string, { createdAt }: Connection, expiresAt: Date | null, now: number): boolean {
  const issuedAt = (statedIssueOf(value) ?? createdAt)?.getTime() ?? Number.NEGATIVE_INFINITY;
  return !assessFreshness({ issuedAt, expiresAt: expiresAt?.getTime() ?? null }, null, now).isUsable;
}
