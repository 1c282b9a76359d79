import { expect } from "vitest";
import type { OAuthClient, OAuthProvider } from "../../gateway/oauth/provider.ts";
import { refreshTokens } from "../../gateway/oauth/refresh.ts";
import type { TokenFailure, TokenSet } from "../../gateway/oauth/result.ts";
import type { AuthorizationServer } from "./authorization-server.ts";

const TIMEOUT_MS = 5_000;

interface Given {
  facts?: Partial<OAuthProvider>;
  client?: OAuthClient;
  /** Default: one that the server has just issued. */
  refreshToken?: string;
  scopes?: Record<"requested" | "granted", string[]>;
  secrets?: string[];
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** Refreshes at an authorization server, and expects success or failure. */
export function createRefresher(server: () => AuthorizationServer) {
  const refresh = ({ facts, refreshToken = server().controls.issueTokens().refreshToken, ...given }: Given = {}) =>
    refreshTokens({
      provider: { ...server().provider, ...facts },
      client: server().client,
      refreshToken,
      timeoutMs: TIMEOUT_MS,
      ...given,
    });
  return {
    refresh,
    async succeed(given?: Given): Promise<TokenSet> {
      const result = await refresh(given);
      if (!result.ok) throw new Error(result.message);
      return result.tokens;
    },
    /** No secret of the server may be in the failure. */
    async fail(given?: Given): Promise<TokenFailure> {
      const result = await refresh(given);
      if (result.ok) throw new Error("The refresh succeeded.");
      for (const secret of server().issuedSecrets) expect(JSON.stringify(result)).not.toContain(secret);
      return result;
    },
  };
}
