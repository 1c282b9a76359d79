import type { Log } from "../log.ts";
import { revokeToken } from "../oauth/revoke.ts";
import { fillProvider } from "../providers/template.ts";
import type { Clock } from "../clock.ts";
import { ownerOf, type StoredConnection, topicOf } from "./connections.ts";
import type { Database } from "./database.ts";
import { SealError, type Sealer } from "./seal.ts";
import { openColumn, openFields } from "./tokens.ts";

interface Dependencies {
  database: Database;
  sealer: Sealer;
  clock: Clock;
  log: Log;
  timeoutMs: number;
}

/** Ends connections: here first and in any case, then at the provider (RFC 7009) as far as it can be reached. */
export function createDisconnect({ database, sealer, clock, log, timeoutMs }: Dependencies) {
  return async function disconnect(stored: StoredConnection): Promise<void> {
    const revoke = prepareRevocation(stored);
    const { connection } = stored;
    await database.write([topicOf(ownerOf(connection))], async (transaction) => {
      const mine = transaction.selectFrom("authorizations").select("id").where("connection_id", "=", connection.id);
      await transaction
        .updateTable("connections")
        .set({ enabled: 0, authorization_id: null, updated_at: clock.now() })
        .where("id", "=", connection.id)
        .execute();
      await transaction.deleteFrom("attempts").where("authorization_id", "in", mine).execute();
      await transaction.deleteFrom("authorizations").where("connection_id", "=", connection.id).execute();
    });
    log.info({ connection: connection.id, connector: connection.connector_slug }, "disconnected");
    await revoke();
  };

  /** Opens what is to be revoked before it is gone from the store. A secret that no longer opens must not keep a user connected. */
  function prepareRevocation(stored: StoredConnection): () => Promise<void> {
    const nothing = async () => {};
    const { oauth } = stored.connector;
    if (!oauth?.provider.revocationEndpoint) return nothing;
    try {
      const refreshToken = openColumn(sealer, stored, "sealed_refresh_token");
      const token = refreshToken ?? openColumn(sealer, stored, "sealed_access_token");
      if (!token) return nothing;
      const provider = fillProvider(oauth.provider, openFields(sealer, stored));
      const tokenTypeHint = refreshToken ? "refresh_token" : "access_token";
      return async () => {
        const result = await revokeToken({ provider, client: oauth.client, token, tokenTypeHint, timeoutMs });
        if (!result.ok)
          log.warn(
            { connection: stored.connection.id, connector: stored.connector.slug, code: result.code },
            "not revoked at the provider",
          );
      };
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      log.warn(
        { connection: stored.connection.id, connector: stored.connector.slug },
        "not revoked at the provider: its token does not open",
      );
      return nothing;
    }
  }
}
