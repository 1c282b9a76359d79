import { type RawBuilder, sql } from "kysely";
import type { Health } from "../../schema/upstream.ts";
import { isUnattended } from "../oauth/request-tokens.ts";
import type { ConnectorConfig } from "../providers/connector.ts";

type Condition = RawBuilder<boolean>;

/** What `healthOf` says of a grant, as a condition on the `connections` and `authorizations` of a join. A test holds the two together. */
export function createHealthCondition(connectors: ReadonlyMap<string, ConnectorConfig>): (health: Health, now: number) => Condition {
  const renewing = [...connectors.values()].flatMap(({ slug, oauth }) => (oauth && isUnattended(oauth.provider) ? [slug] : []));
  const clients = [...connectors.values()].flatMap(({ slug, oauth }) =>
    oauth ? ["", ...[oauth.client, ...oauth.previousClients].map(({ clientId }) => clientId)].map((id) => `${slug} ${id}`) : [],
  );
  const canRenew = sql<boolean>`(authorizations.sealed_refresh_token is not null or ${isOneOf(sql`connections.connector_slug`, renewing)})
    and ${isOneOf(sql`connections.connector_slug || ' ' || coalesce(authorizations.client_id, '')`, clients)}`;

  return (health, now) => {
    const hasLapsed = sql<boolean>`(authorizations.expires_at is not null and authorizations.expires_at <= ${now} and not (${canRenew}))`;
    const conditions: Record<Health, Condition> = {
      working: sql`authorizations.status = 'active' and authorizations.failure_kind is null and not ${hasLapsed}`,
      unavailable: sql`authorizations.status = 'active' and authorizations.failure_kind = 'temporary' and not ${hasLapsed}`,
      misconfigured: sql`authorizations.status = 'active' and authorizations.failure_kind = 'misconfigured'`,
      reconnect_required: sql`(authorizations.status = 'error'
        or authorizations.status = 'active' and coalesce(authorizations.failure_kind, '') <> 'misconfigured' and ${hasLapsed})`,
    };
    // A disabled connection's health is not that of its grant.
    return sql<boolean>`(connections.disabled_at is null and authorizations.version > 0 and ${conditions[health]})`;
  };
}

/** Whether a text is one of these; of none it is not. */
export const isOneOf = (text: RawBuilder<unknown>, values: readonly string[]): Condition =>
  values.length === 0 ? sql`false` : sql`${text} in (${sql.join([...values])})`;
