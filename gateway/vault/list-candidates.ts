import { type RawBuilder, sql } from "kysely";
import type { ConnectionFilter, Health } from "../../schema/upstream.ts";

/** A connection that may be in a list. Lists are ordered by `changed_at`, which is 0 unless it matters, and by `id`. */
export interface Candidate {
  id: string;
  changed_at: number;
  /** The grant for which it may be: it has to be the connection's own. */
  grant_id: string | null;
}

/** What names a place in a list. */
export type ListKey = Pick<Candidate, "id" | "changed_at">;

type Candidates = RawBuilder<Candidate>;

/** Grants that serve a connection by themselves. What is still being connected has no version. */
const isOwnGrant = sql<boolean>`came_with is null and version > 0`;

/** The grants that an index has by what is wrong with them. Working ones are nearly all: they are found by walking the connections. */
const grantsOf: Record<Health, RawBuilder<boolean> | null> = {
  working: null,
  unavailable: sql`failure_kind = 'temporary' and ${isOwnGrant}`,
  misconfigured: sql`failure_kind = 'misconfigured' and ${isOwnGrant}`,
  reconnect_required: sql`${isOwnGrant} and (status = 'error' or (sealed_refresh_token is null and expires_at is not null))`,
};

/**
 * The next `rows` candidates after a key, from one index that has them in their order (migration `0017-lists`), which is that of the
 * filter's narrowest part. Whatever else the filter says remains to be judged.
 */
export function candidatesOf(filter: ConnectionFilter, after: ListKey | null, rows: number): Candidates {
  const { updatedSince, accountId, accountLabel, owner, health, connector } = filter;
  if (updatedSince) return changedConnections(updatedSince, after, rows);
  if (accountId !== undefined) return grants(sql`account_id = ${accountId} and ${isOwnGrant}`, after, rows);
  if (accountLabel !== undefined) return grants(sql`display_label = ${accountLabel} and ${isOwnGrant}`, after, rows);
  if (owner) return connections(sql`owner_kind = ${owner.kind} and owner_id = ${owner.id}`, after, rows);
  const unwell = health && grantsOf[health];
  if (unwell) return grants(unwell, after, rows);
  return connections(connector === undefined ? sql`true` : sql`connector_slug = ${connector}`, after, rows);
}

function connections(condition: RawBuilder<boolean>, after: ListKey | null, rows: number): Candidates {
  const isNext = after ? sql`and id > ${after.id}` : sql``;
  return sql`select id, 0 as changed_at, authorization_id as grant_id from connections where ${condition} ${isNext} order by id limit ${rows}`;
}

function grants(condition: RawBuilder<boolean>, after: ListKey | null, rows: number): Candidates {
  const isNext = after ? sql`and connection_id > ${after.id}` : sql``;
  return sql`select connection_id as id, 0 as changed_at, id as grant_id from authorizations
    where ${condition} ${isNext} order by connection_id limit ${rows}`;
}

function changedConnections(since: Date, after: ListKey | null, rows: number): Candidates {
  const isNext = after ? sql`(updated_at, id) > (${after.changed_at}, ${after.id})` : sql`updated_at >= ${since.getTime()}`;
  return sql`select id, updated_at as changed_at, authorization_id as grant_id from connections
    where ${isNext} order by updated_at, id limit ${rows}`;
}
