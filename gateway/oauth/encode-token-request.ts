import type { ProviderRequest } from "../http/fetch.ts";
import { toNamed } from "./client-id-param.ts";
import type { GrantOperation } from "./failure.ts";
import { fillOwnValues, type OwnValues } from "./own-values.ts";
import type { OAuthProvider } from "./provider.ts";
import type { ParamValue, TokenRequestFormat } from "./provider-requests.ts";

/** A token request as the standard writes it (RFC 6749 section 4.1.3). */
interface StandardRequest {
  readonly operation: GrantOperation;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly params: URLSearchParams;
  readonly values: OwnValues;
}

/** A token request in the provider's dialect: further parameters, its name for the client id, a form, JSON, or a query. */
export function encodeTokenRequest(provider: OAuthProvider, standard: StandardRequest): ProviderRequest & { url: string } {
  const { method, body, headers: further, accept } = formatOf(provider, standard.operation);
  const headers: Record<string, string> = { ...standard.headers, accept, ...further };
  const params = paramsOf(provider, standard);
  if (body === "json")
    return { url: standard.url, method, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(params) };
  const form = toForm(params);
  if (body === "form") return { url: standard.url, method, headers, body: form };
  const { "content-type": _type, ...withoutType } = headers;
  return { url: `${standard.url}${standard.url.includes("?") ? "&" : "?"}${form}`, method, headers: withoutType, body: null };
}

const formatOf = ({ tokenRequest, refreshRequest }: OAuthProvider, operation: GrantOperation): TokenRequestFormat =>
  operation === "refresh" ? (refreshRequest ?? tokenRequest) : tokenRequest;

/** The standard's parameters, and those that the provider wants besides, of which some have another value there. */
function paramsOf(provider: OAuthProvider, { operation, params, values }: StandardRequest): Record<string, ParamValue> {
  const declared = Object.entries(provider.tokenParams[operation === "refresh" ? "refresh" : "exchange"]);
  const filled = declared.map(([name, value]) => [name, typeof value === "string" ? (fillOwnValues(value, values) ?? "") : value]);
  const standard: Record<string, string> = Object.fromEntries(toNamed(provider, params));
  if (operation === "refresh" && provider.refreshesBy === "access_token") delete standard["refresh_token"];
  return { ...standard, ...Object.fromEntries(filled) };
}

/** Spaces as %20: every server reads it, and some do not read `+`. */
const toForm = (params: Readonly<Record<string, ParamValue>>): string =>
  new URLSearchParams(Object.entries(params).map(([name, value]) => [name, String(value)])).toString().replaceAll("+", "%20");
