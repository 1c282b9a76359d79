import { z } from "zod";
import { badUserInput } from "../../schema/errors.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { TokenKindConfig } from "../providers/token-kinds.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import { tokenKindOf } from "./token-kinds.ts";

const scopesSchema = z.array(z.string());
const furtherSchema = z.record(z.string(), scopesSchema);

/** A column of scopes. */
export const parseScopes = (json: string): string[] => scopesSchema.parse(JSON.parse(json));

/** The column of scopes of further kinds. */
export const parseFurtherScopes = (json: string | null): Record<string, string[]> => furtherSchema.parse(JSON.parse(json ?? "{}"));

/** Scopes of the protocol itself: they ask for an ID token or a refresh token, and permit nothing (OpenID Connect Core sections 3.1.2.1 and 11). */
const protocolScopes: readonly string[] = ["openid", "offline_access"];

type AskingConnector = Pick<ConnectorConfig, "oauth" | "facts" | "tokenKinds">;

/** What a connector asks for today, of the grant's kind of token. */
const scopesOf = (authorization: AuthorizationRow, { oauth, tokenKinds, ...connector }: AskingConnector): readonly string[] =>
  (oauth && tokenKinds.find(({ kind }) => kind === tokenKindOf(authorization, connector))?.scopes) ?? [];

/** Scopes that were requested, or that the connector asks for since, and that are not granted, as they are requested. */
export function missingScopesOf(authorization: AuthorizationRow, connector: AskingConnector): string[] {
  if (authorization.status !== "active") return [];
  const wanted = new Set([...parseScopes(authorization.requested_scopes), ...scopesOf(authorization, connector)]);
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
  if (wanted.length === 0) return [];
  const { scopeAliases = {}, unreportedScopes = [] } = oauth?.provider ?? {};
  const nameOf = (scope: string) => (aliasOf(scopeAliases, scope) ?? scope).toLowerCase();
  const requested = new Set(parseScopes(requested_scopes).map(nameOf));
  const unreported = unreportedScopes.filter((scope) => requested.has(nameOf(scope)));
  const present = new Set([...parseScopes(granted_scopes), ...protocolScopes, ...unreported].map(nameOf));
  return wanted.filter((scope) => !present.has(nameOf(scope)));
}

/** Throws BAD_USER_INPUT for a scope that the operator does not allow. */
export function assertAllowed(
  scopes: readonly string[],
  { name }: Pick<ConnectorConfig, "name">,
  { allowedScopes }: Pick<TokenKindConfig, "allowedScopes">,
): void {
  if (scopes.length === 0) return;
  const refused = scopes.filter((scope) => !allowedScopes.includes(scope));
  if (refused.length > 0) throw badUserInput(`scopes: the configuration of ${name} does not allow ${refused.join(", ")}.`, "scopes");
}

/**
 * What connecting asks for one kind of token: what is wanted and, so that nothing is lost, what the grant before has of what is still allowed.
 * @param wanted null: the connector's scopes of that kind
 */
export function scopesToAsk(
  wanted: readonly string[] | null,
  before: AuthorizationRow | null,
  connector: AskingConnector,
  { kind, scopes, allowedScopes }: TokenKindConfig,
): string[] {
  const offline = kind === connector.tokenKinds[0].kind ? (connector.facts?.scopes.offline ?? []) : [];
  const asked = wanted === null ? scopes : [...offline, ...wanted];
  return [...new Set([...asked, ...(before ? heldScopes(before, connector) : []).filter((scope) => allowedScopes.includes(scope))])];
}

/** Those that were requested and granted, as they were requested. */
function heldScopes(authorization: AuthorizationRow, connector: AskingConnector): string[] {
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
