import type { Issuer } from "../config/token-issuers.ts";
import type { Log } from "../runtime/log.ts";
import type { ApiKeys } from "./api-keys.ts";

/**
 * Warns of sources that share one namespace of user ids without a declared `user_id_prefix`: the same id in two of them is one user. The platform itself is a source where servers have API keys.
 */
export async function warnOfSharedIds(issuers: readonly Issuer[], apiKeys: Pick<ApiKeys, "list">, log: Pick<Log, "warn">): Promise<void> {
  const undeclared = new Set(issuers.filter(({ userIdPrefix }) => userIdPrefix === null).map(({ issuer }) => issuer));
  if (undeclared.size === 0) return;
  const hasServers = (await apiKeys.list()).some(({ revokedAt }) => revokedAt === null);
  const sources = [...undeclared, ...(hasServers ? ["provisionUser"] : [])];
  if (sources.length > 1) log.warn({ sources }, SHARED);
}

const SHARED =
  'these sources share one namespace of user ids: a user of one is the user of another with the same id. Set user_id_prefix for token issuers, or "" where that is meant';
