import type { Clock } from "../runtime/clock.ts";
import type { TokenFailure } from "../oauth/result.ts";
import type { Database } from "../store/database.ts";
import type { StoredGrant } from "./connections.ts";
import { servesConnection } from "./token-kinds.ts";
import { LASTING_FAILURES } from "./refresh-problem.ts";

/** A grant that is refused for this long, while others of its connector refresh, is itself at fault: one hour (rule 3). */
export const REFUSED_ALONE_MS = 3_600_000;
/** Least time between two questions to the store when a connector's grants were last refreshed, in milliseconds. */
const LOOK_AGAIN_MS = 60_000;

export type RefusedAlone = ReturnType<typeof createRefusedAlone>;

/** Tells a refused grant from a connector that does not work, by the connector's other grants. */
export function createRefusedAlone({ database, clock }: { database: Database; clock: Clock }) {
  const looks = new Map<string, { lookedAt: number; refreshedAt: Promise<number> }>();

  function lastRefreshOf(slug: string, kind: string | null, now: number): Promise<number> {
    const key = JSON.stringify([slug, kind]);
    const known = looks.get(key);
    if (known && now - known.lookedAt < LOOK_AGAIN_MS) return known.refreshedAt;
    const refreshedAt = findLastRefresh(database, slug, kind);
    looks.set(key, { lookedAt: now, refreshedAt });
    refreshedAt.catch(() => looks.delete(key));
    return refreshedAt;
  }

  /** Whether this further refusal is the grant's own fault. */
  return async ({ authorization, connector }: StoredGrant, { isRefusal }: TokenFailure): Promise<boolean> => {
    const { failing_since: since, failures, token_kind: kind } = authorization;
    const now = clock.now();
    if (!isRefusal || since === null || failures + 1 < LASTING_FAILURES || now - since < REFUSED_ALONE_MS) return false;
    return (await lastRefreshOf(connector.slug, kind, now)) > since;
  };
}

/** When a grant of the connector, of the same kind of token, was last refreshed that has not failed since: 0 for never. What only an exchange brought does not count. */
async function findLastRefresh({ query }: Pick<Database, "query">, slug: string, kind: string | null): Promise<number> {
  const row = await query
    .selectFrom("authorizations")
    .innerJoin("connections", "connections.id", "authorizations.connection_id")
    .where(servesConnection)
    .select((expression) => expression.fn.max("authorizations.issued_at").as("refreshedAt"))
    .where("connections.connector_slug", "=", slug)
    .where("authorizations.status", "=", "active")
    .where("authorizations.failures", "=", 0)
    .where("authorizations.version", ">", 1)
    .where("authorizations.token_kind", kind === null ? "is" : "=", kind)
    .executeTakeFirst();
  return row?.refreshedAt ?? 0;
}
