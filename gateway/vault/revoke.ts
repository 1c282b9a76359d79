import type { Discovery } from "../oauth/discovery.ts";
import { isUnattended } from "../oauth/request-tokens.ts";
import { type Revocation, revokeToken } from "../oauth/revoke.ts";
import type { TokenSet } from "../oauth/result.ts";
import type { Log } from "../runtime/log.ts";
import { observeProvider, type Telemetry } from "../runtime/telemetry.ts";
import type { StoredConnection } from "./connections.ts";
import { fillFor } from "./filled-provider.ts";
import { grantClientOf } from "./grant-client.ts";
import { factsOf } from "./log-facts.ts";
import { type Keys, openColumn, openFields } from "./sealed-columns.ts";
import { unattendedRequest } from "./unattended-request.ts";

/** What became of a grant at its provider. `nothing`: there was no token, or the provider has no way to revoke one. */
export type Revoked = "revoked" | "nothing" | "failed";

/** Ends grants at the provider (RFC 7009), as far as it can be reached. Failures are logged, never thrown. */
export interface Revoker {
  /** Revokes what the row holds, which may be gone from the store. */
  revokeStored(stored: StoredConnection): Promise<Revoked>;
  /** Revokes tokens that came too late to be stored, of all kinds. */
  revoke(stored: StoredConnection, tokens: TokenSet): Promise<void>;
}

interface Dependencies extends Keys {
  discovery: Discovery;
  log: Log;
  telemetry: Telemetry;
  timeoutMs: number;
}

export function createRevoker({ discovery, log, telemetry, timeoutMs, ...keys }: Dependencies): Revoker {
  /** A secret that does not open, or a configuration that has changed since, must not keep a user connected. */
  async function revoke(stored: StoredConnection, tokens: TokenSet | null): Promise<Revoked> {
    const facts = factsOf(stored);
    try {
      const revocation = await revocationOf(stored, tokens);
      if (!revocation) return "nothing";
      const result = await observeProvider(telemetry, facts.connector, "revoke", () => revokeToken(revocation));
      if (result.ok) return "revoked";
      log.warn({ ...facts, code: result.code }, "not revoked at the provider");
    } catch (err) {
      log.warn({ ...facts, err }, "not revoked at the provider");
    }
    return "failed";
  }

  /** Null where there is nothing to revoke, or nowhere. */
  async function revocationOf(stored: StoredConnection, tokens: TokenSet | null): Promise<Revocation | null> {
    const { oauth } = stored.connector;
    if (!oauth || !stored.authorization || (!oauth.provider.revocation && !oauth.provider.discovery)) return null;
    const client = grantClientOf({ ...stored, authorization: stored.authorization });
    if (!client) throw new TypeError("The client that this grant was given to is no longer configured.");
    const refreshToken = tokens ? tokens.refreshToken : openColumn(keys, stored, "sealed_refresh_token");
    const accessToken = tokens ? tokens.accessToken : openColumn(keys, stored, "sealed_access_token");
    if (!refreshToken && !accessToken) return null;
    const completed = await discovery.complete(oauth.provider);
    if (!completed.revocation) return null;
    const provider = fillFor(keys, stored, { provider: completed, client }, tokens?.stated);
    if (isUnattended(provider))
      return { provider, ...unattendedRequest(stored.connector, client, openFields(keys, stored)), refreshToken, accessToken, timeoutMs };
    return { provider, client, refreshToken, accessToken, timeoutMs };
  }

  return {
    revokeStored: (stored) => revoke(stored, null),
    async revoke(stored, { further = {}, ...tokens }) {
      await revoke(stored, tokens);
      for (const token of Object.values(further)) await revoke(stored, { ...tokens, ...token });
    },
  };
}
