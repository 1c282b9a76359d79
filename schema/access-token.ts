import { builder } from "./builder.ts";
import { ConnectionType, withSource } from "./connection.ts";
import { requireUser } from "./context.ts";
import { parseTokenRequest, parseWhere, tokenArgs, whereArgs } from "./input.ts";
import { authorizationHeaderOf, tokenOrNull } from "./outcomes.ts";
import { andThen } from "./promise-or-value.ts";
import type { AccessTokenOutcome, OwnerConnections, ReconnectReason } from "./upstream.ts";

type Outcome<Type extends AccessTokenOutcome["type"]> = Extract<AccessTokenOutcome, { type: Type }> & { source: OwnerConnections };

const AuthorizationHeaderType = builder.objectRef<{ name: string; value: string }>("AuthorizationHeader").implement({
  description: "A header that a request to a provider's API carries.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "Its name: `Authorization` almost always." }),
    value: t.exposeString("value", { description: "Its value. It holds the token: keep it as the token is kept." }),
  }),
});

const AccessTokenType = builder.objectRef<Outcome<"AccessToken">>("AccessToken").implement({
  description: "A live third-party access token.",
  fields: (t) => ({
    value: t.exposeString("value", {
      description: "The token itself. Keep it in memory only, and out of a GraphQL client's cache: ask again where it is needed.",
    }),
    tokenType: t.exposeString("tokenType", { description: "How to send it: `bearer` almost always." }),
    kind: t.string({
      nullable: true,
      description: "Its kind, where one connection has several: `bot`, `user`. Null where there is one.",
      resolve: ({ kind }) => kind ?? null,
    }),
    expiresAt: t.expose("expiresAt", { type: "DateTime", nullable: true, description: "When it expires; null when unknown." }),
    scopes: t.exposeStringList("scopes", { description: "What it may do." }),
    missingScopes: t.exposeStringList("missingScopes", {
      description: "What was asked for, or is asked for since, and is not granted. Reconnecting asks for it.",
    }),
    apiBaseUrl: t.string({
      nullable: true,
      description: "Where the provider's API is for this account: the start of every address that the token is for. Null when unknown.",
      resolve: ({ apiBaseUrl }) => apiBaseUrl ?? null,
    }),
    authorizationHeader: t.field({
      type: AuthorizationHeaderType,
      nullable: true,
      description: "How to send the token to the provider's API; null when unknown.",
      resolve: authorizationHeaderOf,
    }),
    fingerprint: t.exposeID("fingerprint", { description: "What to send as `rejected` when the third party refuses this token." }),
    connection: t.field({
      type: ConnectionType,
      description: "The connection it came from.",
      resolve: ({ source, connection }) => withSource(source, connection),
    }),
  }),
});

type NoToken = Exclude<AccessTokenOutcome, { type: "AccessToken" }> & { source: OwnerConnections };

const NoAccessTokenInterface = builder.interfaceRef<NoToken>("NoAccessToken").implement({
  description: "Every outcome but a token. A client that asks for this understands outcomes that are added later.",
  resolveType: ({ type }) => type,
  fields: (t) => ({
    message: t.exposeString("message", { description: "Why there is no token, and what to do, as one sentence." }),
  }),
});

const connectorUrl = "The page where the user can mend it.";

const NotConnectedType = builder.objectRef<Outcome<"NotConnected">>("NotConnected").implement({
  interfaces: [NoAccessTokenInterface],
  description: "There is no connection: never made, never finished, or disconnected.",
  fields: (t) => ({
    connectorUrl: t.exposeString("connectorUrl", { description: connectorUrl }),
  }),
});

const reasonValues: Record<ReconnectReason, { description: string }> = {
  REVOKED: { description: "The provider no longer honours the grant." },
  RESTORED_BACKUP: {
    description:
      "The provider no longer honours the grant, which the gateway has from a restored backup: it was replaced or revoked since.",
  },
  EXPIRED: { description: "The token expired and the provider gave nothing to refresh it with." },
  CLIENT_CHANGED: { description: "The platform has changed its client at the provider, and the token of the former one has ended." },
  TOKEN_REJECTED: { description: "The third party refused the token and there is nothing to refresh it with." },
};

const ReconnectReasonType = builder.enumType("ReconnectReason", {
  description: "Why the user has to connect again.",
  values: reasonValues,
});

const ReconnectRequiredType = builder.objectRef<Outcome<"ReconnectRequired">>("ReconnectRequired").implement({
  interfaces: [NoAccessTokenInterface],
  description: "Only the user can mend this, by connecting again.",
  fields: (t) => ({
    reason: t.expose("reason", { type: ReconnectReasonType, description: "Why." }),
    connectorUrl: t.exposeString("connectorUrl", { description: connectorUrl }),
    connection: t.field({
      type: ConnectionType,
      description: "The connection to mend; it keeps its id.",
      resolve: ({ source, connection }) => withSource(source, connection),
    }),
  }),
});

const ScopesMissingType = builder.objectRef<Outcome<"ScopesMissing">>("ScopesMissing").implement({
  interfaces: [NoAccessTokenInterface],
  description: "The connection works, and lacks scopes, or a kind of token, that were asked for.",
  fields: (t) => ({
    missingScopes: t.exposeStringList("missingScopes", {
      description: "What was asked for and is not granted; of a missing kind of token, its scopes.",
    }),
    connectorUrl: t.exposeString("connectorUrl", {
      description: "The page where the user can allow it: it asks for what is missing beside what is granted.",
    }),
  }),
});

const TokenWithheldType = builder.objectRef<Outcome<"TokenWithheld">>("TokenWithheld").implement({
  interfaces: [NoAccessTokenInterface],
  description: "The token belongs to a group: a server may ask for it, a user may not.",
});

const TemporarilyUnavailableType = builder.objectRef<Outcome<"TemporarilyUnavailable">>("TemporarilyUnavailable").implement({
  interfaces: [NoAccessTokenInterface],
  description: "The provider does not answer as it should at the moment. The connection is kept as it is.",
  fields: (t) => ({
    retryAfter: t.exposeInt("retryAfter", { description: "Seconds to wait before asking again." }),
  }),
});

const MinimumTtlUnavailableType = builder.objectRef<Outcome<"MinimumTtlUnavailable">>("MinimumTtlUnavailable").implement({
  interfaces: [NoAccessTokenInterface],
  description: "No token of this connection can live as long as `minimumTtl` asks.",
  fields: (t) => ({
    maximumTtl: t.exposeInt("maximumTtl", { description: "The most that can be asked, in seconds." }),
  }),
});

const ConnectorMisconfiguredType = builder.objectRef<Outcome<"ConnectorMisconfigured">>("ConnectorMisconfigured").implement({
  interfaces: [NoAccessTokenInterface],
  description: "The provider refuses the platform's own credentials: only its operator can mend this.",
});

export const AccessTokenResultType = builder.unionType("AccessTokenResult", {
  description: "A live token, or the exact reason why there is none.",
  types: [
    AccessTokenType,
    NotConnectedType,
    ReconnectRequiredType,
    ScopesMissingType,
    TokenWithheldType,
    TemporarilyUnavailableType,
    MinimumTtlUnavailableType,
    ConnectorMisconfiguredType,
  ],
  resolveType: ({ type }) => type,
});

builder.queryField("connectionToken", (t) =>
  t.string({
    nullable: true,
    description:
      "A live access token of the viewer's connection, refreshed when needed; null when there is none to be had. Temporary and configuration failures are errors with a code.",
    args: { ...whereArgs(), ...tokenArgs() },
    resolve: (_root, args, context) => tokenOrNull(requireUser(context), parseWhere(args.where), parseTokenRequest(args)),
  }),
);

builder.queryField("accessToken", (t) =>
  t.field({
    type: AccessTokenResultType,
    description: "The same as connectionToken, with the reason when there is no token.",
    args: { ...whereArgs(), ...tokenArgs() },
    resolve: (_root, args, context) => {
      const source = requireUser(context);
      return andThen(source.accessToken(parseWhere(args.where), parseTokenRequest(args)), (outcome) => ({ source, ...outcome }));
    },
  }),
);
