import type { OAuthProvider } from "../oauth/provider.ts";
import type { ParamValue, VariableRule } from "../oauth/provider-requests.ts";
import { labelRule, readValue } from "./variable-value.ts";

/** A name in a request of the provider's that a value fills in: `https://{subdomain}.zendesk.com/oauth/tokens`. */
const placeholder = /\{([a-z]\w*)\}/gi;

/** What a request fills in by itself (`oauth/own-values.ts`). */
const ownNames: ReadonlySet<string> = new Set(["client_id", "client_secret", "access_token", "refresh_token", "token", "redirect_uri"]);

/** Values by the names of placeholders. */
export type Values = Readonly<Record<string, string>>;

/** Names of the values that the provider's endpoints need before anything can be asked of it. */
export function templateFieldsOf(provider: OAuthProvider): Set<string> {
  const fields = new Set<string>();
  const note = (template: string) => {
    for (const [, name = ""] of template.matchAll(placeholder))
      if (!ownNames.has(name) && !provider.variables[name]?.isLate && !provider.variables[name]?.isOptional) fields.add(name);
    return template;
  };
  mapTemplates(provider, { url: note, text: note });
  return fields;
}

/** Where the values are stated that the host of the token endpoint holds. */
export function hostSourcesOf({ tokenEndpoint, variables }: Pick<OAuthProvider, "tokenEndpoint" | "variables">): string[] {
  const [[host] = [""]] = partsOf(tokenEndpoint);
  const names = [...host.matchAll(placeholder)].map(([, name = ""]) => name);
  return names.filter((name) => !ownNames.has(name) && !variables[name]?.isLate).map((name) => `field:${name}`);
}

/** Names of the values that an address holds. */
export const namesIn = (url: string | null): string[] =>
  [...(url ?? "").matchAll(placeholder)].map(([, name = ""]) => name).filter((name) => !ownNames.has(name));

/** A name that no rule knows (RFC 2606). */
const ANY_HOST = "elsewhere.example";

/** Names of the values by which a user may lead the token endpoint to any host. */
export function openHostsOf({ tokenEndpoint, variables }: Pick<OAuthProvider, "tokenEndpoint" | "variables">): string[] {
  const [[host, place] = ["", "host_label"]] = partsOf(tokenEndpoint);
  if (place !== "host") return [];
  const names = [...host.matchAll(placeholder)].map(([, name = ""]) => name);
  return names.filter((name) => readValue({ ...(variables[name] ?? labelRule), strip: null }, ANY_HOST) !== null);
}

/** Whether requests depend on what was stated when the connection was made, or since. */
export function needsStated(provider: OAuthProvider): boolean {
  const late = new Set<string>();
  const note = (template: string) => {
    for (const [, name = ""] of template.matchAll(placeholder)) if (provider.variables[name]?.isLate) late.add(name);
    return template;
  };
  mapTemplates(provider, { url: note, text: note });
  return late.size > 0;
}

/** Values whose rule does not let them stand where the provider's addresses have them. */
export function misplacedIn(provider: OAuthProvider): string[] {
  const misplaced = new Set<string>();
  const look = (url: string) => {
    for (const [part, place] of partsOf(url))
      for (const [, name = ""] of part.matchAll(placeholder))
        if (!ownNames.has(name) && !mayStand(provider.variables[name] ?? labelRule, place)) misplaced.add(name);
    return url;
  };
  mapTemplates(provider, { url: look, text: (text) => text });
  return [...misplaced];
}

/**
 * The provider with its addresses and parameters filled in. A request whose late values are not known yet is left out, and so is a parameter.
 * Throws `FieldError` for a value that is missing or breaks its rule: callers check before they store, but a provider may be changed later.
 */
export function fillProvider(provider: OAuthProvider, values: Values): OAuthProvider {
  const userNamedHosts = new Set<string>();
  const url = (template: string) => {
    const filled = fillUrl(provider, template, values);
    if (isUserNamed(provider, template, values)) userNamedHosts.add(new URL(filled).hostname);
    return filled;
  };
  const filled = mapTemplates(provider, { url, text: (template) => fillPart(provider, template, values, "param") });
  const isReady = (request: { url: string }) => isFilled(request.url);
  return {
    ...filled,
    userNamedHosts: [...userNamedHosts],
    authorizationParams: readyParams(filled.authorizationParams),
    tokenParams: { exchange: readyParams(filled.tokenParams.exchange), refresh: readyParams(filled.tokenParams.refresh) },
    userInfo: filled.userInfo.filter(isReady),
    check: filled.check && isReady(filled.check) ? filled.check : null,
    revocation: filled.revocation && isReady(filled.revocation) ? filled.revocation : null,
  };
}

/** The provider with those placeholders filled in that are the same for all users. Throws `FieldError` for a value that breaks its rule. */
export function fillKnown(provider: OAuthProvider, values: Values): OAuthProvider {
  const url = (template: string) => fillUrl(provider, template, values, true);
  return mapTemplates(provider, { url, text: (template) => fillPart(provider, template, values, "param", true) });
}

/** The same for one address. */
export const fillKnownIn = (provider: Pick<OAuthProvider, "variables">, url: string, values: Values): string =>
  fillUrl(provider, url, values, true);

/** Whether nothing is missing but what the request fills in by itself. */
export const isFilled = (template: string): boolean => [...template.matchAll(placeholder)].every(([, name = ""]) => ownNames.has(name));

/** A connection lacks a value that its provider's requests need. */
export class FieldError extends TypeError {}

/** Where a placeholder stands: the whole host, a part of it, the path, or where any text may be. */
type Place = "host" | "host_label" | "path" | "param";

/** Fills in an address. Only what its place allows gets there. */
export function fillUrl({ variables }: Pick<OAuthProvider, "variables">, url: string, values: Values, isPartial = false): string {
  const parts = partsOf(url).map(([part, place]) => {
    const fill = (text: string) => fillPart({ variables }, text, values, place, isPartial);
    return place === "param" ? escapeQuery(part, fill) : fill(part);
  });
  return parts.join("");
}

/** Whether a value is the whole host of an address, and neither an `enum` nor the operator's list has it. */
function isUserNamed({ variables }: Pick<OAuthProvider, "variables">, url: string, values: Values): boolean {
  const [[host, place] = ["", "host_label"]] = partsOf(url);
  if (place !== "host") return false;
  const [name = ""] = namesIn(host);
  const rule = variables[name] ?? labelRule;
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  return value !== undefined && rule.enum === null && !rule.allowedHosts.includes(readValue({ ...rule, strip: null }, value) ?? "");
}

/** The host with its scheme, the path, and the query. */
function partsOf(url: string): [part: string, place: Place][] {
  const [, scheme = "", host = "", path = "", query = ""] = /^(\w+:\/\/)([^/?#]*)([^?#]*)(.*)$/s.exec(url) ?? [];
  const isWhole = /^\{\w+\}(?::\d+)?$/.test(host);
  return [
    [`${scheme}${host}`, isWhole ? "host" : "host_label"],
    [path, "path"],
    [query, "param"],
  ];
}

const escapeQuery = (query: string, fill: (part: string) => string): string =>
  query.replaceAll(placeholder, (match) => {
    const filled = fill(match);
    return filled === match ? match : encodeURIComponent(filled);
  });

/** @param isPartial leaves what has no value as it is */
function fillPart({ variables }: Pick<OAuthProvider, "variables">, part: string, values: Values, place: Place, isPartial = false): string {
  return part.replaceAll(placeholder, (match, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (ownNames.has(name)) return value === undefined ? match : place === "path" ? encodeURIComponent(value) : value;
    const rule = variables[name] ?? labelRule;
    if (value === undefined && (isPartial || rule.isLate || rule.isOptional)) return match;
    // A whole host has no written-out end that keeps it in the provider's domain.
    const placed = { ...rule, may: rule.may ?? place, strip: place === "host" ? null : rule.strip };
    const read = value === undefined || !mayStand(rule, place) ? null : readValue(placed, value);
    if (read === null) throw new FieldError(`The field ${name} cannot be part of a ${placeWords[place]}.`);
    return place === "path" ? encodeURIComponent(read) : read;
  });
}

const placeWords: Readonly<Record<Place, string>> = { host: "host name", host_label: "host name", path: "path", param: "parameter" };

/** What may be a part of a host may be anywhere but in place of it. */
const mayStand = ({ may }: Pick<VariableRule, "may">, place: Place): boolean => {
  if (may === null || may === "host") return true;
  if (may === "host_label") return place !== "host";
  return may === "path" ? place === "path" || place === "param" : place === "param";
};

/** Those whose value is known. */
const readyParams = <Value extends ParamValue>(params: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(params).filter(([, value]) => typeof value !== "string" || isFilled(value)));

interface Replace {
  url: (url: string) => string;
  text: (text: string) => string;
}

/** The provider with each of its templates replaced. */
function mapTemplates(provider: OAuthProvider, { url, text }: Replace): OAuthProvider {
  const known = (template: string | null) => template && url(template);
  const texts = (record: Readonly<Record<string, string>>) => mapValues(record, text);
  const params = (record: Readonly<Record<string, ParamValue>>) =>
    mapValues(record, (value) => (typeof value === "string" ? text(value) : value));
  const { revocation, check, tokenParams } = provider;
  return {
    ...provider,
    issuer: known(provider.issuer),
    discovery: provider.discovery && { ...provider.discovery, url: known(provider.discovery.url) },
    authorizationEndpoint: url(provider.authorizationEndpoint),
    pushedAuthorizationRequestEndpoint: known(provider.pushedAuthorizationRequestEndpoint),
    tokenEndpoint: url(provider.tokenEndpoint),
    deviceAuthorizationEndpoint: known(provider.deviceAuthorizationEndpoint),
    refreshEndpoint: known(provider.refreshEndpoint),
    introspectionEndpoint: known(provider.introspectionEndpoint),
    authorizationParams: texts(provider.authorizationParams),
    tokenParams: { exchange: params(tokenParams.exchange), refresh: params(tokenParams.refresh) },
    upgrade: provider.upgrade && { ...provider.upgrade, url: url(provider.upgrade.url), params: params(provider.upgrade.params) },
    revocation: revocation && { ...revocation, url: url(revocation.url), params: revocation.params && params(revocation.params) },
    userInfo: provider.userInfo.map((request) => ({ ...request, url: url(request.url), headers: texts(request.headers) })),
    check: check && { ...check, url: url(check.url), headers: texts(check.headers) },
  };
}

const mapValues = <Value>(record: Readonly<Record<string, Value>>, map: (value: Value) => Value): Record<string, Value> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
