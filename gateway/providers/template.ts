import type { OAuthProvider } from "../oauth/provider.ts";

/** A name in an endpoint that a collected field fills in: `https://{subdomain}.zendesk.com/oauth/tokens`. */
const placeholder = /\{([a-z][a-z0-9_]*)\}/g;

/** What may fill it: one label of a host name, so that no value can lead to another host, port or path. */
export const templateValuePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** Names of the fields that the provider's endpoints need. */
export const templateFieldsOf = (provider: OAuthProvider): Set<string> =>
  new Set(
    [...endpointsOf(provider), ["check", provider.check?.url]].flatMap(([, url]) =>
      [...(url ?? "").matchAll(placeholder)].flatMap(([, name]) => name ?? []),
    ),
  );

/**
 * The provider with its endpoints filled in from collected fields.
 * Throws `FieldError` for a field that is missing or is no host label: callers check before they store, but an endpoint may be changed later.
 */
export function fillProvider(provider: OAuthProvider, fields: Readonly<Record<string, string>>): OAuthProvider {
  const filled = Object.fromEntries(endpointsOf(provider).map(([name, url]) => [name, url && fill(url, fields)]));
  const check = provider.check && { ...provider.check, url: fill(provider.check.url, fields) };
  return { ...provider, ...filled, check };
}

/** A connection lacks a field that its provider's endpoints need. */
export class FieldError extends TypeError {}

const fill = (url: string, fields: Readonly<Record<string, string>>): string =>
  url.replaceAll(placeholder, (_match, name: string) => {
    const value = fields[name];
    if (!value || !templateValuePattern.test(value)) throw new FieldError(`Field ${name} cannot be part of a host name.`);
    return value.toLowerCase();
  });

function endpointsOf(provider: OAuthProvider) {
  const { issuer, authorizationEndpoint, tokenEndpoint, refreshEndpoint } = provider;
  const { revocationEndpoint, userInfoEndpoint, introspectionEndpoint } = provider;
  return Object.entries({
    issuer,
    authorizationEndpoint,
    tokenEndpoint,
    refreshEndpoint,
    revocationEndpoint,
    userInfoEndpoint,
    introspectionEndpoint,
  });
}
