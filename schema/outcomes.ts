import { type ErrorCode, GatewayError } from "./errors.ts";
import { andThen, type PromiseOrValue } from "./promise-or-value.ts";
import type {
  AccessToken,
  AccessTokenOutcome,
  Connection,
  ConnectionWhere,
  OwnerConnections,
  ReconnectReason,
  TokenRequest,
} from "./upstream.ts";

type Outcome<Type extends AccessTokenOutcome["type"]> = Extract<AccessTokenOutcome, { type: Type }>;

/** No connection; `name` is the connector's, `connectorUrl` its page or the catalog's. */
export const notConnected = (name: string, connectorUrl: string): Outcome<"NotConnected"> => ({
  type: "NotConnected",
  message: `${name} is not connected: send the user to the connector's page.`,
  connectorUrl,
});

const reconnectSentences: Record<ReconnectReason, string> = {
  REVOKED: "no longer honours this connection",
  RESTORED_BACKUP: "no longer honours this connection, which the gateway has from a backup",
  EXPIRED: "gave a token that has expired and nothing to refresh it with",
  TOKEN_REJECTED: "refused the token, and there is nothing to refresh it with",
  CLIENT_CHANGED: "connected this by another client id than the connector has now, and its token can no longer be refreshed",
};

/** The error code of an authorization whose grant had been replaced since the backup that the store was restored from. */
export const RESTORED_BACKUP_CODE = "restored_backup";

/** The error code of a grant whose access token the provider refuses, and that has nothing to refresh it with. */
export const TOKEN_REJECTED_CODE = "token_rejected";

/** The code of a grant whose access token has expired, and that has nothing to refresh it with. */
export const EXPIRED_CODE = "expired";

/** The code of a grant whose access token has expired, and whose client the connector no longer has. */
export const CLIENT_CHANGED_CODE = "client_changed";

const reasonsByCode: Partial<Record<string, ReconnectReason>> = {
  [RESTORED_BACKUP_CODE]: "RESTORED_BACKUP",
  [TOKEN_REJECTED_CODE]: "TOKEN_REJECTED",
  [EXPIRED_CODE]: "EXPIRED",
  [CLIENT_CHANGED_CODE]: "CLIENT_CHANGED",
};

/** Why an authorization that is not active has to be connected again, by its error code. */
export const reconnectReasonOf = (errorCode: string | null | undefined): ReconnectReason => reasonsByCode[errorCode ?? ""] ?? "REVOKED";

/** `connectorUrl`: default the connector's page. */
export const reconnectRequired = (
  connection: Connection,
  reason: ReconnectReason,
  connectorUrl = connection.connector.connectorUrl,
): Outcome<"ReconnectRequired"> => ({
  type: "ReconnectRequired",
  message: `${connection.connector.name} ${reconnectSentences[reason]}: send the user to the connector's page to connect again.`,
  reason,
  connectorUrl,
  connection,
});

/** `connectorUrl` asks for what is missing beside what is granted. */
export const scopesMissing = (name: string, missingScopes: string[], connectorUrl: string): Outcome<"ScopesMissing"> => ({
  type: "ScopesMissing",
  message: `The ${name} connection may not do what was asked (${missingScopes.join(", ")}): send the user to the connector's page to allow it.`,
  missingScopes,
  connectorUrl,
});

/** The connection works, and has no token of this kind. `connectorUrl` asks for one. */
export const kindMissing = (name: string, kind: string, missingScopes: string[], connectorUrl: string): Outcome<"ScopesMissing"> => ({
  ...scopesMissing(name, missingScopes, connectorUrl),
  message: `The ${name} connection has no token of the kind "${kind}": send the user to the connector's page to allow it.`,
});

/** The header by which the provider's API takes a token: as the upstream says, else as the token's type does. Null when unknown. */
export const authorizationHeaderOf = ({
  authorizationHeader,
  tokenType,
  value,
}: Pick<AccessToken, "authorizationHeader" | "tokenType" | "value">): { name: string; value: string } | null =>
  authorizationHeader ?? (tokenType.toLowerCase() === "bearer" ? { name: "Authorization", value: `Bearer ${value}` } : null);

export const tokenWithheld = (connection: Connection): Outcome<"TokenWithheld"> => ({
  type: "TokenWithheld",
  message: `The ${connection.connector.name} token belongs to a group: only a server with an API key may have it.`,
});

/** The health code of a connection that a server has disabled, and the error code of an attempt to connect it. */
export const DISABLED_CODE = "disabled";

/** A server has disabled the connection. */
export const connectionDisabled = (name: string): Outcome<"TokenWithheld"> => ({
  type: "TokenWithheld",
  message: `This ${name} connection is disabled: only a server with an API key can enable it again.`,
});

export const temporarilyUnavailable = (name: string, retryAfter: number, why: string): Outcome<"TemporarilyUnavailable"> => ({
  type: "TemporarilyUnavailable",
  message: `${name} cannot give a token at the moment (${why}): ask again in ${retryAfter} s.`,
  retryAfter,
});

export const minimumTtlUnavailable = (name: string, maximumTtl: number): Outcome<"MinimumTtlUnavailable"> => ({
  type: "MinimumTtlUnavailable",
  message: `No ${name} token can be had that lives that long: ask for at most ${maximumTtl} s of life.`,
  maximumTtl,
});

export const connectorMisconfigured = (name: string, why: string): Outcome<"ConnectorMisconfigured"> => ({
  type: "ConnectorMisconfigured",
  message: `${name} does not work as this connector is set up (${why}): its operator has to correct the connector.`,
});

/** What the gateway stores of a connection does not open. Its log names the row. */
export const secretUnopened = (name: string): Outcome<"ConnectorMisconfigured"> => ({
  type: "ConnectorMisconfigured",
  message: `The gateway cannot open what it has stored for this ${name} connection: its operator finds the row in the log.`,
});

/** What became of one connection, as the error of a token field. It says nothing of the gateway itself. */
export class OutcomeError extends GatewayError {}

/** An outcome that the caller cannot mend by connecting. */
type Failure = Outcome<"TemporarilyUnavailable" | "MinimumTtlUnavailable" | "ConnectorMisconfigured">;

const errorCodes: Record<Failure["type"], ErrorCode> = {
  TemporarilyUnavailable: "TEMPORARILY_UNAVAILABLE",
  MinimumTtlUnavailable: "MINIMUM_TTL_UNAVAILABLE",
  ConnectorMisconfigured: "CONNECTOR_MISCONFIGURED",
};

/** The error of an outcome, where a token or nothing is answered otherwise. */
export const toOutcomeError = (outcome: Failure): OutcomeError =>
  new OutcomeError(errorCodes[outcome.type], outcome.message, {
    ...("retryAfter" in outcome && { retryAfter: outcome.retryAfter }),
    ...("maximumTtl" in outcome && { maximumTtl: outcome.maximumTtl }),
  });

/**
 * The token's value, or null when connecting would mend it, or nothing may: withheld.
 * Throws TEMPORARILY_UNAVAILABLE, MINIMUM_TTL_UNAVAILABLE or CONNECTOR_MISCONFIGURED for what the caller cannot mend.
 */
export const tokenOrNull = (source: OwnerConnections, where: ConnectionWhere, request: TokenRequest): PromiseOrValue<string | null> =>
  andThen(source.accessToken(where, request), (outcome) => {
    if (outcome.type === "AccessToken") return outcome.value;
    if (isMendedByUser(outcome) || outcome.type === "TokenWithheld") return null;
    throw toOutcomeError(outcome);
  });

type Mendable = Outcome<"NotConnected" | "ReconnectRequired" | "ScopesMissing">;

const isMendedByUser = (outcome: AccessTokenOutcome): outcome is Mendable =>
  outcome.type === "NotConnected" || outcome.type === "ReconnectRequired" || outcome.type === "ScopesMissing";
