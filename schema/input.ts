import { z } from "zod";
import { plainName } from "../client/design/plain-name.ts";
import { builder } from "./builder.ts";
import { invalidInput } from "./errors.ts";
import { sayIssue } from "./issue-words.ts";
import type { ConnectionWhere, TokenRequest } from "./upstream.ts";

/** Longest `minimumTtl` a caller may ask for, in seconds: a day. */
export const MAXIMUM_MINIMUM_TTL_SECONDS = 86_400;

/** A connector's name in links: lower case, digits, `-` and `_`, at most 64 characters. */
export const slugSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "must be a slug: 1 to 64 of a-z, 0-9, - and _, starting with a letter or digit");

/** Control characters, which Postgres cannot all store, and halves of surrogate pairs, which two stores would spell differently. */
export const cleanText = z.string().regex(/^[^\p{Cc}\p{Cs}]*$/u, "must not contain control characters or incomplete characters");

/** What users are shown of the configuration, as a name. */
export const shownNameSchema = z
  .string()
  .min(1, "must not be empty")
  .refine((name) => name === "" || name.trim() !== "", "must not be empty")
  .refine(
    (name) => name.trim() === "" || plainName(name) === name.replaceAll(/^ +| +$/g, ""),
    "must not hold control characters, or characters that are invisible or change the direction of text",
  );

/** The id of a connection or an authorization, which is the upstream's to make. */
export const idSchema = cleanText.min(1, "must not be empty").max(255, "must have at most 255 characters");

/** A user's or group's id in the platform's own system. */
export const externalIdSchema = cleanText.min(1, "must not be empty").max(255, "must have at most 255 characters");

/** `Node.nodeId`, which names an object of any type. */
export const nodeIdSchema = z.string().regex(/^[\w-]{1,2048}$/, "must be a nodeId: 1 to 2048 characters of base64url");

/** What names an account at a provider: its id, or its label. */
export const accountSchema = cleanText.min(1, "must not be empty").max(320, "must have at most 320 characters");

export const minimumTtlSchema = z
  .int("must be a whole number of seconds")
  .min(0, "must be 0 or more seconds")
  .max(MAXIMUM_MINIMUM_TTL_SECONDS, `must be at most ${MAXIMUM_MINIMUM_TTL_SECONDS} seconds (a day)`);

export const fingerprintSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{22}$/, "must be the fingerprint of a token: 22 characters of base64url, never the token itself");

/** A `scope-token` of RFC 6749 section 3.3. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/;

/** Scopes of a provider. */
export const scopesSchema = z
  .array(z.string())
  .max(100, "must have at most 100 entries")
  .refine(
    (scopes) => scopes.every((scope) => scopeToken.test(scope)),
    "must be scopes: each 1 to 255 printable characters without a space",
  );

/** A kind of token, as a provider's facts name it. */
export const tokenKindSchema = z
  .string()
  .regex(/^[a-z]\w{0,63}$/i, "must be a kind of token: 1 to 64 letters, digits and _, starting with a letter");

/** Why a token is asked for, in the caller's words. */
export const purposeSchema = cleanText.min(1, "must not be empty").max(200, "must have at most 200 characters");

export const loginHintSchema = cleanText.min(1, "must not be empty").max(320, "must have at most 320 characters");

export const returnToSchema = z.string().max(2048, "must have at most 2048 characters");
/** However long: what is no token is refused as one, with UNAUTHENTICATED. */
export const userTokenSchema = z.string().min(1, "must not be empty");
export const nameSchema = cleanText.max(255, "must have at most 255 characters");

/** The state of a started authorization, which is the upstream's to make. */
export const stateSchema = cleanText.min(1, "must not be empty").max(4096, "must have at most 4096 characters");

export const fieldsSchema = z
  .array(
    z.object({
      name: z.string().regex(/^[\w.-]{1,64}$/, "must be the name of a field that is asked for"),
      value: z.string().max(8192, "must have at most 8192 characters"),
    }),
  )
  .max(32, "must have at most 32 entries");

/** Most connections of one import. More come in several, or by the command line. */
export const MAXIMUM_IMPORTED = 100;

/** Each is looked at by itself, so that one refuses no other. */
export const importedListSchema = z.array(z.unknown()).max(MAXIMUM_IMPORTED, `must have at most ${MAXIMUM_IMPORTED} entries`);

const ConnectionWhereInput = builder.inputType("ConnectionWhere", {
  isOneOf: true,
  description: "Selects a connection by its connector's slug (the healthiest: enabled, then active, then newest) or by its own id.",
  fields: (t) => ({
    slug: t.id({ description: "The connector's slug, such as `slack`.", validate: slugSchema }),
    id: t.id({ description: "The connection's id.", validate: idSchema }),
  }),
});

/** The arguments of every field that answers with a connection. */
export const whereArgs = () =>
  builder.args((t) => ({
    where: t.field({ type: ConnectionWhereInput, required: true, description: "Which connection." }),
  }));

/** The arguments of every field that answers with a token. */
export const tokenArgs = () =>
  builder.args((t) => ({
    minimumTtl: t.int({
      description: `Minimum remaining lifetime of the token, in seconds, 0 to ${MAXIMUM_MINIMUM_TTL_SECONDS}. Default: 60, but at most a tenth of the token's whole lifetime.`,
      validate: minimumTtlSchema,
    }),
    rejected: t.string({
      description:
        "`AccessToken.fingerprint` of a token that the third party refused. The token is refreshed only if it is still the current one.",
      validate: fingerprintSchema,
    }),
    kind: t.string({
      description:
        "The kind of token, if one connection has several, such as `user` and `bot`. If the connection has no token of this kind, the answer is ScopesMissing. Default: the connector's default kind.",
      validate: tokenKindSchema,
    }),
    purpose: t.string({
      description:
        "Why you need the token, in your own words. The operator's audit shows it. Must not name a person. Default: the header `X-Purpose`.",
      validate: purposeSchema,
    }),
    scopes: t.stringList({
      description:
        "Scopes that the token must have. The platform must allow them. If one is not granted, the answer is ScopesMissing. If more are granted, the token has only these, provided that the provider is known to issue such tokens. Default: all granted scopes.",
      validate: scopesSchema,
    }),
    verify: t.boolean({
      description:
        "Whether to check first at the provider that the token still works, at most once in 30 s per connection unless the connector sets another interval. A refused token is refreshed, or the user has to reconnect. Default: if a user's session asks again for a token that it was given. Connectors that cannot check tokens support only `rejected`.",
    }),
  }));

/** What a schema makes of outside data. Throws BAD_USER_INPUT that names what is refused first; `input` is what the data itself is called. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown, input: string): z.output<Schema> {
  const result = schema.safeParse(value, { error: sayIssue });
  if (result.success) return result.data;
  throw invalidInput(result.error.issues, input);
}

/** Narrows the @oneOf input, which the GraphQL layer has already checked. */
export function parseWhere(where: { slug?: string | null | undefined; id?: string | null | undefined }): ConnectionWhere {
  return where.slug ? { slug: where.slug } : { id: where.id ?? "" };
}

export function parseTokenRequest(args: {
  minimumTtl?: number | null | undefined;
  rejected?: string | null | undefined;
  verify?: boolean | null | undefined;
  scopes?: readonly string[] | null | undefined;
  kind?: string | null | undefined;
  purpose?: string | null | undefined;
}): TokenRequest {
  const { minimumTtl = null, rejected = null, verify = null, scopes, kind, purpose } = args;
  return {
    minimumTtl,
    rejected,
    verify,
    ...(scopes && { scopes }),
    ...(typeof kind === "string" && { kind }),
    ...(typeof purpose === "string" && { purpose }),
  };
}
