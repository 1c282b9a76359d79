import { type RawBuilder, sql } from "kysely";
import type { ConnectionFilter } from "../../schema/upstream.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { createHealthCondition, isOneOf } from "./health-condition.ts";

/** All that a filter says, as a condition on the `connections` of a join, and on their own `authorizations`. */
export function createListCondition(
  connectors: ReadonlyMap<string, ConnectorConfig>,
): (filter: ConnectionFilter, now: number) => RawBuilder<boolean> {
  const healthCondition = createHealthCondition(connectors);
  return ({ connector, health, owner, accountId, accountLabel, updatedSince }, now) => {
    // Those of connectors that the configuration no longer has are kept, unseen.
    const slugs = [...connectors.keys()].filter((slug) => connector === undefined || slug === connector);
    const conditions = [isOneOf(sql`connections.connector_slug`, slugs)];
    if (health) conditions.push(healthCondition(health, now));
    if (owner) conditions.push(sql`connections.owner_kind = ${owner.kind} and connections.owner_id = ${owner.id}`);
    if (accountId !== undefined) conditions.push(sql`authorizations.account_id = ${accountId}`);
    if (accountLabel !== undefined) conditions.push(sql`authorizations.display_label = ${accountLabel}`);
    if (updatedSince) conditions.push(sql`connections.updated_at >= ${updatedSince.getTime()}`);
    return sql.join(conditions, sql` and `);
  };
}
