import { z } from "zod";
import { slugSchema } from "../../schema/input.ts";
import { categoriesSchema, searchTermsSchema } from "./catalog-facts.ts";
import {
  authorizationEndpointSchema,
  authorizationParamsSchema,
  endpointSchema,
  furtherParamsSchema,
  headersSchema,
  issuerSchema,
  paramNameSchema,
  paramsSchema,
  pathSchema,
  refreshParamsSchema,
  secondsSchema,
  sourceSchema,
  sourcesSchema,
  textsSchema,
  variableNameSchema,
} from "./format-parts.ts";
import { typedSchema, variableSchema } from "./format-variable.ts";

/** What makes a token request: kinds of credential that a connection can hold. */
const kinds = ["oauth2", "client_credentials", "jwt_bearer", "device", "api_key", "basic"] as const;
/** Kinds that other lists of providers have, and this gateway does not speak. */
const refusedKinds: Readonly<Record<string, string>> = {
  oauth1: "is OAuth 1.0a, which the gateway does not support: use the provider's API keys, or its OAuth 2.0",
  two_step: "is an exchange of the provider's own, which the gateway does not support: use its API keys",
};

const kindSchema = z
  .string()
  .superRefine((kind, context) => {
    const refused = Object.hasOwn(refusedKinds, kind) ? refusedKinds[kind] : undefined;
    if (refused !== undefined) context.addIssue({ code: "custom", message: refused });
  })
  .pipe(z.enum(kinds, `must be one of ${kinds.join(", ")}`));

const tokenRequestSchema = z.strictObject({
  body: z.enum(["form", "json", "query"]).default("form"),
  method: z.enum(["POST", "GET"]).default("POST"),
  headers: headersSchema.default({}),
  accept: z.string().min(1).default("application/json"),
});

const revocationSchema = z.strictObject({
  url: endpointSchema,
  method: z.enum(["POST", "DELETE", "GET"]).default("POST"),
  body: z.enum(["form", "json", "none"]).default("form"),
  /** How the request is authenticated: as at the token endpoint, by Basic or in the body, by the token itself, or not at all. */
  auth: z.enum(["client", "basic", "post", "bearer", "none"]).default("client"),
  /** `{token}` stands for the token. Default RFC 7009 section 2.1: `token` and `token_type_hint`. */
  params: paramsSchema.nullable().default(null),
});

const userinfoSchema = z
  .strictObject({
    url: endpointSchema,
    method: z.enum(["GET", "POST"]).default("GET"),
    headers: headersSchema.default({}),
    /** A JSON text to post, e.g. a GraphQL query. */
    body: z
      .union([z.string().min(1), z.record(z.string(), z.unknown()).transform((body) => JSON.stringify(body))])
      .nullable()
      .default(null),
    /** The scheme of the `authorization` header (RFC 9110 section 11.1). */
    scheme: z
      .string()
      .regex(/^[\w-]+$/)
      .default("Bearer"),
  })
  .refine(({ body, method }) => body === null || method === "POST", { path: ["body"], message: "needs method POST" });

const scopesSchema = z.strictObject({
  /** Asked for where a connector states none. */
  default: textsSchema.default([]),
  /** Those without which there is no refresh token. */
  offline: textsSchema.default([]),
  separator: z.string().min(1).default(" "),
  /** Between two scopes of an answer. Default `separator`; a space always separates too. */
  response_separator: z.string().min(1).nullable().default(null),
  /** Names of scopes in an answer that differ from those in a request. A `*` at the end of both stands for any rest. */
  aliases: z.record(z.string().min(1), z.string().min(1)).default({}),
  /** Scopes that an answer never lists, although they are granted. */
  unreported: textsSchema.default([]),
  /** Which scopes a refresh sends. */
  refresh: z.enum(["none", "requested", "granted"]).default("none"),
  /** Whether a refresh with fewer scopes gives a token with these alone, and leaves the grant and its token as they are (RFC 6749 section 6). */
  narrows: z.boolean().default(false),
  /** What a scope allows, in a few words of English for operators and end users. */
  text: z.record(z.string().min(1), z.string().min(1).max(200)).default({}),
});

/** Most names of metadata: each value is stored with the grant. */
export const MAXIMUM_METADATA = 32;

/** Most kinds of token of one provider: each is a row of its own. */
const MAXIMUM_TOKEN_KINDS = 8;

/** One kind of token, of those that one answer holds. */
const tokenSchema = z.strictObject({
  /** Where the access token is in the answer to a code. */
  path: pathSchema,
  /** Default: `refresh_token` beside it. */
  refresh_path: pathSchema.optional(),
  /** The token type to assume. Default `assumed_token_type`. */
  type: z.string().min(1).toLowerCase().optional(),
  /** Default: `scope` beside it. */
  scope: pathSchema.optional(),
  /** Carries its scopes at the authorization endpoint. Default: the provider's `scope_param`, for the default kind alone. */
  scope_param: paramNameSchema.optional(),
  /** Whether it is the one that is given where none is named. Default: the first is. */
  default: z.boolean().default(false),
});

const expirySchema = z.strictObject({
  /** Where the answer states the life of the access token. Default `expires_in`, else `expires_at` or `expires`. */
  path: pathSchema.optional(),
  /** A life, or an instant: seconds since the epoch, or a date of ISO 8601. */
  unit: z.enum(["seconds", "ms", "epoch", "iso"]).default("seconds"),
  /** What a life of 0 or -1 says. Default never, unless there is a refresh token. */
  zero_means: z.enum(["never", "expired"]).nullable().default(null),
  /** The life of an access token where the answer states none, in seconds. */
  default: secondsSchema.nullable().default(null),
  /** Where the answer states the life of the refresh token. Default `refresh_token_expires_in`. */
  refresh_path: pathSchema.optional(),
  /** The life of a refresh token where the answer that brings it states none, in seconds. */
  refresh_default: secondsSchema.nullable().default(null),
});

const refreshSchema = z.strictObject({
  how: z.enum(["refresh_token", "exchange_access_token", "none"]).default("refresh_token"),
  /** For readers. What a refresh brings is what counts: where it is declared and nothing comes, the log says so. */
  rotates: z.boolean().optional(),
  /** Whether a refresh ends the access token before. Unknown counts as yes: such a token is refreshed only when it is needed. */
  kills_old_token: z.boolean().default(true),
  /** Whether a refresh token that is sent again after its rotation ends the grant (RFC 9700 section 4.14.2). */
  revokes_on_reuse: z.boolean().default(false),
  /** How long a refresh token still works after its rotation. */
  grace_seconds: secondsSchema.nullable().default(null),
  /** How long a grant lasts without a refresh. */
  inactivity_days: z.int().positive().max(3650).nullable().default(null),
  /** How long before its end a token is refreshed, at most half of its life. Default as rule 1 of docs/architecture.md says. */
  ahead_seconds: z.int().min(0).max(31_536_000).nullable().default(null),
  /** Whether a grant is refreshed unasked before it lapses (rule 13 of docs/architecture.md). */
  keep_alive: z.boolean().default(false),
});

/** What an error means. The first rule that fits decides; without one, the codes of the standard do. */
const errorRuleSchema = z.strictObject({
  on: z.enum(["authorize", "exchange", "refresh", "check", "any"]).default("any"),
  status: z.int().min(200).max(599).optional(),
  /** Default: any member of the answer, or of its `error`. */
  path: pathSchema.optional(),
  /** The code, or one of several. Default: the status alone decides. */
  match: z.union([z.string().min(1), z.number(), z.array(z.union([z.string().min(1), z.number()])).min(1)]).optional(),
  means: z.enum(["revoked", "denied", "misconfigured", "temporary"]),
});

const apiSchema = z.strictObject({
  /** What callers get as `apiBaseUrl`. */
  base_url: endpointSchema.optional(),
  /** The header that carries the credential. Default: Bearer, of kind basic Basic. */
  auth: z
    .string()
    .regex(
      /^[\w-]+: .*\{(?:access_token|api_key|basic)\}/,
      'must be a header with {access_token}, {api_key} or {basic}, such as "Authorization: Bearer {access_token}"',
    )
    .optional(),
  /** Sent with every request, e.g. a version. */
  headers: headersSchema.default({}),
  /** A request that only a good credential passes. */
  check: z
    .strictObject({
      url: endpointSchema,
      method: z.enum(["GET", "POST"]).default("GET"),
      headers: headersSchema.default({}),
      /** The statuses of success. Default every 2xx. */
      ok: z.array(z.int().min(200).max(499)).min(1).optional(),
    })
    .optional(),
});

/**
 * What is known of a provider: data, without secrets. Everything left out is what the standard says.
 *
 * A file of `data/`, and `provider` of a connector in the configuration. Names are those of RFC 8414 and RFC 7591 where they have one.
 */
export const providerFormat = z.strictObject({
  slug: slugSchema.optional(),
  name: z.string().min(1).max(100).optional(),
  categories: categoriesSchema.default([]),
  search_terms: searchTermsSchema.default([]),
  /** The provider's page about registering an app, or about its API. */
  docs_url: z.url({ protocol: /^https$/ }).optional(),
  /** When these facts were read, and where. */
  documented: z.strictObject({ date: z.iso.date(), source: z.array(z.url()).min(1) }).optional(),
  /** Only its endpoints are known, and unconfirmed. */
  undocumented: z.literal(true).optional(),
  kind: kindSchema.default("oauth2"),
  /** RFC 8414. With it, or with `discovery`, endpoints may be left out: they are those of the provider's metadata. */
  issuer: issuerSchema.nullable().default(null),
  /** Where that metadata is. Default the issuer's well-known addresses. */
  discovery: endpointSchema.optional(),
  authorization_endpoint: authorizationEndpointSchema.optional(),
  pushed_authorization_request_endpoint: endpointSchema.optional(),
  token_endpoint: endpointSchema.optional(),
  /** Default `token_endpoint`. */
  refresh_endpoint: endpointSchema.nullable().default(null),
  /** Default: the provider cannot revoke. */
  revocation: revocationSchema.nullable().default(null),
  /** Requests that say whose account it is, sent in order until all that is declared is known. */
  userinfo: z.array(userinfoSchema).max(4).default([]),
  introspection_endpoint: endpointSchema.nullable().default(null),
  /** RFC 8628, of kind device. */
  device_authorization_endpoint: endpointSchema.optional(),
  /** Default basic; where endpoints are those of the metadata, as it says. */
  client_authentication: z.enum(["basic", "post", "none", "private_key_jwt", "client_secret_jwt"]).optional(),
  /** Whether id and secret are form-encoded in the Basic header, as RFC 6749 section 2.3.1 says. */
  basic_encoding: z.enum(["form", "none"]).default("form"),
  /** RFC 7636, with S256. */
  pkce: z.boolean().default(true),
  /** RFC 9207 section 3: the callback always carries `iss`. */
  iss_parameter: z.boolean().default(false),
  client_id_param: paramNameSchema.default("client_id"),
  scope_param: paramNameSchema.default("scope"),
  /** RFC 9126: authorization requests are pushed. */
  par: z.boolean().default(false),
  /** RFC 9449. Refused: a caller of such a token needs the key that it is bound to, to prove each request. */
  dpop: z
    .literal(false, "binds each access token to a key that callers do not have: leave it out if the provider also gives bearer tokens")
    .default(false),
  token_request: tokenRequestSchema.prefault({}),
  /** How a refresh is written, where it differs from the exchange. */
  refresh_request: tokenRequestSchema.nullable().default(null),
  /** A second exchange, of the first access token for one that lasts longer. */
  upgrade: z
    .strictObject({ url: endpointSchema, method: z.enum(["POST", "GET"]).default("POST"), params: paramsSchema })
    .nullable()
    .default(null),
  /** RFC 7523 section 3, of kind jwt_bearer. Texts may hold `{variables}` and `{scope}`. */
  assertion: z
    .strictObject({
      alg: z.enum(["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]).default("RS256"),
      key: z.string().min(1),
      kid: z.string().min(1).optional(),
      claims: z.record(z.string(), z.string().min(1)),
      lifetime_seconds: z.int().positive().max(86_400).default(300),
    })
    .optional(),
  /** Further parameters of the authorization request. */
  authorization_params: authorizationParamsSchema.default({}),
  /** Further parameters of the token requests. */
  token_params: z.strictObject({ exchange: furtherParamsSchema.default({}), refresh: refreshParamsSchema.default({}) }).prefault({}),
  scopes: scopesSchema.prefault({}),
  /** What fills the placeholders of addresses and parameters. */
  variables: z.array(variableSchema).max(16).default([]),
  /** The kinds of token that one consent brings, by name. Default: one kind, without a name. */
  tokens: z
    .record(variableNameSchema, tokenSchema)
    .refine((tokens) => Object.keys(tokens).length <= MAXIMUM_TOKEN_KINDS, `must have at most ${MAXIMUM_TOKEN_KINDS} kinds`)
    .refine((tokens) => Object.values(tokens).filter((kind) => kind.default).length <= 1, "must have one default")
    .default({}),
  /** The object of the answer that holds the tokens. Where it holds none, the answer itself is read. */
  token_response_path: pathSchema.nullable().default(null),
  /** The token type in place of the one that the answer states. Default: the answer must state `bearer`. */
  assumed_token_type: z.string().min(1).toLowerCase().nullable().default(null),
  expiry: expirySchema.prefault({}),
  refresh: refreshSchema.prefault({}),
  /** Whether an answer with status 200 may be an error: `error` is set, or `ok` is false. */
  errors_in_ok_body: z.boolean().default(false),
  errors: z.array(errorRuleSchema).max(32).default([]),
  account: z
    .strictObject({
      /** Where the account's id is stated: the first source that holds one. */
      id: sourcesSchema.default(["sub", "id"]),
      /** Where ids are unique only within a host or a tenant: what names it. Default the fields in the token endpoint's host. */
      realm: z.array(sourceSchema).max(4).nullable().default(null),
      /** The same for its name, which people see. */
      label: sourcesSchema.default(["email", "preferred_username", "login", "username", "name"]),
    })
    .prefault({}),
  /** What callers learn of the account, by name: `Connection.metadata`. */
  metadata: z
    .record(variableNameSchema, sourceSchema)
    .refine((metadata) => Object.keys(metadata).length <= MAXIMUM_METADATA, `must have at most ${MAXIMUM_METADATA} names`)
    .default({}),
  api: apiSchema.prefault({}),
  callback: z
    .strictObject({
      /** Whether the provider starts installations by itself and comes without a state: the user is then asked. */
      starts_without_state: z.boolean().default(false),
      /** The parameter that signs the others: HMAC-SHA256 with the client secret, in hexadecimal. */
      hmac: z.strictObject({ param: paramNameSchema }).optional(),
      code_param: paramNameSchema.default("code"),
    })
    .prefault({}),
  /** What users type, of the kinds that no browser is sent for. */
  collect: z.array(typedSchema).min(1).max(16).optional(),
  /** What operators should know, a sentence each: `connectors check` prints them. */
  traps: z.array(z.string().min(1).max(300)).default([]),
});

/** What a file or a configuration says of a provider, before it is parsed. */
export type ProviderFacts = z.input<typeof providerFormat>;
/** The same, parsed. */
export type ParsedFacts = z.output<typeof providerFormat>;
