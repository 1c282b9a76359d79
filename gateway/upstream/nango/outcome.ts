import {
  connectorMisconfigured,
  minimumTtlUnavailable,
  notConnected,
  reconnectRequired,
  temporarilyUnavailable,
} from "../../../schema/outcomes.ts";
import type { AccessTokenOutcome, Connection, Owner, TokenRequest } from "../../../schema/upstream.ts";
import { assessFreshness } from "../../vault/freshness.ts";
import { fingerprintOf } from "../../vault/sealed-columns.ts";
import { connectionLacks, scopesMissingIn } from "../scopes-missing.ts";
import type { CredentialsFailure, NangoConnection } from "./connections.ts";
import type { HeldToken } from "./credentials.ts";
import type { ConnectionMemory } from "./memory.ts";

/** How long Nango tries no refresh after one that failed, in seconds. */
const BACK_OFF_SECONDS = 30;

/** A connection whose token is asked for. */
export interface Asked {
  owner: Owner;
  held: NangoConnection;
  /** As it is shown. */
  connection: Connection;
  memory: ConnectionMemory;
  request: TokenRequest;
}

export const isRefused = ({ rejected }: TokenRequest, { value }: HeldToken): boolean =>
  rejected !== null && fingerprintOf(value) === rejected;

/**
 * What a reading without a token means. Of a refresh that failed Nango does not say why: it passes, until Nango itself tries no more.
 */
export function failureOutcome(connection: Connection, failure: CredentialsFailure): AccessTokenOutcome {
  const { name, connectorUrl } = connection.connector;
  switch (failure.reason) {
    case "exhausted":
      return reconnectRequired(connection, "REVOKED");
    case "refresh_failed":
      return temporarilyUnavailable(name, BACK_OFF_SECONDS, "its last refresh failed");
    case "gone":
      return notConnected(name, connectorUrl);
    case "unknown_integration":
      return connectorMisconfigured(name, "Nango has no integration with this key");
    default:
      return connectorMisconfigured(name, whyNoToken(failure.type));
  }
}

const whyNoToken = (type: string): string =>
  type === "NONE"
    ? "this gateway's key cannot read credentials at Nango: it needs the scope environment:connections:read_credentials"
    : `credentials of the type ${/^[A-Z0-9_]{1,32}$/.test(type) ? type : "that Nango names"} are no token`;

/** Holds a token against what was asked for (rules 1 and 8). */
export function tokenOutcome({ connection, memory, request }: Asked, token: HeldToken, now: number): AccessTokenOutcome {
  const { name } = connection.connector;
  const fingerprint = fingerprintOf(token.value);
  // Nango gives what it cannot refresh as it is, also where a refresh is forced.
  const isFixed = memory.forced?.isNew === false && memory.forced.token.value === token.value;
  if (isRefused(request, token))
    return isFixed
      ? reconnectRequired(connection, "TOKEN_REJECTED")
      : temporarilyUnavailable(name, BACK_OFF_SECONDS, "it was refreshed just now");
  const { isUsable, maximumTtl } = assessFreshness(token, request.minimumTtl, now);
  if (!isUsable && !assessFreshness(token, null, now).isUsable)
    return isFixed ? reconnectRequired(connection, "EXPIRED") : temporarilyUnavailable(name, BACK_OFF_SECONDS, "its token has expired");
  if (!isUsable) return minimumTtlUnavailable(name, maximumTtl);
  const missing = scopesMissingIn(request, token.scopes);
  if (missing.length > 0) return connectionLacks(connection, missing, request);
  return {
    type: "AccessToken",
    value: token.value,
    tokenType: token.tokenType,
    expiresAt: token.expiresAt === null ? null : new Date(token.expiresAt),
    scopes: token.scopes,
    missingScopes: [],
    fingerprint,
    fields: token.fields,
    ...(token.tokenType === "basic" && { authorizationHeader: { name: "Authorization", value: `Basic ${token.value}` } }),
    connection,
  };
}
