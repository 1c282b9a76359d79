import type { Issuer } from "../config/token-issuers.ts";
import type { Log } from "../runtime/log.ts";
import type { ApiKeys } from "./api-keys.ts";

/**
 * Warns of sources that share one namespace of ids without a declared prefix: the same user id in two of them is one user, the same group
 * id one group. The platform itself is a source where servers have API keys.
 */
export async function warnOfSharedIds(issuers: readonly Issuer[], apiKeys: Pick<ApiKeys, "list">, log: Pick<Log, "warn">): Promise<void> {
  const namesOf = (those: readonly Issuer[]) => [...new Set(those.map(({ issuer }) => issuer))];
  const users = namesOf(issuers.filter(({ userIdPrefix }) => userIdPrefix === null));
  const groups = namesOf(issuers.filter(({ groupIdClaim, groupIdPrefix }) => groupIdClaim !== null && groupIdPrefix === null));
  if (users.length + groups.length === 0) return;
  const servers = (await apiKeys.list()).some(({ revokedAt }) => revokedAt === null) ? ["provisionUser"] : [];
  for (const [undeclared, message] of [[users, SHARED_USERS] as const, [groups, SHARED_GROUPS] as const]) {
    const sources = [...undeclared, ...servers];
    if (undeclared.length > 0 && sources.length > 1) log.warn({ sources }, message);
  }
}

const SHARED_USERS =
  'these sources share user ids: the same id from two sources is one user. Set user_id_prefix of the token issuers, or set it to "" if you want that';
const SHARED_GROUPS =
  'these sources share group ids: the same id from two sources is one group. Set group_id_prefix of the token issuers, or set it to "" if you want that';
