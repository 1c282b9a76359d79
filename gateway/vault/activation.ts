import type { Transaction } from "kysely";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Account } from "../oauth/account.ts";
import type { TokenSet } from "../oauth/result.ts";
import { type ConnectionStore, isLeased, locked, type StartedConnection, type StoredConnection } from "./connections.ts";
import type { Database } from "../store/database.ts";
import { MOVED_MEANWHILE, stillConnectsFor } from "./current-owner.ts";
import type { Revoker } from "./revoke.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import type { AuthorizationRow, ConnectionRow, Tables } from "../store/tables.ts";
import { type AccountRelation, relateAccounts } from "./same-account.ts";
import { NO_USERINFO_AT } from "./token-check.ts";
import { grantFacts, openColumn, placeOf, rowOf, sealColumn, tokenColumns } from "./sealed-columns.ts";

/** How often to look whether a refresh of the grant that is being replaced has ended. */
const SETTLE_POLL_MS = 100;

type Failure = { code: string; message: string };

/** What a provider answered to a code. */
export interface Granted {
  tokens: TokenSet;
  /** Before the code was sent: milliseconds. */
  askedAt: number;
  account: Account | null;
  /** Whether the provider's userinfo took the access token. */
  isKnownToUserInfo: boolean;
}

interface Dependencies {
  database: Database;
  connections: ConnectionStore;
  revoker: Revoker;
  sealer: Sealer;
  macs: RowMacs;
  clock: Clock;
  log: Pick<Log, "error">;
}

/** Turns a started grant into the connection's own, or into an error beside a connection that stays as it was. */
export function createActivation({ database, connections, revoker, sealer, macs, clock, log }: Dependencies) {
  /** Answers a failure when the user came back with another account than the connection has, or disconnected or moved meanwhile. */
  async function withTokens(started: StartedConnection, userId: string, granted: Granted): Promise<Failure | null> {
    await database.clock.measure();
    for (;;) {
      const outcome = await connections.change(started.connection, async (transaction, current) => {
        const previous = await lockPrevious(transaction, current, started);
        // Its refresh token may be about to change.
        if (previous && isLeased(previous, clock.now())) return "under way";
        const objection = objectionTo(started, previous, granted.account);
        if (objection) return objection;
        return promote(transaction, started, userId, previous, columnsOf(started, previous, granted));
      });
      if (outcome !== "under way") {
        if (outcome && !mayServeElsewhere.has(outcome.code)) await revoker.revoke(started, granted.tokens);
        return outcome;
      }
      await clock.sleep(SETTLE_POLL_MS);
    }
  }

  function withKey(
    started: StartedConnection,
    userId: string,
    values: Record<string, string>,
    sealedFields: string,
  ): Promise<Failure | null> {
    const { connection, authorization, connector } = started;
    const key = connector.collect?.fields.find(({ secret }) => secret)?.name ?? "";
    const columns = {
      sealed_fields: sealedFields,
      sealed_access_token: sealColumn(sealer, placeOf(connection, authorization.id), "sealed_access_token", values[key] ?? ""),
      token_type: "api_key",
      granted_scopes: authorization.requested_scopes,
      issued_at: clock.now(),
      expires_at: null,
      version: authorization.version + 1,
    };
    return connections.change(connection, async (transaction, current) =>
      promote(transaction, started, userId, await lockPrevious(transaction, current, started), columns),
    );
  }

  function columnsOf(
    started: StartedConnection,
    previous: AuthorizationRow | null,
    { tokens, askedAt, account, isKnownToUserInfo }: Granted,
  ) {
    const { connection, authorization, connector } = started;
    const columns = tokenColumns(sealer, placeOf(connection, authorization.id), connector, tokens, authorization, askedAt);
    // What is known of the one account must not turn up under the name of another, which an unknown one may be.
    const kept = previous && relationTo(started, previous, account) === "same" ? previous : null;
    return {
      ...columns,
      // Those that the exchange used, not those that were submitted during it.
      sealed_fields: authorization.sealed_fields,
      sealed_refresh_token: columns.sealed_refresh_token ?? inherit(started, kept),
      account_id: account?.id ?? null,
      account_id_path: account?.idPath ?? null,
      display_label: account?.label ?? kept?.display_label ?? null,
      checked_at: isKnownToUserInfo ? null : NO_USERINFO_AT,
    };
  }

  /** Rule 6: a reconnect of the same account without a new refresh token keeps the old one, sealed again for its new place. */
  function inherit({ connection, connector, authorization }: StartedConnection, previous: AuthorizationRow | null): string | null {
    const refreshToken = openWhatOpens({ connection, connector, authorization: previous });
    return refreshToken && sealColumn(sealer, placeOf(connection, authorization.id), "sealed_refresh_token", refreshToken);
  }

  /** Connecting again is what mends a connection whose secrets do not open: it must not fail for them. */
  function openWhatOpens(stored: StoredConnection): string | null {
    try {
      return openColumn({ sealer, macs }, stored, "sealed_refresh_token");
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      log.error({ ...rowOf(stored), err: error }, "a stored secret does not open, and is replaced without it");
      return null;
    }
  }

  /** The grant that is being replaced; no refresh of it can begin any more. */
  async function lockPrevious(
    transaction: Transaction<Tables>,
    { authorization_id: id }: ConnectionRow,
    { authorization }: StartedConnection,
  ): Promise<AuthorizationRow | null> {
    if (id === null || id === authorization.id) return null;
    const row = transaction.selectFrom("authorizations").selectAll().where("id", "=", id);
    return (await locked(database, row).executeTakeFirst()) ?? null;
  }

  /** The new grant takes the connection over and the old one goes. Nothing comes of it when the new one is gone itself, or its user from the owner. */
  async function promote(
    transaction: Transaction<Tables>,
    { connection, authorization }: StartedConnection,
    userId: string,
    previous: AuthorizationRow | null,
    columns: Omit<Partial<AuthorizationRow>, "id">,
  ): Promise<Failure | null> {
    if (!(await stillConnectsFor({ database, macs }, userId, connection, transaction))) return movedMeanwhile;
    const now = clock.now();
    const mac = macs.sign("authorizations", grantFacts(connection, { ...authorization, ...columns }));
    const { numUpdatedRows } = await transaction
      .updateTable("authorizations")
      .set({
        ...columns,
        mac,
        status: "active",
        error_code: null,
        error_message: null,
        connected_at: now,
        health_changed_at: now,
        updated_at: now,
      })
      .where("id", "=", authorization.id)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return disconnectedMeanwhile;
    await transaction
      .updateTable("connections")
      .set(({ fn, val }) => ({
        enabled: 1,
        authorization_id: authorization.id,
        first_enabled_at: fn.coalesce("first_enabled_at", val(now)),
        updated_at: now,
      }))
      .where("id", "=", connection.id)
      .execute();
    if (previous) await remove(transaction, previous, now);
    return null;
  }

  /** What was replaced goes, unless it is itself still on its way: a second tab of the same user may yet come back. */
  async function remove(transaction: Transaction<Tables>, { id }: AuthorizationRow, now: number): Promise<void> {
    await transaction
      .deleteFrom("attempts")
      .where("authorization_id", "=", id)
      .where((row) => row.or([row("used_at", "is not", null), row("expires_at", "<=", now)]))
      .execute();
    await transaction
      .deleteFrom("authorizations")
      .where("id", "=", id)
      .where("id", "not in", (query) => query.selectFrom("attempts").select("authorization_id"))
      .execute();
  }

  function amend({ connection, authorization }: StartedConnection, columns: Partial<AuthorizationRow>): Promise<void> {
    return connections.change(connection, async (transaction) => {
      const now = clock.now();
      await transaction
        .updateTable("authorizations")
        .set({ ...columns, updated_at: now })
        .where("id", "=", authorization.id)
        // What has succeeded stays so, though the answer to its commit was lost.
        .where("status", "!=", "active")
        .execute();
      await transaction.updateTable("connections").set({ updated_at: now }).where("id", "=", connection.id).execute();
    });
  }

  return {
    withTokens,
    withKey,
    mark: (started: StartedConnection, status: "retrieving_tokens") => amend(started, { status }),
    fail: (started: StartedConnection, { code, message }: Failure) =>
      amend(started, { status: "error", error_code: code, error_message: message }),
  };
}

const disconnectedMeanwhile: Failure = {
  code: "disconnected",
  message: "It was disconnected while it was being connected: connect again if that was not intended.",
};

const movedMeanwhile: Failure = { code: "moved", message: MOVED_MEANWHILE };

/**
 * Failures after which the new grant is not revoked: its account may serve this or another connection, and some providers (Google)
 * revoke everything that an account has granted to a client. The new tokens are dropped.
 */
const mayServeElsewhere = new Set(["account_unknown", "account_mismatch"]);

/** A connection whose account is known is not handed to another one, nor to one that the provider did not name. */
function objectionTo(started: StartedConnection, previous: AuthorizationRow | null, account: Account | null): Failure | null {
  if (!previous?.account_id) return null;
  const relation = relationTo(started, previous, account);
  if (relation === "unknown") return accountUnknown(started, previous);
  return relation === "other" ? accountMismatch(started, previous) : null;
}

const relationTo = ({ connector }: StartedConnection, previous: AuthorizationRow, account: Account | null): AccountRelation =>
  relateAccounts(previous, account, connector.oauth?.provider.accountIdPaths ?? []);

const accountUnknown = ({ connector }: StartedConnection, previous: AuthorizationRow): Failure => ({
  code: "account_unknown",
  message: `${connector.name} did not say whose account this is, so the connection stays as it was (${previous.display_label ?? previous.account_id}): try again.`,
});

const accountMismatch = ({ connector }: StartedConnection, previous: AuthorizationRow): Failure => ({
  code: "account_mismatch",
  message: `This is another ${connector.name} account than before (${previous.display_label ?? previous.account_id}): choose that one, or disconnect first.`,
});
