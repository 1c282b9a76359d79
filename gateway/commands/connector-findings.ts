import { redactProviderText } from "../http/provider-text.ts";
import { isDevice } from "../oauth/device.ts";
import { fetchMetadata, type MetadataAnswer, metadataUrlsOf } from "../oauth/metadata.ts";
import { createVerifier } from "../oauth/authorize.ts";
import { type ClientProbe, probeClient } from "../oauth/probe-client.ts";
import type { OAuthProvider } from "../oauth/provider.ts";
import { requestAuthorization } from "../oauth/pushed-authorization.ts";
import { completeProvider, MetadataError, readServerMetadata } from "../oauth/server-metadata.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { redirectUriOf } from "../providers/connector-url.ts";
import { fillKnownIn, isFilled, openHostsOf } from "../providers/template.ts";

/** A fact about a connector. With an error it does not work. */
export interface Finding {
  readonly level: "ok" | "note" | "trap" | "warning" | "error";
  readonly text: string;
}

export interface FindingsContext {
  readonly publicUrl: string;
  /** For each request to the provider. */
  readonly timeoutMs: number;
}

type OAuthConnector = ConnectorConfig & { oauth: NonNullable<ConnectorConfig["oauth"]> };

/** Whether its users grant access at the provider. */
const hasOAuth = (connector: ConnectorConfig): connector is OAuthConnector =>
  connector.oauth !== null && (connector.facts?.kind === "oauth2" || isDevice(connector.oauth.provider));

/** Whether the platform's own client gets tokens, without a user. */
const isAlone = (connector: ConnectorConfig): connector is OAuthConnector =>
  connector.oauth?.provider.grantType === "client_credentials" && connector.oauth.client.clientId !== "";

/** All that can be found out without a user: from its facts, and from harmless requests to its provider. Never throws. */
export async function findingsOf(connector: ConnectorConfig, context: FindingsContext): Promise<Finding[]> {
  const traps = (connector.facts?.traps ?? []).map((text): Finding => ({ level: "trap", text }));
  const stated = [...scopeFindings(connector), ...variableFindings(connector)];
  if (!hasOAuth(connector)) {
    const asked = isAlone(connector) ? await askedFindings(connector, context) : [];
    return [{ level: "note", text: whatHoldsItsTokens(connector) }, ...stated, ...asked, ...traps];
  }
  const asked = await askedFindings(connector, context);
  return [registration(connector, context), ...offlineFindings(connector), ...hostFindings(connector), ...stated, ...asked, ...traps];
}

/** What the provider's metadata says, and what the provider answers. */
async function askedFindings(stated: OAuthConnector, context: FindingsContext): Promise<Finding[]> {
  const provider = await completed(stated.oauth.provider, context).catch(findMetadataError);
  if (provider instanceof MetadataError)
    return [{ level: "error", text: `its endpoints come from its metadata, which cannot be used: ${provider.message}` }];
  const connector = { ...stated, oauth: { ...stated.oauth, provider } };
  const asked = [metadataFindings(connector, context), clientFindings(connector, context), pushFindings(connector, context)];
  return (await Promise.all(asked)).flat();
}

async function completed(provider: OAuthProvider, { timeoutMs }: FindingsContext): Promise<OAuthProvider> {
  return provider.discovery === null ? provider : completeProvider(provider, await readServerMetadata(provider, timeoutMs));
}

function findMetadataError(error: unknown): MetadataError {
  if (error instanceof MetadataError) return error;
  throw error;
}

function whatHoldsItsTokens({ integration, collect }: ConnectorConfig): string {
  if (integration !== null) return `keeps its tokens in Nango, in the integration ${integration}`;
  return `${collect ? "asks its users for their credentials" : "does not send its users to the provider"}: there is no redirect URI to register`;
}

function registration({ slug, facts, oauth }: OAuthConnector, { publicUrl }: FindingsContext): Finding {
  const where = facts?.docs_url === undefined ? "" : ` (see ${facts.docs_url})`;
  if (isDevice(oauth.provider))
    return { level: "note", text: `has its users enter a code at the provider: there is no redirect URI to register${where}` };
  return { level: "note", text: `register ${redirectUriOf(publicUrl, slug)} as the redirect URI at the provider${where}` };
}

function offlineFindings({ scopes, facts }: OAuthConnector): Finding[] {
  const missing = (facts?.scopes.offline ?? []).filter((scope) => !scopes.includes(scope));
  if (missing.length === 0) return [];
  return [{ level: "warning", text: `does not ask for ${missing.join(" ")}, without which the provider gives no refresh token` }];
}

/** For a connector that asks for no scopes: a warning if its provider is known to have some. */
function scopeFindings({ oauth, scopes, facts }: ConnectorConfig): Finding[] {
  if (oauth === null || scopes.length > 0) return [];
  const [example] = Object.keys(facts?.scopes.text ?? {});
  if (example !== undefined) return [{ level: "warning", text: `asks for no scopes: set "scopes" to those you need, such as ${example}` }];
  return facts?.undocumented ? [{ level: "note", text: "asks for no scopes: check whether the provider has any" }] : [];
}

/** Values that each user is asked for, although they may be the same for all. */
function variableFindings({ facts, collect }: ConnectorConfig): Finding[] {
  const fields = (collect?.fields ?? []).filter(({ name }) => facts?.variables.some((variable) => variable.name === name));
  return fields.map(({ name, label }): Finding => ({
    level: "note",
    text: `asks each user for ${label}: to give all users one value, set "${name}" in "variables"`,
  }));
}

/** Warns if users decide to which host the client secret is sent. */
function hostFindings({ oauth: { provider, client } }: OAuthConnector): Finding[] {
  const isSent = provider.clientAuthentication === "client_secret_basic" || provider.clientAuthentication === "client_secret_post";
  if (!isSent || client.clientSecret === null) return [];
  return openHostsOf(provider).map((name): Finding => {
    const fix = `list the allowed hosts as the enum of a field "${name}"`;
    return { level: "warning", text: `sends its client secret to any host that a user enters as ${name}: ${fix}` };
  });
}

async function clientFindings({ slug, oauth, scopes }: OAuthConnector, { publicUrl, timeoutMs }: FindingsContext): Promise<Finding[]> {
  const { tokenEndpoint } = oauth.provider;
  if (!isFilled(tokenEndpoint))
    return [{ level: "note", text: `its client was not tested: ${tokenEndpoint} depends on what the user enters` }];
  const redirectUri = redirectUriOf(publicUrl, slug);
  const found = [oauth.client, ...oauth.previousClients].map(async (client) => {
    const { verdict, reason } = await probeClient({ provider: oauth.provider, client, redirectUri, scopes, timeoutMs });
    return probeFindings[verdict](client.clientId, reason, tokenEndpoint);
  });
  return Promise.all(found);
}

const probeFindings: Readonly<Record<ClientProbe["verdict"], (clientId: string, reason: string, endpoint: string) => Finding>> = {
  accepted: (id, reason) => ({ level: "ok", text: `the provider accepts the client ${id}: ${reason}` }),
  refused: (id, reason) => ({ level: "error", text: `the provider refuses the client ${id} or its secret (${reason})` }),
  unanswered: (id, reason, endpoint) => ({ level: "error", text: `${endpoint} gives no usable answer for the client ${id} (${reason})` }),
  unclear: (id, reason) => ({
    level: "warning",
    text: `it is not known whether the provider accepts the client ${id}: ${reason}`,
  }),
};

/** Pushes a request that no browser follows. Some providers refuse it if the redirect URI is not registered. */
async function pushFindings({ slug, oauth, scopes }: OAuthConnector, { publicUrl, timeoutMs }: FindingsContext): Promise<Finding[]> {
  const { provider, client } = oauth;
  const { pushedAuthorizationRequestEndpoint: endpoint } = provider;
  if (endpoint === null || !isFilled(endpoint) || !isFilled(provider.authorizationEndpoint)) return [];
  const secrets = { state: createVerifier(), verifier: createVerifier() };
  const asked = await requestAuthorization({
    provider,
    client,
    redirectUri: redirectUriOf(publicUrl, slug),
    scopes,
    ...secrets,
    timeoutMs,
  });
  if (asked.ok) return [{ level: "ok", text: `the provider accepts pushed authorization requests at ${endpoint}` }];
  return [{ level: "error", text: `the provider refuses pushed authorization requests at ${endpoint} (${asked.reason})` }];
}

async function metadataFindings({ facts, variables, oauth }: OAuthConnector, { timeoutMs }: FindingsContext): Promise<Finding[]> {
  const { provider } = oauth;
  const stated = facts?.discovery === undefined ? null : fillKnownIn(provider, facts.discovery, variables);
  const urls = stated === null ? (provider.issuer === null ? [] : metadataUrlsOf(provider.issuer)) : [stated];
  for (const url of urls.filter(isFilled)) {
    const answer = await fetchMetadata(url, timeoutMs);
    if ("metadata" in answer) return compare(oauth, answer);
    // An issuer need not publish any.
    if (stated !== null) return [{ level: "error", text: `its metadata at ${url} cannot be read (${answer.problem})` }];
  }
  return [];
}

type ReadMetadata = Extract<MetadataAnswer, { metadata: unknown }>;

function compare(oauth: OAuthConnector["oauth"], { url, metadata }: ReadMetadata): Finding[] {
  const { provider } = oauth;
  const differences = statedEndpoints(provider).flatMap(([name, ours]): Finding[] => {
    const theirs = metadata[name];
    if (ours === null || typeof theirs !== "string" || !isFilled(ours) || isSameUrl(ours, theirs)) return [];
    return [
      { level: "warning", text: `its ${name} is ${ours}, but the provider's metadata has ${redactProviderText(theirs, []) ?? "nothing"}` },
    ];
  });
  const findings = [...differences, ...authenticationFindings(oauth, metadata), ...requiredPushFindings(provider, metadata)];
  return findings.length > 0 ? findings : [{ level: "ok", text: `its endpoints match ${url}` }];
}

const statedEndpoints = (provider: OAuthProvider): [name: string, ours: string | null][] => [
  ["issuer", provider.issuer],
  ["authorization_endpoint", provider.authorizationEndpoint],
  ["pushed_authorization_request_endpoint", provider.pushedAuthorizationRequestEndpoint],
  ["token_endpoint", provider.tokenEndpoint],
  ["device_authorization_endpoint", provider.deviceAuthorizationEndpoint],
  ["revocation_endpoint", provider.revocation?.url ?? null],
  ["introspection_endpoint", provider.introspectionEndpoint],
];

const isSameUrl = (ours: string, theirs: string): boolean => ours === theirs || URL.parse(ours)?.href === URL.parse(theirs)?.href;

/** RFC 9126 section 5. */
function requiredPushFindings(provider: OAuthProvider, metadata: ReadMetadata["metadata"]): Finding[] {
  if (metadata["require_pushed_authorization_requests"] !== true || provider.pushedAuthorizationRequestEndpoint !== null) return [];
  return [{ level: "error", text: "the provider accepts only pushed authorization requests: set par in its facts" }];
}

function authenticationFindings({ provider, client }: OAuthConnector["oauth"], metadata: ReadMetadata["metadata"]): Finding[] {
  const { clientAuthentication: method } = provider;
  const alg = method === "private_key_jwt" ? client.signingKey?.alg : method === "client_secret_jwt" ? "HS256" : undefined;
  const isMissing = (list: unknown, value: string) => Array.isArray(list) && !list.includes(value);
  const warn = (text: string): Finding => ({ level: "warning", text: `${text}, which the provider's metadata does not list` });
  return [
    ...(isMissing(metadata["token_endpoint_auth_methods_supported"], method) ? [warn(`authenticates with ${method}`)] : []),
    ...(alg !== undefined && isMissing(metadata["token_endpoint_auth_signing_alg_values_supported"], alg)
      ? [warn(`signs with ${alg}`)]
      : []),
  ];
}
