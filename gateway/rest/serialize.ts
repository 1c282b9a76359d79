import { LRUCache } from "lru-cache";
import type { Session } from "../../schema/context.ts";
import type { Authorization, Connection, Connector, KnownUser, Owner, Platform, Viewer } from "../../schema/upstream.ts";
import { boundedByCount } from "../runtime/bounded-by-count.ts";
import type { WireAuthorization, WireConnection, WireCatalogConnector, WireConnector, WirePublicConnector } from "./wire.ts";

/** Texts of instants that are kept: most answers have those of the answer before. */
const KEPT_INSTANTS = 10_000;

const instants = new LRUCache<number, string>(boundedByCount(KEPT_INSTANTS));

/** RFC 3339, in UTC. Null for none. */
export function toInstant(date: Date | null | undefined): string | null {
  if (!date) return null;
  const time = date.getTime();
  const known = instants.get(time);
  if (known !== undefined) return known;
  const text = date.toISOString();
  instants.set(time, text);
  return text;
}

/** The port's shapes as the contract writes them (contract, "Shapes"). No function here sees a token. */

export const serializePlatform = (platform: Platform) => ({
  name: platform.name,
  slug: platform.slug,
  custom_domain: null,
  website: platform.website,
  login_redirect_url: platform.loginRedirectUrl,
  remove_branding: true,
  color: platform.color,
  logo_url: platform.logoUrl,
  privacy_url: platform.privacyUrl ?? null,
});

export const serializePublicConnector = (connector: Connector): WirePublicConnector => ({
  name: connector.name,
  slug: connector.slug,
  short_description: connector.shortDescription,
  mark_url: connector.markUrl,
  about: null,
  description: connector.description,
  supports_multiple_connections: connector.supportsMultipleConnections,
  connector_url: connector.connectorUrl,
});

/** As the catalog lists it: with what a person chooses by. */
export const serializeCatalogConnector = (connector: Connector): WireCatalogConnector => ({
  ...serializePublicConnector(connector),
  categories: [...(connector.categories ?? [])],
  search_terms: [...(connector.searchTerms ?? [])],
  permissions: (connector.permissions ?? []).map(({ scope, text, isRequired }) => ({ scope, text, required: isRequired })),
});

export const serializeOwner = ({ kind, id }: Owner) => ({ kind, external_id: id });

export const serializeAuthorization = (authorization: Authorization, connector: Connector): WireAuthorization => ({
  id: authorization.id,
  connection_id: authorization.connectionId,
  display_label: authorization.displayLabel,
  status: authorization.status,
  error_code: authorization.errorCode,
  error_message: authorization.errorMessage,
  health: authorization.health,
  health_code: authorization.healthCode,
  health_changed_at: toInstant(authorization.healthChangedAt),
  connected_at: toInstant(authorization.connectedAt),
  connected_by: authorization.connectedBy && { external_id: authorization.connectedBy.id, name: authorization.connectedBy.name },
  scopes: authorization.scopes,
  missing_scopes: authorization.missingScopes,
  expires_at: toInstant(authorization.expiresAt),
  grant_expires_at: toInstant(authorization.grantExpiresAt),
  authorizer: { client_id: "", prototype: { name: connector.name, slug: connector.slug, ...serializeCollect(authorization.collect) } },
  connector: serializePublicConnector(connector),
  authorize_url: authorization.authorizeUrl,
  state: authorization.state,
});

/** The first field under its 2020 names too: the catalog of that time shows no form without them (contract, "Shapes"). */
function serializeCollect(collect: Authorization["collect"]) {
  if (!collect) return {};
  const [first] = collect.fields;
  return {
    collect_instructions: collect.instructions,
    collect_fields: collect.fields.map(
      ({ name, label, hint = null, suffix, secret, optional = false, default: preset = null, options }) => ({
        name,
        label,
        hint,
        suffix,
        secret,
        optional,
        default: preset,
        options: options ? [...options] : null,
      }),
    ),
    collect_save: collect.saveLabel,
    ...(first && { collect_field: first.name, collect_label: first.label, collect_suffix: first.suffix }),
  };
}

const serializeConnectionOnly = (connection: Connection) => ({
  id: connection.id,
  enabled: connection.enabled,
  disabled_at: toInstant(connection.disabledAt),
  owner: serializeOwner(connection.owner),
  authorization: connection.authorization && serializeAuthorization(connection.authorization, connection.connector),
  metadata: Object.fromEntries((connection.metadata ?? []).map(({ name, value }) => [name, value])),
  created_at: toInstant(connection.createdAt),
  updated_at: toInstant(connection.updatedAt),
});

export const serializeConnection = (connection: Connection): WireConnection =>
  Object.assign(serializeConnectionOnly(connection), { connector: serializePublicConnector(connection.connector) });

/** A connector beside those of `connections` that are enabled and of it: what was never finished or was removed is not installed. */
export function serializeConnector(connector: Connector, connections: readonly Connection[]): WireConnector {
  const own = connections.filter(({ enabled, connector: { slug } }) => enabled && slug === connector.slug).map(serializeConnectionOnly);
  return { ...serializeCatalogConnector(connector), connection: own[0] ?? null, connections: own };
}

export const serializeUser = ({ id, groupId, name }: KnownUser) => ({ external_id: id, external_group_id: groupId, name });

export const serializeViewer = ({ userId, groupId, name }: Viewer) => serializeUser({ id: userId, groupId, name });

export const serializeSession = ({ token, expiresAt }: Pick<Session, "token" | "expiresAt">) => ({
  access_token: token,
  expires_at: expiresAt.toISOString(),
});
