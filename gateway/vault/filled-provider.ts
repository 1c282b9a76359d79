import type { OAuthClient, OAuthProvider } from "../oauth/provider.ts";
import type { StatedValues } from "../oauth/stated-values.ts";
import { valuesOf } from "../providers/connector-values.ts";
import { fillProvider, needsStated } from "../providers/template.ts";
import type { StoredConnection } from "./connections.ts";
import { type Keys, openFields, openStated } from "./sealed-columns.ts";

/**
 * A provider as its requests for a stored connection are written. Throws `FieldError` where the connection lacks a value, and `SealError`
 * where one does not open: it may say where a token is sent.
 * @param later what was stated and is not stored
 */
export function fillFor(
  keys: Keys,
  stored: StoredConnection,
  { provider, client }: { provider: OAuthProvider; client: OAuthClient | null },
  later: StatedValues = {},
): OAuthProvider {
  const { connector } = stored;
  const stated = needsStated(provider) ? { ...openStated(keys, stored), ...later } : {};
  return fillProvider(provider, valuesOf(connector, client, { fields: openFields(keys, stored), stated }));
}
