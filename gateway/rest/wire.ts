/**
 * The Xkit REST contract as data: what travels, in snake_case. Requests are parsed and answers are built by these schemas alone, the OpenAPI
 * document is generated from them. The `xkit` adapter reads more leniently, by schemas of its own
 * (`upstream/xkit/response-schemas.ts`), because a plain Xkit leaves much of this out; the values that both know are in
 * `upstream/xkit/wire-enums.ts`.
 *
 * Where the adapter finds each outcome of "a token, please", at a single GET of a connection (contract, "Tokens"):
 *   AccessToken            200, `connection.authorization.access_token` with `token_type`, `expires_at`, `scopes`, `missing_scopes`, `fingerprint`
 *   ReconnectRequired      200, `connection.token_problem` = { code: "RECONNECT_REQUIRED", reason, connector_url, message }
 *   ScopesMissing          200, `connection.token_problem` = { code: "SCOPES_MISSING", missing_scopes, connector_url, message }
 *   TokenWithheld          200, `connection.token_problem` = { code: "TOKEN_WITHHELD", message }
 *   NotConnected           200, `connection.token_problem` = { code: "NOT_CONNECTED", connector_url, message }; where there never was a connection:
 *                          404 with code NOT_CONNECTED (browser, and anybody by id), or 200 with `connection.id` null (server, by slug)
 *   TemporarilyUnavailable 503, code TEMPORARILY_UNAVAILABLE, `retry_after` and `Retry-After`, in seconds
 *   MinimumTtlUnavailable  409, code MINIMUM_TTL_UNAVAILABLE, `maximum_ttl` in seconds
 *   ConnectorMisconfigured 502, code CONNECTOR_MISCONFIGURED
 *   an unknown connector   404, code NOT_FOUND
 * `?access_token=false` asks for the same without a token: nothing is refreshed, nothing opened, and `token_problem` is null.
 */
import { z } from "zod";
import { connectorCategories } from "../../schema/connector-category.ts";
import type { ErrorCode } from "../../schema/errors.ts";
import {
  authorizationStatusWord,
  healthWord,
  ownerKindWord,
  reconnectReasonWord,
  refreshStatusWord,
  type tokenProblemWord,
} from "../upstream/xkit/wire-enums.ts";

const instant = z.iso.datetime().meta({ description: "RFC 3339, UTC." });

/** Every code an error body can carry: those of GraphQL, and NOT_CONNECTED where the contract says 404. */
const wireErrorCodes = z.enum([
  "NOT_CONNECTED",
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "NOT_FOUND",
  "BAD_USER_INPUT",
  "RATE_LIMITED",
  "TEMPORARILY_UNAVAILABLE",
  "MINIMUM_TTL_UNAVAILABLE",
  "CONNECTOR_MISCONFIGURED",
  "UPSTREAM_UNAVAILABLE",
  "INTERNAL",
] as const satisfies readonly (ErrorCode | "NOT_CONNECTED")[]);

/** Every failure (contract, "Errors"). A success never has a top-level `error`. */
export const wireError = z
  .object({
    error: z.string().meta({ description: "One sentence that says what is wrong and what to do." }),
    code: wireErrorCodes,
    path: z.string().optional().meta({ description: "The wrong parameter or field." }),
    retry_after: z.int().optional().meta({ description: "Seconds to wait; also the Retry-After header." }),
    maximum_ttl: z.int().optional().meta({ description: "The largest possible minimum_ttl, in seconds." }),
    connector_url: z.string().optional().meta({ description: "The page where the user can connect." }),
    id: z.string().optional().meta({ description: "The id of the error in the operator's log." }),
  })
  .meta({ id: "Error" });

export const wirePlatform = z
  .object({
    name: z.string(),
    slug: z.string(),
    custom_domain: z.null(),
    website: z.string().nullable(),
    login_redirect_url: z.string().nullable(),
    remove_branding: z.boolean(),
    color: z.string().nullable(),
    logo_url: z.string().nullable(),
    privacy_url: z.string().nullable().meta({ description: "The platform's privacy page." }),
  })
  .meta({ id: "Platform" });

export const wirePublicConnector = z
  .object({
    name: z.string(),
    slug: z.string(),
    short_description: z.string().nullable(),
    mark_url: z.string().nullable(),
    about: z.null(),
    description: z.string().nullable(),
    supports_multiple_connections: z.boolean(),
    connector_url: z.string(),
  })
  .meta({ id: "PublicConnector" });

/** A connector as the catalog lists it. */
export const wireCatalogConnector = wirePublicConnector
  .extend({
    categories: z.array(z.enum(connectorCategories)).meta({ description: "Its categories; empty if unknown." }),
    search_terms: z.array(z.string()).meta({ description: "Other names that people search for, in lower case." }),
    permissions: z
      .array(
        z
          .object({
            scope: z.string(),
            text: z.string().nullable().meta({ description: "What it allows, in a few words; null if unknown." }),
            required: z.boolean().meta({ description: "Whether connecting asks for it. If false, it may be asked for later." }),
          })
          .meta({ id: "Permission" }),
      )
      .meta({ description: "The scopes that it asks for at the provider." }),
  })
  .meta({ id: "CatalogConnector" });

const wireCollectField = z
  .object({
    name: z.string(),
    label: z.string(),
    hint: z.string().nullable(),
    suffix: z.string().nullable(),
    secret: z.boolean(),
    optional: z.boolean(),
    default: z.string().nullable(),
    options: z.array(z.string()).nullable(),
  })
  .meta({ id: "CollectField" });

/** What xkit.js builds the popup's address from. The prototype's slug is the connector's here. */
const wireAuthorizer = z
  .object({
    client_id: z.string(),
    prototype: z.object({
      name: z.string(),
      slug: z.string(),
      collect_instructions: z.string().nullable().optional(),
      collect_fields: z.array(wireCollectField).optional(),
      collect_save: z.string().optional(),
      collect_field: z.string().optional().meta({ deprecated: true }),
      collect_label: z.string().optional().meta({ deprecated: true }),
      collect_suffix: z.string().nullable().optional().meta({ deprecated: true }),
    }),
  })
  .meta({ id: "Authorizer" });

/** An authorization as lists and changes show it: no token. */
export const wireAuthorization = z
  .object({
    id: z.string(),
    connection_id: z.string().nullable().meta({ description: "Null if an upstream does not say." }),
    display_label: z.string().nullable(),
    status: authorizationStatusWord,
    error_code: z.string().nullable(),
    error_message: z.string().nullable().meta({ description: "A sentence for the user; for servers, it includes what the provider said." }),
    health: healthWord.nullable().meta({ description: "The result of the last refresh or check; null before it was connected." }),
    health_code: z.string().nullable(),
    health_changed_at: instant.nullable(),
    connected_at: instant.nullable().meta({ description: "When it was last connected or reconnected." }),
    connected_by: z.object({ external_id: z.string(), name: z.string().nullable() }).nullable(),
    scopes: z.array(z.string()),
    missing_scopes: z.array(z.string()),
    expires_at: instant.nullable().meta({ description: "When the current access token expires; null if unknown." }),
    grant_expires_at: instant
      .nullable()
      .meta({ description: "When the grant itself ends unless it is refreshed before; null if unknown." }),
    authorizer: wireAuthorizer,
    connector: wirePublicConnector,
    authorize_url: z
      .string()
      .nullable()
      .meta({ description: "While awaiting_callback, in the response to POST: the URL to send the browser to." }),
    state: z
      .string()
      .nullable()
      .meta({ description: "While awaiting_callback, in the responses to POST and PUT: the state that PUT needs." }),
  })
  .meta({ id: "Authorization" });

/** A single connection's authorization: with its token where one is granted. */
const wireTokenAuthorization = wireAuthorization
  .extend({
    access_token: z.string().optional(),
    token_type: z.string().optional(),
    token_kind: z.string().optional().meta({ description: "The kind of token, if one connection has several." }),
    fingerprint: z.string().optional().meta({ description: "Send this as `rejected` if the third party refuses the token." }),
    api_base_url: z
      .string()
      .nullable()
      .optional()
      .meta({ description: "Where the provider's API is for this account: the start of every address that the token is for." }),
    authorization_header: z.object({ name: z.string(), value: z.string() }).nullable().optional().meta({
      description: "With `authorization_header=true`: the header by which the provider's API takes the token; null when unknown.",
    }),
    credential: z
      .union([z.string(), z.record(z.string(), z.string())])
      .optional()
      .meta({ description: "For servers only: the same as access_token with OAuth, otherwise the fields that the user entered." }),
  })
  .meta({ id: "TokenAuthorization" });

const connectorLink = z.string().meta({ description: "The page where the user can fix it." });

const problems = {
  NOT_CONNECTED: z
    .object({ code: z.literal("NOT_CONNECTED"), message: z.string(), connector_url: connectorLink.optional() })
    .meta({ id: "NotConnectedProblem" }),
  RECONNECT_REQUIRED: z
    .object({ code: z.literal("RECONNECT_REQUIRED"), message: z.string(), reason: reconnectReasonWord, connector_url: connectorLink })
    .meta({ id: "ReconnectRequiredProblem" }),
  SCOPES_MISSING: z
    .object({
      code: z.literal("SCOPES_MISSING"),
      message: z.string(),
      missing_scopes: z.array(z.string()).meta({ description: "Scopes that were asked for and are not granted." }),
      connector_url: connectorLink,
    })
    .meta({ id: "ScopesMissingProblem" }),
  TOKEN_WITHHELD: z.object({ code: z.literal("TOKEN_WITHHELD"), message: z.string() }).meta({ id: "TokenWithheldProblem" }),
} as const satisfies Record<z.output<typeof tokenProblemWord>, z.ZodObject>;

/** The keyword by which OpenAPI tells the schemas of a `oneOf` apart: a property, and each of its values with the name of a schema. */
const discriminatedBy = (propertyName: string, schemas: Record<string, z.ZodObject>) => ({
  propertyName,
  mapping: Object.fromEntries(Object.entries(schemas).map(([value, schema]) => [value, `#/components/schemas/${schema.meta()?.id}`])),
});

/** Why a single connection carries no token, where connecting would mend it or nothing may. */
const wireTokenProblem = z
  .discriminatedUnion("code", [problems.NOT_CONNECTED, problems.RECONNECT_REQUIRED, problems.SCOPES_MISSING, problems.TOKEN_WITHHELD])
  .meta({ id: "TokenProblem", discriminator: discriminatedBy("code", problems) });

export const wireOwner = z.object({ kind: ownerKindWord, external_id: z.string() }).meta({ id: "Owner" });

/** `ConnectionOnly` of the contract. */
const wireConnectionOnly = z
  .object({
    id: z.string(),
    enabled: z.boolean(),
    disabled_at: instant
      .nullable()
      .meta({ description: "When a server disabled it, so that its user cannot connect it; null if it is not disabled." }),
    owner: wireOwner,
    authorization: wireAuthorization.nullable(),
    metadata: z
      .record(z.string(), z.string())
      .meta({ description: "Values that the provider stated about the account, by name. Never a secret." }),
    created_at: instant.nullable(),
    updated_at: instant.nullable(),
  })
  .meta({ id: "ConnectionOnly" });

/** A connection in a list, or as it was changed: never with a token. */
export const wireConnection = wireConnectionOnly.extend({ connector: wirePublicConnector }).meta({ id: "Connection" });

/** A connection asked for alone. */
export const wireSingleConnection = wireConnection
  .extend({
    type: z.literal("connection"),
    authorization: wireTokenAuthorization.nullable(),
    token_problem: wireTokenProblem.nullable(),
  })
  .meta({ id: "SingleConnection" });

/** What a server sees where a known owner never connected (contract, "Server endpoints": 200, not 404). */
const wireAbsentConnection = z
  .object({
    type: z.literal("no_connection"),
    id: z.null(),
    enabled: z.literal(false),
    owner: wireOwner,
    authorization: z.null(),
    connector: wirePublicConnector,
    token_problem: wireTokenProblem.nullable(),
  })
  .meta({ id: "AbsentConnection" });

const serverConnections = { connection: wireSingleConnection, no_connection: wireAbsentConnection };

/** What a server is answered that asks for an owner's connection of a connector. */
export const wireServerConnection = z
  .discriminatedUnion("type", [wireSingleConnection, wireAbsentConnection])
  .meta({ id: "ServerConnection", discriminator: discriminatedBy("type", serverConnections) });

/** A connector beside the signed-in user's connections of it, the healthiest first. */
export const wireConnector = wireCatalogConnector
  .extend({ connection: wireConnectionOnly.nullable(), connections: z.array(wireConnectionOnly) })
  .meta({ id: "Connector" });

export const wireUser = z
  .object({ external_id: z.string(), external_group_id: z.string().nullable(), name: z.string().nullable() })
  .meta({ id: "User" });
export const wireGroup = z.object({ external_id: z.string() }).meta({ id: "Group" });
export const wireContext = z
  .object({ external_id: z.string(), external_name: z.string().nullable(), kind: ownerKindWord })
  .meta({ id: "Context" });

export const bearer = { access_token: z.string(), expires_at: instant };

/** Whose the bearer was when a connection was asked for, and once its token was read. */
export const wireViewer = z
  .object({
    before: wireUser,
    after: wireUser.nullable().meta({ description: "Null if the bearer no longer belongs to that user in that group." }),
  })
  .meta({ id: "Viewer" });

/** Where a list of all goes on. */
export const page = {
  next: z.string().nullable().meta({ description: "The value of `after` for the next page; null at the end of the list." }),
  total: z.int().nullable().optional().meta({
    description: "With `total=true`: how many the whole list has. Null where more than two million would have to be looked at.",
  }),
};
/** The result of a refresh that a server requested. */
export const wireRefresh = z
  .object({
    status: refreshStatusWord,
    message: z.string().meta({ description: "The same, as a sentence." }),
    retry_after: z.int().nullable().meta({ description: "Seconds until it can be refreshed on request again." }),
  })
  .meta({ id: "Refresh" });

export type WireError = z.infer<typeof wireError>;
export type WireConnection = z.infer<typeof wireConnection>;
export type WireSingleConnection = z.infer<typeof wireSingleConnection>;
export type WireAuthorization = z.infer<typeof wireAuthorization>;
export type WireConnector = z.infer<typeof wireConnector>;
export type WirePublicConnector = z.infer<typeof wirePublicConnector>;
export type WireCatalogConnector = z.infer<typeof wireCatalogConnector>;
export type WireTokenProblem = z.infer<typeof wireTokenProblem>;
