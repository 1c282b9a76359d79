import type { Transaction } from "kysely";
import type { Clock } from "../clock.ts";
import type { TokenSet } from "../oauth/result.ts";
import { type ConnectionStore, ownerOf, topicOf } from "./connections.ts";
import type { StartedConnection } from "./connecting.ts";
import type { Database } from "./database.ts";
import type { Sealer } from "./seal.ts";
import type { AuthorizationRow, Tables } from "./tables.ts";
import { openColumn, placeOf, sealColumn, tokenColumns } from "./tokens.ts";

/** How often to look whether a refresh of the grant that is being replaced has ended. */
const SETTLE_POLL_MS = 100;

type Failure = { code: string; message: string };
type Account = { id: string | null; label: string | null };

/** Turns a started grant into the connection's own, or into an error beside a connection that stays as it was. */
export function createActivation({
  database,
  connections,
  sealer,
  clock,
}: {
  database: Database;
  connections: ConnectionStore;
  sealer: Sealer;
  clock: Clock;
}) {
  /** Answers a failure when the user came back with another account than the connection has. */
  async function withTokens(started: StartedConnection, tokens: TokenSet, account: Account | null): Promise<Failure | null> {
    const { connection, authorization, connector } = started;
    for (;;) {
      const previous = await findPrevious(started);
      if (previous?.account_id && account?.id && previous.account_id !== account.id) {
        const message = `This is another ${connector.name} account than before (${previous.display_label ?? previous.account_id}): choose that one, or disconnect first.`;
        return { code: "account_mismatch", message };
      }
      const columns = tokenColumns(sealer, placeOf(connection, authorization.id), connector, tokens, authorization, clock.now());
      const label = {
        account_id: account?.id ?? previous?.account_id ?? null,
        display_label: account?.label ?? previous?.display_label ?? null,
      };
      const sealedRefreshToken = columns.sealed_refresh_token ?? inherit(started, previous);
      if (await promote(started, previous, { ...columns, ...label, sealed_refresh_token: sealedRefreshToken })) return null;
      await clock.sleep(SETTLE_POLL_MS);
    }
  }

  async function withKey(started: StartedConnection, values: Record<string, string>, sealedFields: string): Promise<void> {
    const { connection, authorization, connector } = started;
    const key = connector.collect?.fields.find(({ secret }) => secret)?.name ?? "";
    const place = placeOf(connection, authorization.id);
    await promote(started, null, {
      sealed_fields: sealedFields,
      sealed_access_token: sealColumn(sealer, place, "sealed_access_token", values[key] ?? ""),
      token_type: "api_key",
      granted_scopes: authorization.requested_scopes,
      issued_at: clock.now(),
      version: authorization.version + 1,
    });
  }

  /** Rule 6: a reconnect without a new refresh token keeps the old one, sealed anew for its new place. */
  function inherit({ connection, connector, authorization }: StartedConnection, previous: AuthorizationRow | null): string | null {
    const refreshToken = openColumn(sealer, { connection, connector, authorization: previous }, "sealed_refresh_token");
    return refreshToken && sealColumn(sealer, placeOf(connection, authorization.id), "sealed_refresh_token", refreshToken);
  }

  /** The grant that is being replaced. */
  async function findPrevious({ connection, authorization }: StartedConnection): Promise<AuthorizationRow | null> {
    const present = (await connections.read(connection.id))?.authorization ?? null;
    return present?.id === authorization.id ? null : present;
  }

  /**
   * The new grant takes the connection over and the old one goes, in one transaction.
   * @returns false, and nothing has changed, while a refresh of the old one is under way: its refresh token may be about to change.
   */
  async function promote(
    started: StartedConnection,
    previous: AuthorizationRow | null,
    columns: Partial<AuthorizationRow>,
  ): Promise<boolean> {
    const { connection, authorization } = started;
    const now = clock.now();
    return database.write([topicOf(ownerOf(connection))], async (transaction) => {
      if (previous && !(await claimForGood(transaction, previous, now))) return false;
      await transaction
        .updateTable("authorizations")
        .set({ ...columns, status: "active", error_code: null, error_message: null, updated_at: now })
        .where("id", "=", authorization.id)
        .execute();
      await transaction
        .updateTable("connections")
        .set({ enabled: 1, authorization_id: authorization.id, updated_at: now })
        .where("id", "=", connection.id)
        .execute();
      if (!previous) return true;
      await transaction.deleteFrom("attempts").where("authorization_id", "=", previous.id).execute();
      await transaction.deleteFrom("authorizations").where("id", "=", previous.id).execute();
      return true;
    });
  }

  /** No refresh of this version can begin or end any more. */
  async function claimForGood(transaction: Transaction<Tables>, { id, version }: AuthorizationRow, now: number): Promise<boolean> {
    const { numUpdatedRows } = await transaction
      .updateTable("authorizations")
      .set({ version: version + 1 })
      .where("id", "=", id)
      .where("version", "=", version)
      .where((row) => row.or([row("lease_id", "is", null), row("lease_expires_at", "<=", now)]))
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  async function change({ connection, authorization }: StartedConnection, columns: Partial<AuthorizationRow>): Promise<void> {
    await database.write([topicOf(ownerOf(connection))], async (transaction) => {
      const now = clock.now();
      await transaction
        .updateTable("authorizations")
        .set({ ...columns, updated_at: now })
        .where("id", "=", authorization.id)
        .execute();
      await transaction.updateTable("connections").set({ updated_at: now }).where("id", "=", connection.id).execute();
    });
  }

  return {
    withTokens,
    withKey,
    mark: (started: StartedConnection, status: "retrieving_tokens") => change(started, { status }),
    fail: (started: StartedConnection, { code, message }: Failure) =>
      change(started, { status: "error", error_code: code, error_message: message }),
  };
}
