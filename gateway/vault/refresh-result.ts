import { RESTORED_BACKUP_CODE } from "../../schema/outcomes.ts";
import type { TokenFailure, TokenSet } from "../oauth/result.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import { isOfRestoredBackup } from "../store/restored-backups.ts";
import type { Sealer } from "../store/sealing.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import type { ConnectionStore, StoredGrant } from "./connections.ts";
import { assessFreshness } from "./freshness.ts";
import { noLease } from "./lease.ts";
import { noProblem, problemColumns } from "./refresh-problem.ts";
import type { Revoker } from "./revoke.ts";
import { placeOf, tokenColumns } from "./sealed-columns.ts";

export interface ResultDependencies {
  database: Database;
  connections: ConnectionStore;
  revoker: Revoker;
  sealer: Sealer;
  clock: Clock;
  log: Log;
}

const unusableToken = { kind: "temporary", reason: "its new token expires too soon", retryAfterSeconds: null } as const;

/**
 * Stores refreshed tokens (rule 9). Also over a verdict of another process that sent the same refresh token after this one's lease had ended.
 * @param askedAt milliseconds: before the request was sent.
 */
export async function storeTokens(dependencies: ResultDependencies, grant: StoredGrant, tokens: TokenSet, askedAt: number): Promise<void> {
  const { connection, connector } = grant;
  const columns = refreshedColumns(dependencies, grant, tokens, askedAt);
  const isStored = await updateGrant(dependencies, grant, columns);
  logMisread(dependencies.log, connector.slug, tokens);
  if (isStored) dependencies.log.info({ connection: connection.id, connector: connector.slug }, "refreshed");
  else await discardTokens(dependencies, grant, tokens);
}

/** An answer whose expiry cannot be read is taken, and its token's life is unknown (rule 7). */
export function logMisread(log: Pick<Log, "warn">, connector: string, { misread }: TokenSet): void {
  if (misread !== null) log.warn({ connector, member: misread }, "the provider's answer has a member that cannot be understood");
}

function refreshedColumns({ sealer, clock }: ResultDependencies, grant: StoredGrant, tokens: TokenSet, askedAt: number) {
  const { connection, authorization, connector } = grant;
  const columns = tokenColumns(sealer, placeOf(connection, authorization.id), connector, tokens, authorization, askedAt);
  const { isUsable } = assessFreshness({ issuedAt: askedAt, expiresAt: columns.expires_at }, null, clock.now());
  // A provider whose new tokens are of no use would else be asked for another one by every caller.
  const problem = isUsable ? noProblem : problemColumns(authorization, clock.now(), unusableToken);
  return { ...columns, ...problem, ...noLease, status: "active" as const, error_code: null, error_message: null };
}

/** The user disconnected while the provider was answering: what it answered must not live on there. */
async function discardTokens({ connections, revoker }: ResultDependencies, grant: StoredGrant, tokens: TokenSet): Promise<void> {
  const present = await connections.read(grant.connection.id);
  if (!present?.connection.enabled) await revoker.revoke(grant, tokens);
}

/** Rule 3: only when the refresh token that was sent is still the stored one, which the version tells. */
export async function markRevoked(dependencies: ResultDependencies, grant: StoredGrant, code: string): Promise<void> {
  const message = `${grant.connector.name} no longer honours this connection: connect again.`;
  const isRestored = await isOfRestoredBackup(dependencies.database.query, grant.authorization.issued_at);
  const errorCode = isRestored ? RESTORED_BACKUP_CODE : code;
  const isMarked = await updateGrant(dependencies, grant, { ...noLease, status: "error", error_code: errorCode, error_message: message });
  const facts = { connection: grant.connection.id, connector: grant.connector.slug, code };
  if (isMarked) dependencies.log.warn(facts, "grant no longer honoured");
}

/** Rule 4: the status stays; the provider is left alone for a while. */
export async function recordFailure(
  { connections, clock, log }: ResultDependencies,
  grant: StoredGrant,
  failure: TokenFailure,
): Promise<void> {
  const { connection, authorization, connector } = grant;
  const columns = problemColumns(authorization, clock.now(), failure);
  await connections.change(connection, (transaction) =>
    transaction
      .updateTable("authorizations")
      .set({ ...columns, ...noLease })
      .where("id", "=", authorization.id)
      .where("lease_id", "=", authorization.lease_id)
      .execute(),
  );
  log.warn({ connection: connection.id, connector: connector.slug, code: failure.code, failures: columns.failures }, "refresh failed");
}

/** @returns false when the grant is no longer the one that was claimed, and nothing has changed. */
function updateGrant(
  { connections, clock }: Pick<ResultDependencies, "connections" | "clock">,
  { connection, authorization }: StoredGrant,
  columns: Partial<AuthorizationRow>,
): Promise<boolean> {
  return connections.change(connection, async (transaction) => {
    const now = clock.now();
    const { numUpdatedRows } = await transaction
      .updateTable("authorizations")
      .set({ ...columns, updated_at: now })
      .where("id", "=", authorization.id)
      .where("version", "=", authorization.version)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return false;
    await transaction.updateTable("connections").set({ updated_at: now }).where("id", "=", connection.id).execute();
    return true;
  });
}
