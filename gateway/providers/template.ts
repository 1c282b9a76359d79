import type { OAuthProvider } from "../oauth/provider.ts";

/** A name in an endpoint that a collected field fills in: `https://{subdomain}.zendesk.com/oauth/tokens`. */
const placeholder = /\{([a-z]\w*)\}/gi;

/** What the gateway fills in by itself, when it knows the grant. */
const ownNames: ReadonlySet<string> = new Set(["client_id", "client_secret", "access_token", "refresh_token", "token", "redirect_uri"]);

/** What may fill it: one label of a host name, so that no value can lead to another host, port or path. */
export const templateValuePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** Names of the fields that the provider's endpoints need. */
export function templateFieldsOf(provider: OAuthProvider): Set<string> {
  const fields = new Set<string>();
  mapEndpoints(provider, (url) => {
    for (const [, name = ""] of url.matchAll(placeholder)) if (!ownNames.has(name)) fields.add(name);
    return url;
  });
  return fields;
}

/**
 * The provider with its endpoints filled in from collected fields.
 * Throws `FieldError` for a field that is missing or is no host label: callers check before they store, but an endpoint may be changed later.
 */
export const fillProvider = (provider: OAuthProvider, fields: Readonly<Record<string, string>>): OAuthProvider =>
  mapEndpoints(provider, (url) => fill(url, fields));

/** The provider with those placeholders filled in that are the same for all users. Throws `FieldError` for one that is no host label. */
export const fillKnown = (provider: OAuthProvider, values: Readonly<Record<string, string>>): OAuthProvider =>
  mapEndpoints(provider, (url) => fillKnownIn(url, values));

/** The same for one address. */
export const fillKnownIn = (url: string, values: Readonly<Record<string, string>>): string =>
  url.replaceAll(placeholder, (match, name: string) => (Object.hasOwn(values, name) ? fill(match, values) : match));

/** Whether the address is known without a user's fields. */
export const isFilled = (url: string): boolean => url.search(placeholder) < 0;

/** A connection lacks a field that its provider's endpoints need. */
export class FieldError extends TypeError {}

const fill = (url: string, fields: Readonly<Record<string, string>>): string =>
  url.replaceAll(placeholder, (match, name: string) => {
    if (ownNames.has(name)) return match;
    const value = fields[name];
    if (!value || !templateValuePattern.test(value)) throw new FieldError(`Field ${name} cannot be part of a host name.`);
    return value.toLowerCase();
  });

/** The provider with each of its addresses replaced. */
function mapEndpoints(provider: OAuthProvider, replace: (url: string) => string): OAuthProvider {
  const replaceKnown = (url: string | null) => url && replace(url);
  const replaceIn = <Request extends { url: string }>(request: Request): Request => ({ ...request, url: replace(request.url) });
  return {
    ...provider,
    issuer: replaceKnown(provider.issuer),
    authorizationEndpoint: replace(provider.authorizationEndpoint),
    tokenEndpoint: replace(provider.tokenEndpoint),
    refreshEndpoint: replaceKnown(provider.refreshEndpoint),
    introspectionEndpoint: replaceKnown(provider.introspectionEndpoint),
    revocation: provider.revocation && replaceIn(provider.revocation),
    upgrade: provider.upgrade && replaceIn(provider.upgrade),
    userInfo: provider.userInfo.map((request) => replaceIn(request)),
    check: provider.check && replaceIn(provider.check),
  };
}
