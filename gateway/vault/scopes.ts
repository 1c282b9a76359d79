import { z } from "zod";
import { badUserInput } from "../../schema/errors.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { AuthorizationRow } from "../store/tables.ts";

const scopesSchema = z.array(z.string());

/** A column of scopes. */
export const parseScopes = (json: string): string[] => scopesSchema.parse(JSON.parse(json));

/** Scopes of the protocol itself: they ask for an ID token or a refresh token, and permit nothing (OpenID Connect Core sections 3.1.2.1 and 11). */
const protocolScopes: readonly string[] = ["openid", "offline_access"];

/** Scopes that were requested, or that the connector asks for since, and that are not granted, as they are requested. */
export function missingScopesOf(authorization: AuthorizationRow, connector: Pick<ConnectorConfig, "oauth" | "scopes">): string[] {
  if (authorization.status !== "active") return [];
  const wanted = new Set([...parseScopes(authorization.requested_scopes), ...(connector.oauth ? connector.scopes : [])]);
  return lackingScopes([...wanted], authorization, connector);
}

/**
 * Wanted scopes that a grant does not have, as they are wanted. Names are compared by the provider's aliases and without case. Protocol
 * scopes are never missing, nor are those that the provider does not report, once they were requested.
 */
export function lackingScopes(
  wanted: readonly string[],
  { granted_scopes, requested_scopes }: Pick<AuthorizationRow, "granted_scopes" | "requested_scopes">,
  { oauth }: Pick<ConnectorConfig, "oauth">,
): string[] {
  const { scopeAliases = {}, unreportedScopes = [] } = oauth?.provider ?? {};
  const nameOf = (scope: string) => (aliasOf(scopeAliases, scope) ?? scope).toLowerCase();
  const requested = new Set(parseScopes(requested_scopes).map(nameOf));
  const unreported = unreportedScopes.filter((scope) => requested.has(nameOf(scope)));
  const present = new Set([...parseScopes(granted_scopes), ...protocolScopes, ...unreported].map(nameOf));
  return wanted.filter((scope) => !present.has(nameOf(scope)));
}

/** Throws BAD_USER_INPUT for a scope that the operator does not allow. */
export function assertAllowed(scopes: readonly string[], { name, allowedScopes }: Pick<ConnectorConfig, "name" | "allowedScopes">): void {
  const refused = scopes.filter((scope) => !allowedScopes.includes(scope));
  if (refused.length > 0) throw badUserInput(`scopes: ${name} is not allowed to be asked for ${refused.join(", ")}.`, "scopes");
}

/** What connecting asks for: what is wanted and, so that nothing is lost, what the grant before has of what is still allowed. */
export function scopesToAsk(
  wanted: readonly string[] | null,
  before: AuthorizationRow | null,
  connector: Pick<ConnectorConfig, "oauth" | "facts" | "scopes" | "allowedScopes">,
): string[] {
  const { facts, scopes, allowedScopes } = connector;
  const asked = wanted === null ? scopes : [...(facts?.scopes.offline ?? []), ...wanted];
  return [...new Set([...asked, ...(before ? heldScopes(before, connector) : []).filter((scope) => allowedScopes.includes(scope))])];
}

/** Those that were requested and granted, as they were requested. */
function heldScopes(authorization: AuthorizationRow, connector: Pick<ConnectorConfig, "oauth" | "scopes">): string[] {
  if (authorization.version === 0) return [];
  const missing = missingScopesOf(authorization, connector);
  return parseScopes(authorization.requested_scopes).filter((scope) => !missing.includes(scope));
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
