import { z } from "zod";
import { type ClientAuthentication, createProvider, type OAuthProvider, standardProvider } from "../oauth/provider.ts";
import type { TokenKind, VariableRule } from "../oauth/provider-requests.ts";
import { type ParsedFacts, providerFormat } from "./format.ts";
import type { Variable } from "./format-variable.ts";
import { readFormerKeys } from "./former-keys.ts";
import { findProvider } from "./library.ts";
import { labelRule, readValue } from "./variable-value.ts";

/** A provider, as a connector uses it. */
export interface Provider {
  /** What is known of it, completed by the standard's defaults. */
  readonly facts: ParsedFacts;
  /** How it is spoken to. */
  readonly protocol: OAuthProvider;
  /** The same; null where its users type an API key. */
  readonly oauth: OAuthProvider | null;
  /** The rules of its variables, of what it asks users for and of its metadata, by name. */
  readonly rules: Readonly<Record<string, VariableRule>>;
}

const authenticationMethods: Readonly<Record<NonNullable<ParsedFacts["client_authentication"]>, ClientAuthentication>> = {
  basic: "client_secret_basic",
  post: "client_secret_post",
  none: "none",
  private_key_jwt: "private_key_jwt",
  client_secret_jwt: "client_secret_jwt",
};

/** How an API takes what users type, where its provider's facts do not say it (RFC 6750 section 2.1, RFC 7617 section 2). */
const typedHeaders: Partial<Record<ParsedFacts["kind"], string>> = {
  api_key: "Authorization: Bearer {api_key}",
  basic: "Authorization: Basic {basic}",
};

function toProtocol(facts: ParsedFacts): OAuthProvider {
  return createProvider({
    ...requestsOf(facts),
    ...grantOf(facts),
    authorizationEndpoint: facts.authorization_endpoint ?? "",
    pushedAuthorizationRequestEndpoint: facts.par ? (facts.pushed_authorization_request_endpoint ?? null) : null,
    tokenEndpoint: facts.token_endpoint ?? "",
    issuer: facts.issuer,
    discovery: discoveryOf(facts),
    deviceAuthorizationEndpoint: facts.device_authorization_endpoint ?? null,
    refreshEndpoint: facts.refresh_endpoint,
    revocation: facts.revocation,
    introspectionEndpoint: facts.introspection_endpoint,
    requiresIssuerParameter: facts.iss_parameter,
    codeParam: facts.callback.code_param,
    callbackHmacParam: facts.callback.hmac?.param ?? null,
    clientAuthentication: authenticationMethods[facts.client_authentication ?? "basic"],
    basicCredentialEncoding: facts.basic_encoding,
    clientIdParam: facts.client_id_param,
    pkce: facts.pkce,
    scopeParam: facts.scope_param,
    scopeSeparator: facts.scopes.separator,
    scopeResponseSeparator: facts.scopes.response_separator,
    authorizationParams: facts.authorization_params,
    tokenParams: facts.token_params,
    tokenRequest: facts.token_request,
    refreshRequest: facts.refresh_request,
    refreshesBy: facts.refresh.how === "exchange_access_token" ? "access_token" : "refresh_token",
    upgrade: facts.upgrade,
    errorsInOkBody: facts.errors_in_ok_body,
    errors: facts.errors.map(({ match, ...rule }) => ({ ...rule, match: match === undefined ? null : [match].flat().map(String) })),
    tokenKinds: Object.fromEntries(Object.entries(facts.tokens).map(([name, kind]) => [name, toTokenKind(kind)])),
    tokenKind: defaultKindOf(facts),
    tokenResponsePath: facts.token_response_path,
    assumedTokenType: facts.assumed_token_type,
    scopeAliases: facts.scopes.aliases,
    unreportedScopes: facts.scopes.unreported,
    scopesOnRefresh: facts.scopes.refresh,
    narrowsOnRefresh: facts.scopes.narrows,
    revokesOnReuse: facts.refresh.revokes_on_reuse,
    reuseGraceSeconds: facts.refresh.grace_seconds,
    expiryPath: facts.expiry.path ?? null,
    expiresInUnit: facts.expiry.unit === "ms" ? "milliseconds" : facts.expiry.unit,
    expiryZeroMeans: facts.expiry.zero_means,
    accessTokenLifetimeSeconds: facts.expiry.default,
    refreshExpiryPath: facts.expiry.refresh_path ?? standardProvider.refreshExpiryPath,
    refreshTokenLifetimeSeconds: facts.expiry.refresh_default,
    accountIdPaths: facts.account.id,
    accountRealm: facts.account.realm,
    accountLabelPaths: facts.account.label,
    variables: rulesOf(facts),
    keptSources: keptSourcesOf(facts),
  });
}

/** Metadata is read only where a needed endpoint is left out. Then it completes the others too. */
function discoveryOf(facts: ParsedFacts): OAuthProvider["discovery"] {
  const { issuer, discovery, kind, par } = facts;
  const needed: readonly RequiredKey[] = Object.hasOwn(requiredKeys, kind) ? requiredKeys[kind] : [];
  const isLeftOut = needed.some((key) => key !== "assertion" && facts[key] === undefined);
  if ((issuer === null && discovery === undefined) || !isLeftOut) return null;
  return { url: discovery ?? null, pushes: par, choosesAuthentication: facts.client_authentication === undefined };
}

/** The kind of token that is given where none is named; null where the provider has one kind, without a name. */
export function defaultKindOf({ tokens }: Pick<ParsedFacts, "tokens">): string | null {
  const kinds = Object.entries(tokens);
  return (kinds.find(([, kind]) => kind.default) ?? kinds[0])?.[0] ?? null;
}

/** What is not stated stands beside the token. */
function toTokenKind({ path, refresh_path, scope, scope_param, type }: ParsedFacts["tokens"][string]): TokenKind {
  const beside = (name: string) => [...path.split(".").slice(0, -1), name].join(".");
  return {
    path,
    refreshPath: refresh_path ?? beside("refresh_token"),
    scopePath: scope ?? beside("scope"),
    scopeParam: scope_param ?? null,
    tokenType: type ?? null,
  };
}

/** The rules of placeholders: the variables', and those of metadata, which the provider states by itself. */
function rulesOf({ variables, metadata, collect = [] }: ParsedFacts): Record<string, VariableRule> {
  const told = Object.keys(metadata).filter((name) => !metadata[name]?.startsWith("field:"));
  const stated = told.map((name) => [name, { ...labelRule, may: null, isLate: true }] as const);
  return Object.fromEntries([...stated, ...[...collect, ...variables].map((variable) => [variable.name, ruleOf(variable)] as const)]);
}

/** The rule of a variable. Allowed values are compared as they fill a placeholder. */
export function ruleOf({ may, from, optional, secret, pattern, strip, enum: values }: Variable): VariableRule {
  const rule = { ...labelRule, may, isLate: from !== "user", isOptional: optional, isSecret: secret, strip: strip ?? null };
  return {
    ...rule,
    enum: values?.map((value) => readValue(rule, value) ?? value) ?? null,
    pattern: pattern === undefined ? null : new RegExp(pattern),
  };
}

/** Placeholders of a whole host that anybody could fill in by the callback. */
function openHostsIn(facts: ParsedFacts): string[] {
  const ofCallback = facts.variables
    .filter(({ from, enum: values }) => from === "callback" && values === undefined)
    .map(({ name }) => name);
  const ofMetadata = Object.keys(facts.metadata).filter((name) => facts.metadata[name]?.startsWith("callback:"));
  const declared = new Set(facts.variables.map(({ name }) => name));
  const open = new Set([...ofCallback, ...ofMetadata.filter((name) => !declared.has(name))]);
  const { variables: _variables, metadata: _metadata, traps: _traps, ...rest } = facts;
  return [...JSON.stringify(rest).matchAll(/:\/\/\{(\w+)\}(?::\d+)?(?=[/?#"])/g)]
    .map(([, name = ""]) => name)
    .filter((name) => open.has(name));
}

const grantTypes: Partial<Record<ParsedFacts["kind"], OAuthProvider["grantType"]>> = {
  client_credentials: "client_credentials",
  jwt_bearer: "jwt_bearer",
  device: "device_code",
};

function grantOf({ kind, assertion }: ParsedFacts): Pick<OAuthProvider, "grantType" | "assertion"> {
  const grantType = grantTypes[kind] ?? "authorization_code";
  if (!assertion) return { grantType, assertion: null };
  const { lifetime_seconds: lifetimeSeconds, kid = null, ...template } = assertion;
  return { grantType, assertion: { ...template, kid, lifetimeSeconds } };
}

/** The header by which an API takes a token, or what users type. */
export const credentialHeaderOf = ({ kind, api }: Pick<ParsedFacts, "kind" | "api">): string =>
  api.auth ?? typedHeaders[kind] ?? "Authorization: Bearer {access_token}";

/** The requests that try a credential. */
function requestsOf({ kind, userinfo, api: { check, auth } }: ParsedFacts): Pick<OAuthProvider, "check" | "userInfo"> {
  const typed = typedHeaders[kind];
  return {
    check: check ? { ...check, ok: check.ok ?? null, credentialHeader: auth ?? typed } : null,
    userInfo: userinfo.map((request) => ({ ...request, credentialHeader: typed && (auth ?? typed) })),
  };
}

/** Where the values of metadata and of the provider's own variables are stated. What the user typed is stored as such. */
const keptSourcesOf = ({ metadata, variables }: ParsedFacts): string[] => [
  ...new Set([
    ...Object.values(metadata).filter((source) => !source.startsWith("field:")),
    ...variables.flatMap(({ name, from, source }) => (from === "user" ? [] : [`${from}:${source ?? name}`])),
  ]),
];

/** Metadata is shown to users: a token or a secret is none. */
function secretMetadataIn({ metadata, variables, tokens, collect = [], callback }: ParsedFacts): string[] {
  const ofTokens = Object.values(tokens)
    .map(toTokenKind)
    .flatMap(({ path, refreshPath }) => [`token:${path}`, `token:${refreshPath}`]);
  const secrets = new Set([
    `callback:${callback.code_param}`,
    ...ofTokens,
    ...[...variables, ...collect].flatMap(({ name, from, secret, source }) =>
      secret ? [from === "user" ? `field:${name}` : `${from}:${source ?? name}`] : [],
    ),
  ]);
  return Object.keys(metadata).filter((name) => tokenSource.test(metadata[name] ?? "") || secrets.has(metadata[name] ?? ""));
}

const tokenSource = /(?:[:.]|^)(?:access_token|refresh_token|id_token|code)$/;

type RequiredKey = "authorization_endpoint" | "token_endpoint" | "device_authorization_endpoint" | "assertion";

const requiredKeys: Readonly<Record<ParsedFacts["kind"], readonly RequiredKey[]>> = {
  oauth2: ["authorization_endpoint", "token_endpoint"],
  client_credentials: ["token_endpoint"],
  jwt_bearer: ["token_endpoint", "assertion"],
  device: ["device_authorization_endpoint", "token_endpoint"],
  api_key: [],
  basic: [],
};

const parsedFacts = providerFormat
  .superRefine((facts, context) => {
    const required = Object.hasOwn(requiredKeys, facts.kind) ? requiredKeys[facts.kind] : [];
    const isDiscovered = discoveryOf(facts) !== null;
    for (const key of required)
      if (facts[key] === undefined && !(isDiscovered && key !== "assertion"))
        context.addIssue({ code: "custom", path: [key], message: "is required, unless the metadata of a stated issuer has it" });
    const collected = (facts.collect ?? []).map(({ name }) => name);
    if (facts.kind === "basic" && !(collected.includes("username") && collected.includes("password")))
      context.addIssue({ code: "custom", path: ["collect"], message: "must have the fields username and password" });
    if (facts.par && facts.pushed_authorization_request_endpoint === undefined && !isDiscovered)
      context.addIssue({ code: "custom", path: ["pushed_authorization_request_endpoint"], message: "is required if par is true" });
    if (facts.issuer === null && facts.iss_parameter)
      context.addIssue({ code: "custom", path: ["issuer"], message: "is required if iss_parameter is true" });
    for (const name of openHostsIn(facts))
      context.addIssue({
        code: "custom",
        path: ["variables"],
        message: `${name} comes with the callback and is a whole host: give it an enum`,
      });
    if (facts.scopes.narrows && facts.refresh.kills_old_token)
      context.addIssue({ code: "custom", path: ["scopes", "narrows"], message: "needs refresh.kills_old_token to be false" });
    for (const name of secretMetadataIn(facts))
      context.addIssue({ code: "custom", path: ["metadata", name], message: "must not be a token or a secret: users see it" });
  })
  .transform((facts): Provider => {
    const protocol = toProtocol(facts);
    return Object.freeze({ facts, protocol, rules: rulesOf(facts), oauth: typedHeaders[facts.kind] === undefined ? protocol : null });
  });

/** A slug of ours, or facts with `extends`, as one object of facts. Undefined where there is no such provider. */
function resolveFacts(written: unknown): Record<string, unknown> | string {
  const facts = typeof written === "string" ? { extends: written } : written;
  if (!isObject(facts)) return "must be the slug of a known provider, or an object with facts";
  const { extends: base, ...own } = readFormerKeys(facts);
  if (base === undefined) return own;
  const known = typeof base === "string" ? findProvider(base) : undefined;
  if (!isObject(known)) return `is not a known provider: xkit-gateway connectors list shows all`;
  return merge(readFormerKeys(known), own);
}

/** What is stated replaces what is known: member by member, lists as a whole. Null leaves the standard's default. */
function merge(known: Record<string, unknown>, own: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...known };
  for (const [key, value] of Object.entries(own)) {
    const before = merged[key];
    if (value === null) delete merged[key];
    else merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return merged;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * A connector's `provider`: the slug of a known one (`"slack"`), an object that `extends` one, or all facts of another.
 *
 * Unknown keys are refused. Endpoints must be https, or http on a loopback host, and may hold `{variable}` placeholders.
 */
export const providerSchema = z
  .unknown()
  .transform((written, context): unknown => {
    const facts = resolveFacts(written);
    if (typeof facts !== "string") return facts;
    context.addIssue({ code: "custom", message: facts });
    return z.NEVER;
  })
  .pipe(parsedFacts);
