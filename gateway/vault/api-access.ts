import type { AccessToken } from "../../schema/upstream.ts";
import { fillCredentialHeader } from "../oauth/credential-header.ts";
import { valuesOf } from "../providers/connector-values.ts";
import { credentialHeaderOf } from "../providers/provider.ts";
import { FieldError, fillUrl, isFilled } from "../providers/template.ts";
import type { StoredConnection } from "./connections.ts";
import { type Keys, openFields, openStated } from "./sealed-columns.ts";

/** How the provider's API is called with a token. */
type ApiAccess = Pick<AccessToken, "apiBaseUrl" | "authorizationHeader">;

/** What the provider's facts say of its API, filled in. Throws `SealError`: what does not open may say where the token is sent. */
export function apiAccessOf(keys: Keys, stored: StoredConnection, accessToken: string): ApiAccess {
  const { facts } = stored.connector;
  if (facts === null) return {};
  const { base_url: baseUrl } = facts.api;
  return {
    apiBaseUrl: baseUrl === undefined ? null : baseUrlOf(keys, stored, baseUrl),
    authorizationHeader: fillCredentialHeader(credentialHeaderOf(facts), accessToken),
  };
}

/** Null where a value that it needs is not known, or leads where it may not. */
function baseUrlOf(keys: Keys, stored: StoredConnection, template: string): string | null {
  const { connector } = stored;
  const stated = { fields: openFields(keys, stored), stated: openStated(keys, stored) };
  const known = { ...connector.variables, ...valuesOf(connector, null, stated) };
  try {
    const filled = fillUrl({ variables: connector.rules }, template, known, true);
    return isFilled(filled) ? filled : null;
  } catch (error) {
    if (error instanceof FieldError) return null;
    throw error;
  }
}
