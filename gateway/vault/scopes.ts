import { z } from "zod";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { AuthorizationRow } from "../store/tables.ts";

const scopesSchema = z.array(z.string());

/** A column of scopes. */
export const parseScopes = (json: string): string[] => scopesSchema.parse(JSON.parse(json));

/** Scopes of the protocol itself: they ask for an ID token or a refresh token, and permit nothing (OpenID Connect Core sections 3.1.2.1 and 11). */
const protocolScopes: readonly string[] = ["openid", "offline_access"];

/**
 * Requested scopes that were not granted, as they were requested. Names are compared by `scope_aliases` and without case; protocol scopes and
 * `unreported_scopes` are never missing.
 */
export function missingScopesOf(authorization: AuthorizationRow, { oauth }: Pick<ConnectorConfig, "oauth">): string[] {
  if (authorization.status !== "active") return [];
  const { scopeAliases = {}, unreportedScopes = [] } = oauth?.provider ?? {};
  const nameOf = (scope: string) => (aliasOf(scopeAliases, scope) ?? scope).toLowerCase();
  const present = new Set([...parseScopes(authorization.granted_scopes), ...protocolScopes, ...unreportedScopes].map(nameOf));
  return parseScopes(authorization.requested_scopes).filter((scope) => !present.has(nameOf(scope)));
}

/** The declared other name of a scope; `https://graph.microsoft.com/*` stands for every scope that begins so. */
function aliasOf(aliases: Readonly<Record<string, string>>, scope: string): string | null {
  if (Object.hasOwn(aliases, scope)) return aliases[scope] ?? null;
  for (const [pattern, alias] of Object.entries(aliases)) {
    const start = pattern.slice(0, -1);
    if (pattern.endsWith("*") && scope.startsWith(start)) return alias.replace("*", () => scope.slice(start.length));
  }
  return null;
}
