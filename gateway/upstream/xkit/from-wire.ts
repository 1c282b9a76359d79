import { plainName } from "../../../client/design/plain-name.ts";
import { z } from "zod";
import { describeProblem, toSentence } from "../../../schema/problems.ts";
import type { Authorization, Connection, Connector, KnownUser, Owner, Platform, Viewer } from "../../../schema/upstream.ts";
import { redactProviderText } from "../../http/provider-text.ts";
import { connectorUrlOf } from "../../providers/connector-url.ts";
import type { AuthorizationAnswer, ConnectionAnswer, ConnectorAnswer, PlatformAnswer, UserAnswer } from "./response-schemas.ts";

export const platformFromAnswer = (platform: PlatformAnswer): Platform => ({
  name: plainName(platform.name) ?? platform.slug,
  slug: platform.slug,
  website: platform.website,
  loginRedirectUrl: platform.login_redirect_url,
  color: platform.color,
  logoUrl: platform.logo_url,
  privacyUrl: platform.privacy_url,
});

export const connectorFromAnswer = (connector: ConnectorAnswer, publicUrl: string): Connector => ({
  slug: connector.slug,
  name: plainName(connector.name) ?? connector.slug,
  shortDescription: connector.short_description,
  description: connector.description,
  markUrl: connector.mark_url,
  supportsMultipleConnections: connector.supports_multiple_connections ?? false,
  connectorUrl: connectorUrlOf(publicUrl, connector.slug),
  categories: connector.categories,
  searchTerms: connector.search_terms,
  permissions: connector.permissions.map(({ scope, text, required }) => ({ scope, text, isRequired: required })),
});

/** Whose connection it is; null from a plain Xkit, which does not tell. */
export const statedOwnerOf = ({ owner }: ConnectionAnswer): Owner | null => (owner ? { kind: owner.kind, id: owner.external_id } : null);

/** Who reads: a user, or a server with the platform's credentials. */
export type Reader = "user" | "server";

export const connectionFromAnswer = (connection: ConnectionAnswer, owner: Owner, publicUrl: string, reader: Reader): Connection => ({
  id: connection.id,
  owner,
  enabled: connection.enabled,
  disabledAt: connection.disabled_at,
  connector: connectorFromAnswer(connection.connector, publicUrl),
  authorization: connection.authorization ? withoutStart(authorizationFromAnswer(connection.authorization, connection, reader)) : null,
  metadata: connection.metadata,
  createdAt: connection.created_at,
  updatedAt: connection.updated_at,
});

/** What connecting goes on with is for who has started it: an upstream may show it to all who see the connection. */
const withoutStart = (authorization: Authorization): Authorization => ({
  ...authorization,
  authorizeUrl: null,
  state: null,
  collect: null,
});

/** No token: a careless upstream may put one into its messages. */
export function authorizationFromAnswer(
  authorization: AuthorizationAnswer,
  connection: { id: string; connector: { name: string } } | null,
  reader: Reader,
): Authorization {
  const secrets = secretsOf(authorization);
  const describe = (text: string | null) => redactProviderText(text ?? undefined, secrets);
  const { display_label: label, status, health, health_code: code, connected_by: connectedBy } = authorization;
  const name = connection?.connector.name ?? authorization.authorizer?.prototype?.name ?? "The provider";
  const kind = health ?? (status === "error" ? "attempt" : "working");
  const problem = kind === "working" ? null : describeProblem(name, code ?? authorization.error_code, kind);
  // However long its parts, an address that holds no secret is no token.
  const isAddress = emailSchema.safeParse(label).success && !secrets.some((secret) => label?.includes(secret));
  return {
    id: authorization.id,
    connectionId: authorization.connection_id ?? connection?.id ?? null,
    status,
    displayLabel: isAddress ? label : describe(label),
    errorCode: describe(authorization.error_code),
    errorMessage: reader === "user" && status === "error" && problem ? toSentence(problem) : describe(authorization.error_message),
    health,
    healthCode: describe(code),
    healthChangedAt: authorization.health_changed_at,
    problem,
    connectedAt: authorization.connected_at,
    connectedBy: connectedBy ? { id: connectedBy.external_id, name: plainName(connectedBy.name) } : null,
    scopes: authorization.scopes,
    missingScopes: authorization.missing_scopes,
    expiresAt: authorization.expires_at,
    grantExpiresAt: authorization.grant_expires_at,
    authorizeUrl: authorization.authorize_url,
    state: authorization.state,
    collect: toCollect(authorization),
  };
}

const emailSchema = z.email();

function secretsOf({ access_token: token, credential }: AuthorizationAnswer): string[] {
  const values = typeof credential === "object" && credential !== null ? Object.values(credential) : [credential];
  return [token, ...values].filter((value) => typeof value === "string").filter((value) => value !== "");
}

function toCollect({ state, authorizer }: AuthorizationAnswer): Authorization["collect"] {
  const { collect_fields: fields, collect_instructions: instructions = null, collect_save: saveLabel } = authorizer?.prototype ?? {};
  if (state === null || !fields || fields.length === 0) return null;
  const shown = fields.map(({ name, label, hint, suffix, secret, optional, default: preset, options }) => ({
    name,
    label,
    hint,
    suffix,
    secret: secret ?? false,
    optional: optional ?? false,
    default: preset,
    options: options ?? null,
  }));
  return { instructions, saveLabel: saveLabel ?? "Save", fields: shown };
}

export const viewerFromAnswer = (user: UserAnswer): Viewer => ({
  userId: user.external_id,
  groupId: user.external_group_id,
  name: plainName(user.name),
});

export const knownUserFromAnswer = (user: UserAnswer): KnownUser => ({
  id: user.external_id,
  groupId: user.external_group_id,
  name: plainName(user.name),
});
