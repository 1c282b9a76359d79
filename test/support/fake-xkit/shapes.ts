/** The fake's memory as the contract writes it (contract, "Shapes"). No function here writes a token but `withOutcome`. */
import type { FakeConnector } from "./catalog.ts";
import { type Authorization, type Connection, isShownTo, type Owner, type Tokens, type User } from "./state.ts";
import { fingerprintOf, isOver } from "./life.ts";
import type { TokenOutcome } from "./tokens.ts";

/** Where the fake listens, the time, and how it writes the ids of authorizations. */
export interface View {
  readonly url: string;
  readonly now: () => number;
  readonly idOf: (number: number) => string | number;
}

const instant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

export const connectorUrlOf = ({ url }: Pick<View, "url">, slug: string): string => `${url}/connectors/${slug}`;

export const toConnector = (view: Pick<View, "url">, connector: FakeConnector) => ({
  name: connector.name,
  slug: connector.slug,
  short_description: connector.short_description ?? null,
  mark_url: connector.mark_url ?? null,
  about: null,
  description: connector.description ?? null,
  supports_multiple_connections: connector.supports_multiple_connections ?? false,
  connector_url: connectorUrlOf(view, connector.slug),
});

/** As the lists of catalogs have it. */
export const toCatalogConnector = (view: Pick<View, "url">, connector: FakeConnector) => ({
  ...toConnector(view, connector),
  categories: [],
  search_terms: [],
  permissions: [...(connector.scopes ?? []), ...(connector.allowed_scopes ?? [])].map((scope) => ({
    scope,
    text: null,
    required: connector.scopes?.includes(scope) ?? false,
  })),
});

export const toOwner = ({ kind, id }: Owner) => ({ kind, external_id: id });

export const toUser = ({ id, groupId, name }: User) => ({ external_id: id, external_group_id: groupId, name });

/** What the browser that has just started it does next. */
export interface Step {
  readonly authorize_url: string | null;
  readonly state: string | null;
}

const noStep: Step = { authorize_url: null, state: null };

/** @param reader null is a server. */
export function toAuthorization(view: View, reader: User | null, authorization: Authorization, step = noStep) {
  const { connection, status, error, tokens, connectedAt, startedBy, asked } = authorization;
  const { grant_ms: grantMs } = connection.connector;
  const granted = tokens?.scopes ?? [];
  return {
    id: view.idOf(authorization.number),
    connection_id: connection.id,
    display_label: authorization.label,
    status,
    error_code: error?.code ?? null,
    error_message: error && (reader ? "It does not work any more: connect again." : error.said),
    ...healthOf(authorization, view.now()),
    connected_at: instant(connectedAt),
    connected_by: connectedAt === null ? null : { external_id: startedBy.id, name: startedBy.name },
    scopes: granted,
    missing_scopes: tokens ? asked.filter((scope) => !granted.includes(scope)) : [],
    expires_at: instant(tokens?.expiresAt ?? null),
    grant_expires_at: tokens && grantMs !== undefined ? instant(tokens.issuedAt + grantMs) : null,
    authorizer: { client_id: "", prototype: toPrototype(connection.connector, step) },
    connector: toConnector(view, connection.connector),
    ...step,
  };
}

function healthOf({ status, error, tokens, connectedAt, healthChangedAt, failure }: Authorization, now: number) {
  const since = instant(healthChangedAt);
  if (connectedAt === null) return { health: null, health_code: null, health_changed_at: null };
  if (status === "error") return { health: "reconnect_required", health_code: error?.code ?? null, health_changed_at: since };
  if (failure) return { health: failure.kind, health_code: failure.code, health_changed_at: since };
  return tokens && isOver(tokens, now)
    ? { health: "reconnect_required", health_code: "expired", health_changed_at: instant(tokens.expiresAt) }
    : { health: "working", health_code: null, health_changed_at: since };
}

function toPrototype({ name, slug, collect }: FakeConnector, { state }: Step) {
  if (!collect || state === null) return { name, slug };
  const fields = collect.fields.map(
    ({ name, label, hint = null, suffix = null, secret = false, optional = false, enum: options = null, ...field }) => ({
      name,
      label,
      hint,
      suffix,
      secret,
      optional,
      options,
      default: field.default ?? null,
    }),
  );
  const [first] = fields;
  return {
    name,
    slug,
    collect_instructions: collect.instructions,
    collect_fields: fields,
    collect_save: collect.save_label,
    ...(first && { collect_field: first.name, collect_label: first.label, collect_suffix: first.suffix }),
  };
}

const metadataOf = ({ enabled, authorization }: Connection): Record<string, string> =>
  enabled && authorization?.label ? { account_id: authorization.label } : {};

export const toConnectionOnly = (view: View, reader: User | null, connection: Connection) => ({
  id: connection.id,
  enabled: connection.enabled,
  owner: toOwner(connection.owner),
  authorization:
    connection.authorization && isShownTo(reader, connection.authorization)
      ? toAuthorization(view, reader, connection.authorization)
      : null,
  disabled_at: null,
  metadata: metadataOf(connection),
  created_at: instant(connection.createdAt),
  updated_at: instant(connection.updatedAt),
});

/** A connection that is asked for alone. */
export const toSingleConnection = (view: View, reader: User | null, connection: Connection) => ({
  type: "connection",
  ...toConnection(view, reader, connection),
});

export const toConnection = (view: View, reader: User | null, connection: Connection) => ({
  ...toConnectionOnly(view, reader, connection),
  connector: toConnector(view, connection.connector),
});

/** What is told of a token beside it. */
interface Told {
  withHeader: boolean;
  kind: string | null;
}

/** What a GET of one connection adds to it (contract, "Tokens"). */
export function withOutcome(view: View, reader: User | null, connection: Connection, outcome: TokenOutcome, { withHeader, kind }: Told) {
  const { authorization, ...rest } = toSingleConnection(view, reader, connection);
  if (outcome.outcome !== "token") return { ...rest, authorization, token_problem: problemOf(view, connection.connector, outcome) };
  const token = { ...toToken(outcome.tokens, connection.connector, withHeader), ...(kind !== null && kindFacts(outcome.tokens, kind)) };
  const credential = reader ? {} : { credential: outcome.tokens.fields ?? token.access_token };
  return { ...rest, authorization: { ...authorization, ...token, ...credential }, token_problem: null };
}

/** The token's own, where the authorization shows those of another kind. */
const kindFacts = ({ scopes, expiresAt }: Tokens, kind: string) => ({ token_kind: kind, scopes, expires_at: instant(expiresAt) });

const toToken = ({ accessToken, tokenType }: Tokens, { api }: FakeConnector, withHeader: boolean) => ({
  access_token: accessToken,
  token_type: tokenType,
  fingerprint: fingerprintOf(accessToken),
  api_base_url: api?.base_url ?? null,
  ...(withHeader && { authorization_header: api ? { name: api.header, value: accessToken } : null }),
});

/** Why there is no token, where connecting would mend it or nothing may. */
export function problemOf(view: Pick<View, "url">, { name, slug }: FakeConnector, outcome: TokenOutcome) {
  const connector_url = connectorUrlOf(view, slug);
  if (outcome.outcome === "not connected") return { code: "NOT_CONNECTED", message: `${name} is not connected.`, connector_url };
  if (outcome.outcome === "scopes missing")
    return { code: "SCOPES_MISSING", message: `${name} may not do that.`, missing_scopes: outcome.missing, connector_url };
  if (outcome.outcome === "withheld") return { code: "TOKEN_WITHHELD", message: `The ${name} token is a group's.` };
  if (outcome.outcome !== "reconnect") return null;
  return { code: "RECONNECT_REQUIRED", message: `${name} has to be connected again.`, reason: outcome.reason, connector_url };
}
