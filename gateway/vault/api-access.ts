import type { AccessToken } from "../../schema/upstream.ts";
import { valuesOf } from "../providers/connector-values.ts";
import { FieldError, fillUrl, isFilled, type Values } from "../providers/template.ts";
import type { StoredConnection } from "./connections.ts";
import { type Keys, openFields, openStated } from "./sealed-columns.ts";

/** How the provider's API is called with a token. */
type ApiAccess = Pick<AccessToken, "apiBaseUrl" | "authorizationHeader">;

const DEFAULT_AUTH = "Authorization: Bearer {access_token}";

/** What the provider's facts say of its API, filled in. Throws `SealError`: what does not open may say where the token is sent. */
export function apiAccessOf(keys: Keys, stored: StoredConnection, accessToken: string): ApiAccess {
  const { connector } = stored;
  const { base_url: baseUrl, auth } = connector.facts?.api ?? {};
  if (connector.facts === null) return {};
  const fields = openFields(keys, stored);
  return {
    apiBaseUrl: baseUrl === undefined ? null : baseUrlOf(keys, stored, baseUrl, fields),
    authorizationHeader: headerOf(auth ?? DEFAULT_AUTH, {
      access_token: accessToken,
      api_key: accessToken,
      basic: basicOf(stored, fields),
    }),
  };
}

/** Null where a value that it needs is not known, or leads where it may not. */
function baseUrlOf(keys: Keys, stored: StoredConnection, template: string, fields: Values): string | null {
  const { connector } = stored;
  const known = { ...connector.variables, ...valuesOf(connector, null, { fields, stated: openStated(keys, stored) }) };
  try {
    const filled = fillUrl({ variables: connector.rules }, template, known, true);
    return isFilled(filled) ? filled : null;
  } catch (error) {
    if (error instanceof FieldError) return null;
    throw error;
  }
}

/** RFC 7617 section 2: both halves, in the order in which they are asked for. */
function basicOf({ connector }: StoredConnection, fields: Values): string {
  const halves = (connector.facts?.collect ?? []).map(({ name }) => fields[name] ?? "");
  return Buffer.from(halves.join(":")).toString("base64");
}

function headerOf(
  template: string,
  values: Readonly<Record<"access_token" | "api_key" | "basic", string>>,
): ApiAccess["authorizationHeader"] {
  const [name = "", ...rest] = template.split(": ");
  const value = rest
    .join(": ")
    .replaceAll(/\{(access_token|api_key|basic)\}/g, (match, key: string) => new Map(Object.entries(values)).get(key) ?? match);
  return { name, value };
}
