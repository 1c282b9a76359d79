import { isUnattended } from "../oauth/request-tokens.ts";
import { type Revocation, revokeToken } from "../oauth/revoke.ts";
import type { TokenSet } from "../oauth/result.ts";
import type { Log } from "../runtime/log.ts";
import type { StoredConnection } from "./connections.ts";
import { fillFor } from "./filled-provider.ts";
import { grantClientOf } from "./grant-client.ts";
import { type Keys, openColumn, openFields } from "./sealed-columns.ts";
import { unattendedRequest } from "./unattended-request.ts";

/** Ends grants at the provider (RFC 7009), as far as it can be reached. Failures are logged, never thrown. */
export interface Revoker {
  /** Opens what is stored, before it is gone from the store; the answer then revokes it. */
  prepare(stored: StoredConnection): () => Promise<void>;
  /** Revokes tokens that came too late to be stored. */
  revoke(stored: StoredConnection, tokens: TokenSet): Promise<void>;
}

export function createRevoker({ log, timeoutMs, ...keys }: Keys & { log: Log; timeoutMs: number }): Revoker {
  /** A secret that does not open, or a configuration that has changed since, must not keep a user connected. */
  function prepare(stored: StoredConnection, tokens: TokenSet | null): () => Promise<void> {
    const facts = { connection: stored.connection.id, connector: stored.connector.slug };
    const giveUp = (err: unknown) => log.warn({ ...facts, err }, "not revoked at the provider");
    try {
      const revocation = revocationOf(stored, tokens);
      if (!revocation) return async () => {};
      return async () => {
        try {
          const result = await revokeToken(revocation);
          if (!result.ok) log.warn({ ...facts, code: result.code }, "not revoked at the provider");
        } catch (error) {
          giveUp(error);
        }
      };
    } catch (error) {
      giveUp(error);
      return async () => {};
    }
  }

  /** Null where there is nothing to revoke, or nowhere. */
  function revocationOf(stored: StoredConnection, tokens: TokenSet | null): Revocation | null {
    const { oauth } = stored.connector;
    if (!oauth?.provider.revocation || !stored.authorization) return null;
    const client = grantClientOf({ ...stored, authorization: stored.authorization });
    if (!client) throw new TypeError("The client that made this grant is not configured any more.");
    const refreshToken = tokens ? tokens.refreshToken : openColumn(keys, stored, "sealed_refresh_token");
    const accessToken = tokens ? tokens.accessToken : openColumn(keys, stored, "sealed_access_token");
    if (!refreshToken && !accessToken) return null;
    const provider = fillFor(keys, stored, { provider: oauth.provider, client }, tokens?.stated);
    if (isUnattended(provider))
      return { provider, ...unattendedRequest(stored.connector, client, openFields(keys, stored)), refreshToken, accessToken, timeoutMs };
    return { provider, client, refreshToken, accessToken, timeoutMs };
  }

  return { prepare: (stored) => prepare(stored, null), revoke: (stored, tokens) => prepare(stored, tokens)() };
}
