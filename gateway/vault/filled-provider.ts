import { type OAuthClient, type OAuthProvider, ofTokenKind } from "../oauth/provider.ts";
import type { StatedValues } from "../oauth/stated-values.ts";
import { valuesOf } from "../providers/connector-values.ts";
import { fillProvider, needsStated } from "../providers/template.ts";
import type { StoredConnection } from "./connections.ts";
import { tokenKindOf } from "./token-kinds.ts";
import { type Keys, openFields, openStated } from "./sealed-columns.ts";

/**
 * A provider as its requests for a stored connection's grant are written, and its answers read. Throws `FieldError` where the connection lacks a value, and `SealError`
 * where one does not open: it may say where a token is sent.
 * @param later what was stated and is not stored
 */
export function fillFor(
  keys: Keys,
  stored: StoredConnection,
  { provider, client }: { provider: OAuthProvider; client: OAuthClient | null },
  later: StatedValues = {},
): OAuthProvider {
  const { connector, authorization } = stored;
  const stated = needsStated(provider) ? { ...openStated(keys, stored), ...later } : {};
  const ofKind = authorization ? ofTokenKind(provider, tokenKindOf(authorization, connector)) : provider;
  return fillProvider(ofKind, valuesOf(connector, client, { fields: openFields(keys, stored), stated }));
}
