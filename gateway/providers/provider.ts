import { z } from "zod";
import { isSecureEndpoint } from "../http/secure-endpoint.ts";
import { createProvider, type OAuthProvider, standardProvider } from "../oauth/provider.ts";

/** A field of the user's that an endpoint may be filled in with (see `template.ts`); any value of it is one host label. */
const placeholder = /\{[a-z][a-z0-9_]*\}/g;
const stand = "x";

const endpoint = z.string().superRefine((value, context) => {
  const url = URL.parse(value.replaceAll(placeholder, stand));
  if (url === null) context.addIssue({ code: "custom", message: "must be an absolute URL" });
  else if (url.hash !== "") context.addIssue({ code: "custom", message: "must not have a fragment" });
  else if (!isSecureEndpoint(url))
    context.addIssue({
      code: "custom",
      message: "must be https, or http on a loopback host (localhost, 127.0.0.0/8, [::1]), without user name or password",
    });
});

/** RFC 8414 section 2: an issuer has no query either. */
const issuer = endpoint.refine((value) => !value.includes("?"), "must not have a query");

/** Names a request sets itself, which further parameters must not pretend to set. */
const reservedParams: ReadonlySet<string> = new Set([
  "response_type",
  "client_id",
  "client_secret",
  "redirect_uri",
  "state",
  "code",
  "code_verifier",
  "code_challenge",
  "code_challenge_method",
  "grant_type",
  "refresh_token",
]);

const params = z
  .record(z.string().min(1), z.string())
  .refine(
    (record) => Object.keys(record).every((name) => !reservedParams.has(name)),
    "must not set a parameter that the gateway sets itself",
  );

/** OAuth 2.0 Multiple Response Type Encoding Practices section 2.1, and OAuth 2.0 Form Post Response Mode. */
const responseModes: readonly string[] = ["query", "form_post"];
const isReadMode = (mode: string | null): boolean => mode === null || responseModes.includes(mode);
const unreadMode = `must have a response_mode that the callback reads: ${responseModes.join(" or ")}`;

const headers = z
  .record(z.string().regex(/^[\w-]+$/, "must be a header name"), z.string().regex(/^[\x20-\x7e]*$/, "must be printable ASCII"))
  .refine((record) => Object.keys(record).every((name) => name.toLowerCase() !== "authorization"), "must not set authorization");

const path = z.string().regex(/^[^.]+(?:\.[^.]+)*$/, "must be names joined by dots");
const paths = z.union([path.transform((one) => [one]), z.array(path).min(1)]);
const name = z.string().regex(/^[\w.-]+$/, "must be a parameter name");

/** The longest life a configuration may claim for an access token: ten years. */
const MAX_LIFETIME_SECONDS = 315_360_000;

const standard = standardProvider;

/**
 * A provider's OAuth facts in the configuration file, parsed into an `OAuthProvider`.
 *
 * Names are those of RFC 8414 and RFC 7591 where they have one. Only the two endpoints are required; each default below is what the
 * standard says. Unknown keys are refused. Endpoints must be https, or http on a loopback host, and may hold `{field}` placeholders.
 */
export const providerSchema = z
  .strictObject({
    issuer: issuer.nullable().default(standard.issuer),
    authorization_endpoint: endpoint.refine(
      (value) => isReadMode(URL.parse(value.replaceAll(placeholder, stand))?.searchParams.get("response_mode") ?? null),
      unreadMode,
    ),
    token_endpoint: endpoint,
    refresh_endpoint: endpoint.nullable().default(standard.refreshEndpoint),
    revocation_endpoint: endpoint.nullable().default(standard.revocationEndpoint),
    userinfo_endpoint: endpoint.nullable().default(standard.userInfoEndpoint),
    introspection_endpoint: endpoint.nullable().default(standard.introspectionEndpoint),
    check: z
      .strictObject({ url: endpoint, method: z.enum(["GET", "POST"]).default("GET") })
      .nullable()
      .default(standard.check),
    /** RFC 9207 section 3, `authorization_response_iss_parameter_supported`: the callback always carries `iss`. */
    authorization_response_iss_parameter_supported: z.boolean().default(standard.requiresIssuerParameter),
    token_endpoint_auth_method: z.enum(["client_secret_basic", "client_secret_post", "none"]).default(standard.clientAuthentication),
    basic_credential_encoding: z.enum(["form", "none"]).default(standard.basicCredentialEncoding),
    client_id_param: name.default(standard.clientIdParam),
    pkce: z.boolean().default(standard.pkce),
    scope_param: name.default(standard.scopeParam),
    scope_separator: z.string().min(1).default(standard.scopeSeparator),
    scope_response_separator: z.string().min(1).nullable().default(standard.scopeResponseSeparator),
    authorization_params: params
      .refine(({ response_mode: mode }) => isReadMode(mode ?? null), unreadMode)
      .default(standard.authorizationParams),
    token_params: params.default(standard.tokenParams),
    token_request_body: z.enum(["form", "json"]).default(standard.tokenRequestBody),
    errors_in_ok_body: z.boolean().default(standard.errorsInOkBody),
    error_codes: z.record(z.string().min(1), z.string().min(1)).default(standard.errorCodes),
    token_response_path: path.nullable().default(standard.tokenResponsePath),
    assumed_token_type: z.string().min(1).toLowerCase().nullable().default(standard.assumedTokenType),
    scope_aliases: z.record(z.string().min(1), z.string().min(1)).default(standard.scopeAliases),
    unreported_scopes: z.array(z.string().min(1)).default([...standard.unreportedScopes]),
    /** True is `granted`. */
    send_scope_on_refresh: z.union([z.boolean(), z.enum(["requested", "granted"])]).default(false),
    revokes_on_reuse: z.boolean().default(standard.revokesOnReuse),
    reuse_grace_seconds: z.int().positive().max(MAX_LIFETIME_SECONDS).nullable().default(standard.reuseGraceSeconds),
    expires_in_unit: z.enum(["seconds", "milliseconds"]).default(standard.expiresInUnit),
    expiry_zero_means: z.enum(["never", "expired"]).nullable().default(standard.expiryZeroMeans),
    access_token_lifetime_seconds: z.int().positive().max(MAX_LIFETIME_SECONDS).nullable().default(standard.accessTokenLifetimeSeconds),
    userinfo_method: z.enum(["GET", "POST"]).default(standard.userInfoMethod),
    userinfo_body: z.string().min(1).nullable().default(standard.userInfoBody),
    userinfo_headers: headers.default(standard.userInfoHeaders),
    account_id_path: paths.default([...standard.accountIdPaths]),
    account_label_path: paths.default([...standard.accountLabelPaths]),
  })
  .refine((facts) => facts.issuer !== null || !facts.authorization_response_iss_parameter_supported, {
    path: ["issuer"],
    message: "is required where authorization_response_iss_parameter_supported is true",
  })
  .refine((facts) => facts.userinfo_body === null || facts.userinfo_method === "POST", {
    path: ["userinfo_body"],
    message: "needs userinfo_method POST",
  })
  .transform((facts): OAuthProvider =>
    createProvider({
      issuer: facts.issuer,
      authorizationEndpoint: facts.authorization_endpoint,
      tokenEndpoint: facts.token_endpoint,
      refreshEndpoint: facts.refresh_endpoint,
      revocationEndpoint: facts.revocation_endpoint,
      userInfoEndpoint: facts.userinfo_endpoint,
      introspectionEndpoint: facts.introspection_endpoint,
      check: facts.check,
      requiresIssuerParameter: facts.authorization_response_iss_parameter_supported,
      clientAuthentication: facts.token_endpoint_auth_method,
      basicCredentialEncoding: facts.basic_credential_encoding,
      clientIdParam: facts.client_id_param,
      pkce: facts.pkce,
      scopeParam: facts.scope_param,
      scopeSeparator: facts.scope_separator,
      scopeResponseSeparator: facts.scope_response_separator,
      authorizationParams: facts.authorization_params,
      tokenParams: facts.token_params,
      tokenRequestBody: facts.token_request_body,
      errorsInOkBody: facts.errors_in_ok_body,
      errorCodes: facts.error_codes,
      tokenResponsePath: facts.token_response_path,
      assumedTokenType: facts.assumed_token_type,
      scopeAliases: facts.scope_aliases,
      unreportedScopes: facts.unreported_scopes,
      scopesOnRefresh:
        typeof facts.send_scope_on_refresh === "string" ? facts.send_scope_on_refresh : facts.send_scope_on_refresh ? "granted" : "none",
      revokesOnReuse: facts.revokes_on_reuse,
      reuseGraceSeconds: facts.reuse_grace_seconds,
      expiresInUnit: facts.expires_in_unit,
      expiryZeroMeans: facts.expiry_zero_means,
      accessTokenLifetimeSeconds: facts.access_token_lifetime_seconds,
      userInfoMethod: facts.userinfo_method,
      userInfoBody: facts.userinfo_body,
      userInfoHeaders: facts.userinfo_headers,
      accountIdPaths: facts.account_id_path,
      accountLabelPaths: facts.account_label_path,
    }),
  );

/** What a configuration file says about a provider, before it is parsed. */
export type ProviderFacts = z.input<typeof providerSchema>;
