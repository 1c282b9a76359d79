import { builder } from "./builder.ts";
import { ConnectionType, withSource } from "./connection.ts";
import { requireUser } from "./context.ts";
import { parseTokenRequest, parseWhere, tokenArgs, whereArgs } from "./input.ts";
import { authorizationHeaderOf, tokenOrNull } from "./outcomes.ts";
import { andThen } from "./promise-or-value.ts";
import type { AccessTokenOutcome, OwnerConnections, ReconnectReason } from "./upstream.ts";

type Outcome<Type extends AccessTokenOutcome["type"]> = Extract<AccessTokenOutcome, { type: Type }> & { source: OwnerConnections };

const AuthorizationHeaderType = builder.objectRef<{ name: string; value: string }>("AuthorizationHeader").implement({
  description: "A header of requests to a provider's API.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The header's name, usually `Authorization`." }),
    value: t.exposeString("value", { description: "The header's value. It contains the token: keep it as safe as the token." }),
  }),
});

const AccessTokenType = builder.objectRef<Outcome<"AccessToken">>("AccessToken").implement({
  description: "A live third-party access token.",
  fields: (t) => ({
    value: t.exposeString("value", {
      description: "The token. Keep it only in memory, and out of a GraphQL client's cache: ask again when you need it.",
    }),
    tokenType: t.exposeString("tokenType", { description: "The token type, usually `bearer`." }),
    kind: t.string({
      nullable: true,
      description: "The kind of token, if one connection has several: `bot`, `user`. Null if it has one.",
      resolve: ({ kind }) => kind ?? null,
    }),
    expiresAt: t.expose("expiresAt", { type: "DateTime", nullable: true, description: "When it expires; null if unknown." }),
    scopes: t.exposeStringList("scopes", { description: "The scopes that it has." }),
    missingScopes: t.exposeStringList("missingScopes", {
      description: "Scopes that were asked for, or that the connector asks for now, and that are not granted. Reconnecting asks for them.",
    }),
    apiBaseUrl: t.string({
      nullable: true,
      description: "Where the provider's API is for this account: the start of every address that the token is for. Null when unknown.",
      resolve: ({ apiBaseUrl }) => apiBaseUrl ?? null,
    }),
    authorizationHeader: t.field({
      type: AuthorizationHeaderType,
      nullable: true,
      description: "How to send the token to the provider's API; null if unknown.",
      resolve: authorizationHeaderOf,
    }),
    fingerprint: t.exposeID("fingerprint", { description: "Send this as `rejected` if the third party refuses the token." }),
    connection: t.field({
      type: ConnectionType,
      description: "The connection that it belongs to.",
      resolve: ({ source, connection }) => withSource(source, connection),
    }),
  }),
});

type NoToken = Exclude<AccessTokenOutcome, { type: "AccessToken" }> & { source: OwnerConnections };

const NoAccessTokenInterface = builder.interfaceRef<NoToken>("NoAccessToken").implement({
  description: "Every outcome except a token. A client that selects this interface also handles outcomes that are added later.",
  resolveType: ({ type }) => type,
  fields: (t) => ({
    message: t.exposeString("message", { description: "Why there is no token, and what to do, as one sentence." }),
  }),
});

const connectorUrl = "The page where the user can fix it.";

const NotConnectedType = builder.objectRef<Outcome<"NotConnected">>("NotConnected").implement({
  interfaces: [NoAccessTokenInterface],
  description: "There is no connection: it was never started or finished, or it was disconnected.",
  fields: (t) => ({
    connectorUrl: t.exposeString("connectorUrl", { description: connectorUrl }),
  }),
});

const reasonValues: Record<ReconnectReason, { description: string }> = {
  REVOKED: { description: "The provider no longer honours the grant." },
  RESTORED_BACKUP: {
    description:
      "The provider no longer honours the grant. The gateway has it from a restored backup, and it was replaced or revoked since.",
  },
  EXPIRED: { description: "The token expired, and the provider gave no refresh token." },
  CLIENT_CHANGED: { description: "The platform changed its client at the provider, and the token of the former client expired." },
  TOKEN_REJECTED: { description: "The third party refused the token, and there is no refresh token." },
};

const ReconnectReasonType = builder.enumType("ReconnectReason", {
  description: "Why the user has to connect again.",
  values: reasonValues,
});

const ReconnectRequiredType = builder.objectRef<Outcome<"ReconnectRequired">>("ReconnectRequired").implement({
  interfaces: [NoAccessTokenInterface],
  description: "Only the user can fix this, by connecting again.",
  fields: (t) => ({
    reason: t.expose("reason", { type: ReconnectReasonType, description: "Why." }),
    connectorUrl: t.exposeString("connectorUrl", { description: connectorUrl }),
    connection: t.field({
      type: ConnectionType,
      description: "The connection to reconnect. It keeps its id.",
      resolve: ({ source, connection }) => withSource(source, connection),
    }),
  }),
});

const ScopesMissingType = builder.objectRef<Outcome<"ScopesMissing">>("ScopesMissing").implement({
  interfaces: [NoAccessTokenInterface],
  description: "The connection works, but lacks scopes or a kind of token that you asked for.",
  fields: (t) => ({
    missingScopes: t.exposeStringList("missingScopes", {
      description: "The missing scopes; for a missing kind of token, its scopes.",
    }),
    connectorUrl: t.exposeString("connectorUrl", {
      description: "The page where the user can allow it. It asks for the missing scopes in addition to the granted ones.",
    }),
  }),
});

const TokenWithheldType = builder.objectRef<Outcome<"TokenWithheld">>("TokenWithheld").implement({
  interfaces: [NoAccessTokenInterface],
  description: "The token belongs to a group: only a server may ask for it.",
});

const TemporarilyUnavailableType = builder.objectRef<Outcome<"TemporarilyUnavailable">>("TemporarilyUnavailable").implement({
  interfaces: [NoAccessTokenInterface],
  description: "The provider does not respond properly at the moment. The connection is kept.",
  fields: (t) => ({
    retryAfter: t.exposeInt("retryAfter", { description: "Seconds to wait before asking again." }),
  }),
});

const MinimumTtlUnavailableType = builder.objectRef<Outcome<"MinimumTtlUnavailable">>("MinimumTtlUnavailable").implement({
  interfaces: [NoAccessTokenInterface],
  description: "No token of this connection can live as long as `minimumTtl` asks.",
  fields: (t) => ({
    maximumTtl: t.exposeInt("maximumTtl", { description: "The largest possible `minimumTtl`, in seconds." }),
  }),
});

const ConnectorMisconfiguredType = builder.objectRef<Outcome<"ConnectorMisconfigured">>("ConnectorMisconfigured").implement({
  interfaces: [NoAccessTokenInterface],
  description: "The provider refuses the platform's own credentials. Only the operator can fix this.",
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
      "A live access token of the viewer's connection, refreshed when needed; null if there is none. Temporary failures and configuration failures are errors with a code.",
    args: { ...whereArgs(), ...tokenArgs() },
    resolve: (_root, args, context) => tokenOrNull(requireUser(context), parseWhere(args.where), parseTokenRequest(args)),
  }),
);

builder.queryField("accessToken", (t) =>
  t.field({
    type: AccessTokenResultType,
    description: "The same as connectionToken, but with the reason if there is no token.",
    args: { ...whereArgs(), ...tokenArgs() },
    resolve: (_root, args, context) => {
      const source = requireUser(context);
      return andThen(source.accessToken(parseWhere(args.where), parseTokenRequest(args)), (outcome) => ({ source, ...outcome }));
    },
  }),
);
