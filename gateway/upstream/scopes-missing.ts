import { scopesMissing } from "../../schema/outcomes.ts";
import type { AccessTokenOutcome, Connection, TokenRequest } from "../../schema/upstream.ts";
import { lackingScopes } from "../vault/scopes.ts";

/**
 * What was asked for and a token is known not to have, by the names that the provider grants by. Nothing is known of a token without
 * scopes.
 */
export const scopesMissingIn = ({ scopes = [] }: TokenRequest, granted: readonly string[]): string[] =>
  granted.length === 0 ? [] : lackingScopes(scopes, { granted_scopes: JSON.stringify(granted), requested_scopes: "[]" }, { oauth: null });

/** The page of this gateway's catalog asks for what is missing, of the kind of token that was asked for. */
export function connectionLacks({ id, connector }: Connection, missing: string[], { kind }: TokenRequest): AccessTokenOutcome {
  const asked = new URLSearchParams({ id, scopes: missing.join(" "), ...(kind !== undefined && { kind }) });
  return scopesMissing(connector.name, missing, `${connector.connectorUrl}?${asked}`);
}
