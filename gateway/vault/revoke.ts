import { revokeToken } from "../oauth/revoke.ts";
import type { TokenSet } from "../oauth/result.ts";
import type { Log } from "../log.ts";
import { fillProvider } from "../providers/template.ts";
import type { StoredConnection } from "./connections.ts";
import { SealError, type Sealer } from "./seal.ts";
import { openColumn, openFields } from "./tokens.ts";

/** Ends grants at the provider (RFC 7009), as far as it can be reached: what stands in the way is logged, never thrown. */
export interface Revoker {
  /** Opens what is stored, before it is gone from the store; the answer then revokes it. */
  prepare(stored: StoredConnection): () => Promise<void>;
  /** Revokes tokens that came too late to be stored. */
  revoke(stored: StoredConnection, tokens: TokenSet): Promise<void>;
}

export function createRevoker({ sealer, log, timeoutMs }: { sealer: Sealer; log: Log; timeoutMs: number }): Revoker {
  /** A secret that no longer opens must not keep a user connected. */
  function prepare(stored: StoredConnection, tokens: TokenSet | null): () => Promise<void> {
    const { oauth } = stored.connector;
    if (!oauth?.provider.revocationEndpoint) return async () => {};
    const facts = { connection: stored.connection.id, connector: stored.connector.slug };
    try {
      const refreshToken = tokens ? tokens.refreshToken : openColumn(sealer, stored, "sealed_refresh_token");
      const token = refreshToken ?? (tokens ? tokens.accessToken : openColumn(sealer, stored, "sealed_access_token"));
      if (!token) return async () => {};
      const provider = fillProvider(oauth.provider, openFields(sealer, stored));
      const tokenTypeHint = refreshToken ? "refresh_token" : "access_token";
      return async () => {
        const result = await revokeToken({ provider, client: oauth.client, token, tokenTypeHint, timeoutMs });
        if (!result.ok) log.warn({ ...facts, code: result.code }, "not revoked at the provider");
      };
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      log.warn(facts, "not revoked at the provider: its token does not open");
      return async () => {};
    }
  }

  return { prepare: (stored) => prepare(stored, null), revoke: (stored, tokens) => prepare(stored, tokens)() };
}
