import { RESTORED_BACKUP_CODE } from "../../schema/outcomes.ts";
import type { TokenFailure, TokenSet } from "../oauth/result.ts";
import type { StatedValues } from "../oauth/stated-values.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import { isOfRestoredBackup } from "../store/restored-backups.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import type { BoundedClock } from "../store/store-clock.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import { type Audited, recordRefresh } from "./audited.ts";
import type { ChangedGrant, GrantChange } from "./connection-rows.ts";
import type { ConnectionStore, GrantVersion, StoredGrant } from "./connections.ts";
import { assessFreshness } from "./freshness.ts";
import { countRefresh, recordedOf } from "./happenings.ts";
import { noteHealth } from "./health.ts";
import { noLease } from "./lease.ts";
import { factsOf } from "./log-facts.ts";
import { noProblem, problemColumns, shortLived } from "./refresh-problem.ts";
import type { Revoker } from "./revoke.ts";
import { retryAndSpool, retryWhileStoreAway, type RetryDependencies } from "./retry-while-store-away.ts";
import { grantFacts, openStated, placeOf, rowOf, narrowedColumns, type TokenColumns, tokenColumns } from "./sealed-columns.ts";
import type { Spool } from "./spool.ts";

export interface ResultDependencies extends Omit<RetryDependencies, "clock">, Audited {
  clock: BoundedClock;
  database: Database;
  spool: Spool;
  connections: ConnectionStore;
  revoker: Revoker;
  sealer: Sealer;
  macs: RowMacs;
  log: Log;
  /** The scopes of a narrower token that is asked for: it is not stored, what came with it is. */
  narrowTo?: readonly string[] | undefined;
}

const unusableToken = { ...shortLived, kind: "temporary", retryAfterSeconds: null } as const;

/**
 * Stores refreshed tokens (rule 9). Also over a verdict of another process that sent the same refresh token after this one's lease had ended.
 * While the store is away they are kept, here and in the spool, and tried for as long as the process lives (rule 5). What cannot be stored
 * for another reason is in the spool when this throws. Answers the rows as they are then; null: the grant is no longer the one that was claimed.
 * @param askedAt milliseconds: before the request was sent.
 */
export async function storeTokens(
  dependencies: ResultDependencies,
  grant: StoredGrant,
  tokens: TokenSet,
  askedAt: number,
): Promise<ChangedGrant | null> {
  const { sealer, clock, log, spool, narrowTo } = dependencies;
  const { connection, authorization, connector } = grant;
  const facts = factsOf(grant);
  const place = placeOf(connection, authorization.id);
  const columns = narrowTo
    ? narrowedColumns(sealer, place, connector, tokens, authorization, askedAt)
    : tokenColumns(sealer, place, connector, tokens, authorization, knownOf(dependencies, grant), askedAt);
  const problem = narrowTo ? { ...noProblem, refused_at: authorization.refused_at } : problemOf(authorization, columns, clock.now());
  const keep = (err: unknown) => {
    log.error({ ...facts, err }, "refreshed tokens cannot be stored: they are kept in the spool");
    const { id: authorizationId, version, token_kind: tokenKind } = authorization;
    return spool.keep({ connectionId: connection.id, authorizationId, version, columns, ...(tokenKind !== null && { tokenKind }) });
  };
  const changed = await retryAndSpool(dependencies, keep, () =>
    updateGrant(
      dependencies,
      grant,
      { ...activeColumns(dependencies, grant, columns, problem), ...(!narrowTo && countRefresh(authorization, clock.now())) },
      (current) => activeColumns(dependencies, { ...grant, connection: current }, columns, problem).mac,
    ),
  );
  logMisread(log, connector.slug, tokens);
  if (connector.facts?.refresh.rotates && tokens.refreshToken === null)
    log.warn(facts, "the provider should rotate refresh tokens but sent none: the previous one is kept");
  const isThere = changed !== null || (await discardTokens(dependencies, grant, tokens));
  recordRefresh(dependencies, grant, {
    outcome: changed ? (narrowTo ? "got a token with fewer scopes" : "refreshed") : "superseded",
    tokens,
    isThere,
  });
  if (changed) log.info(facts, narrowTo ? "got a token with fewer scopes" : "refreshed");
  return changed;
}

/** New tokens are stored also where what was stated before does not open: null, and it stays as it is. */
function knownOf({ log, ...keys }: ResultDependencies, grant: StoredGrant): StatedValues | null {
  try {
    return openStated(keys, grant);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    log.error({ ...rowOf(grant), err: error }, "the values that the provider stated cannot be decrypted");
    return null;
  }
}

/** An answer whose expiry cannot be read is taken, and its token's life is unknown (rule 7). */
export function logMisread(log: Pick<Log, "warn">, connector: string, { misread }: TokenSet): void {
  for (const member of misread) log.warn({ connector, member }, "the provider's answer has a member with an unexpected value");
}

/** A provider whose new tokens are of no use would else be asked for another one by every caller. */
function problemOf(authorization: AuthorizationRow, { issued_at: issuedAt, expires_at: expiresAt }: TokenColumns, now: number) {
  const { isUsable } = assessFreshness({ issuedAt, expiresAt }, null, now);
  return isUsable ? noProblem : { ...problemColumns(authorization, now, unusableToken), perhaps_rotated_at: null };
}

/** The columns of a grant whose tokens were refreshed. */
export const activeColumns = (
  { macs }: Pick<ResultDependencies, "macs">,
  { connection, authorization: { id, token_kind } }: GrantVersion,
  columns: TokenColumns,
  problem: Partial<AuthorizationRow>,
) => ({
  ...columns,
  mac: macs.sign("authorizations", grantFacts(connection, { id, token_kind, ...columns })),
  refused_at: null,
  ...problem,
  ...noLease,
  status: "active" as const,
  error_code: null,
  error_message: null,
});

/**
 * Where the user disconnected while the provider was answering, or was deleted, what it answered must not live on there. Answers whether the
 * connection is still in the store.
 */
async function discardTokens(dependencies: ResultDependencies, grant: StoredGrant, tokens: TokenSet): Promise<boolean> {
  const { connections, revoker } = dependencies;
  const current = await retryWhileStoreAway(dependencies, () => connections.read(grant.connection.id));
  if (!current?.connection.enabled) await revoker.revoke(grant, tokens);
  return current !== null;
}

/** Rule 3: only when the refresh token that was sent is still the stored one, which the version tells. */
export async function markRevoked(dependencies: ResultDependencies, grant: StoredGrant, code: string): Promise<void> {
  const message = `${grant.connector.name} no longer honours this connection: connect again.`;
  const isMarked = await retryWhileStoreAway(dependencies, async () => {
    const isRestored = await isOfRestoredBackup(dependencies.database.query, grant.authorization.issued_at);
    const verdict = { status: "error" as const, error_code: isRestored ? RESTORED_BACKUP_CODE : code, error_message: message };
    return updateGrant(dependencies, grant, { ...noLease, ...verdict });
  });
  const facts = { ...factsOf(grant), code };
  const isThere =
    isMarked !== null || (await retryWhileStoreAway(dependencies, () => dependencies.connections.read(grant.connection.id))) !== null;
  recordRefresh(dependencies, grant, { outcome: code, tokens: null, isThere });
  if (isMarked) dependencies.log.warn(facts, "grant no longer honoured");
}

/** Rule 4: the status stays; the provider is left alone for a while. */
export async function recordFailure(dependencies: ResultDependencies, grant: StoredGrant, failure: TokenFailure): Promise<void> {
  const { connections, clock, log } = dependencies;
  const { connection, authorization } = grant;
  const now = clock.now();
  const perhapsRotatedAt = authorization.perhaps_rotated_at ?? (failure.delivery === "lost" ? now : null);
  const problem = { ...problemColumns(authorization, now, failure), ...noLease, perhaps_rotated_at: perhapsRotatedAt };
  const { columns, recorded } = recordedOf(grant, noteHealth(grant, problem, now), now);
  const { code, reason, missing } = failure;
  const facts = { ...factsOf(grant), code, reason, missing, failures: columns.failures };
  log.warn(facts, "refresh failed");
  const changed = await retryWhileStoreAway(dependencies, () =>
    connections.change(connection, async (transaction, current) => {
      const { numUpdatedRows } = await transaction
        .updateTable("authorizations")
        .set(columns)
        .where("id", "=", authorization.id)
        .where("lease_id", "=", authorization.lease_id)
        .executeTakeFirst();
      if (recorded && numUpdatedRows > 0n) await connections.record(transaction, current, recorded);
      return current;
    }),
  );
  recordRefresh(dependencies, grant, { outcome: code, tokens: null, isThere: changed !== null });
}

/**
 * Stores columns of a grant, and what they mean to its connection's history.
 * @param sign makes the HMAC beside the connection as it is then. Default: no column is covered.
 * @returns the rows as they are then; null when the grant is no longer the one that was claimed, and nothing has changed.
 */
export function updateGrant(
  { connections, clock }: Pick<ResultDependencies, "connections"> & { clock: Clock },
  grant: StoredGrant,
  changes: Partial<AuthorizationRow>,
  sign: GrantChange["sign"] = null,
): Promise<ChangedGrant | null> {
  const now = clock.now();
  const { columns, recorded } = recordedOf(grant, noteHealth(grant, changes, now), now);
  return connections.changeGrant(grant.connection, grant.authorization, columns, recorded, sign);
}
