import { createHash } from "node:crypto";
import { z } from "zod";
import {
  accountSchema,
  cleanText,
  externalIdSchema,
  fieldsSchema,
  idSchema,
  nameSchema,
  scopesSchema,
  slugSchema,
  tokenKindSchema,
} from "../../schema/input.ts";
import type { Owner } from "../../schema/upstream.ts";
import { connectionIdSchema } from "../vault/identifiers.ts";

/** Longest token that is taken, in characters. */
const MAXIMUM_TOKEN_CHARACTERS = 65_536;
/** Most values of a connection that a provider has stated, and the longest of them in characters. */
const MAXIMUM_STATED = 64;
const MAXIMUM_STATED_CHARACTERS = 8_192;

const tokenSchema = z
  .string()
  .min(1, "must not be empty")
  .max(MAXIMUM_TOKEN_CHARACTERS, `must have at most ${MAXIMUM_TOKEN_CHARACTERS} characters`);

const instantSchema = z
  .string()
  .refine((text) => z.iso.datetime({ offset: true }).safeParse(text).success, "must be a time such as 2026-11-27T12:00:00Z")
  .transform((text) => Date.parse(text));

const valuesSchema = z
  .record(
    z.string().min(1).max(255),
    z.string().max(MAXIMUM_STATED_CHARACTERS, `must have at most ${MAXIMUM_STATED_CHARACTERS} characters`),
  )
  .refine((values) => Object.keys(values).length <= MAXIMUM_STATED, `must have at most ${MAXIMUM_STATED} entries`);

/** The tokens of one kind. Instants are RFC 3339. */
const tokensSchema = z.strictObject({
  access_token: tokenSchema.nullish(),
  refresh_token: tokenSchema.nullish(),
  /** As the provider called it, `bearer` where it is left out. */
  token_type: z
    .string()
    .regex(/^[\x21-\x7e]{1,64}$/, "must be a token type, such as bearer")
    .nullish(),
  /** When the access token was issued. Left out: now. */
  issued_at: instantSchema.nullish(),
  /** When it ends. Left out: by the provider's facts, else unknown. */
  expires_at: instantSchema.nullish(),
  /** When the refresh token ends. Left out: unknown. */
  refresh_expires_at: instantSchema.nullish(),
  /** What was granted. Left out: what the connector asks for. */
  scopes: scopesSchema.nullish(),
  /** Where the provider gives several kinds of token. Left out: the default one. */
  token_kind: tokenKindSchema.nullish(),
});

/** One connection of another system, as one line of JSON states it. */
export const importedConnectionSchema = tokensSchema
  .extend({
    /** What names it where it comes from. Left out: its owner, connector and account. What was imported is not imported again. */
    import_id: idSchema.nullish(),
    /** The id that it gets here. Left out: a new one. */
    id: connectionIdSchema.nullish(),
    /** Whose it is: a user's or a group's. */
    user: externalIdSchema.nullish(),
    group: externalIdSchema.nullish(),
    /** The user's name, if the user is new. */
    name: nameSchema.nullish(),
    /** The user who connected it for a group. */
    connected_by: externalIdSchema.nullish(),
    connector: slugSchema,
    /** The client that the tokens were given to. Left out: the connector's current one. */
    client_id: cleanText.min(1).max(2_048).nullish(),
    account_id: accountSchema.nullish(),
    account_label: accountSchema.nullish(),
    /** What the user typed, by the names of the connector's fields: an API key, a subdomain. */
    fields: z
      .record(z.string(), z.string())
      .refine(
        (fields) => fieldsSchema.safeParse(Object.entries(fields).map(([name, value]) => ({ name, value }))).success,
        "must be an object with the connector's fields, each a string of at most 8192 characters",
      )
      .nullish(),
    /** The values that the provider stated, by the names of the connector's metadata. */
    metadata: valuesSchema.nullish(),
    /** The same by the sources that its facts name, as `token_response:realmId`. */
    stated: valuesSchema.nullish(),
    /** When it was connected. Left out: now. */
    connected_at: instantSchema.nullish(),
    created_at: instantSchema.nullish(),
    /** Tokens of further kinds that the same consent gave. */
    further: z
      .array(tokensSchema.extend({ token_kind: tokenKindSchema }))
      .max(8, "must have at most 8 entries")
      .nullish(),
  })
  .refine(({ user, group }) => (user == null) !== (group == null), {
    path: ["user"],
    error: "must name a user, or group must name a group, but not both",
  });

/** As it is written. */
export type ImportedConnectionInput = z.input<typeof importedConnectionSchema>;
export type ImportedConnection = z.output<typeof importedConnectionSchema>;
export type ImportedTokens = z.output<typeof tokensSchema>;

/** Whose the connection is. */
export const ownerOfImported = ({ user, group }: Pick<ImportedConnection, "user" | "group">): Owner =>
  user == null ? { kind: "group", id: group ?? "" } : { kind: "user", id: user };

/** What names the connection in every import of it: what the input says, else a hash of its id, or of owner, connector and account. */
export function importIdOf(imported: ImportedConnection): string {
  const { import_id: stated, id, connector, account_id: account } = imported;
  if (stated != null) return stated;
  const owner = ownerOfImported(imported);
  const facts = id == null ? [owner.kind, owner.id, connector, account ?? null] : [id];
  return createHash("sha256").update(JSON.stringify(facts)).digest("base64url");
}
