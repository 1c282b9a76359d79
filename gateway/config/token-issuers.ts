import { z } from "zod";
import { isSecureEndpoint } from "../http/secure-endpoint.ts";

/** Signature algorithms with a public key to check them (RFC 7518 section 3.1, RFC 8037, RFC 9864). HS256 and `none` have none. */
export const ASYMMETRIC_ALGORITHMS = [
  ...(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512", "EdDSA", "Ed25519"] as const),
] as const;
/** How far an issuer's clock may be off, in seconds. */
export const CLOCK_TOLERANCE_SECONDS = 30;
const MAXIMUM_CLOCK_TOLERANCE_SECONDS = 300;

/** Another service whose JWTs sign users in. */
export interface Issuer {
  /** `iss`, to the letter. */
  issuer: string;
  /** `aud`, or one of its entries; null: not checked. */
  audience: string | null;
  /** The claim with the user's id. */
  userIdClaim: string;
  /** Put before each user id, so that no other source can give the same one; null: nothing is said about that. */
  userIdPrefix: string | null;
  /** Prefix of each group id, so that no other source of groups can give the same id. Empty: the sources share their ids on purpose. */
  groupIdPrefix: string | null;
  /** The claim that holds the group's id; null: tokens say nothing about groups. A token without the claim says "no group". */
  groupIdClaim: string | null;
  /** The claim that holds a friendly name; null: tokens say nothing about it, and neither does a token without the claim. */
  nameClaim: string | null;
  /** What makes the bearer of a token an operator: a claim that is this value, or a list that has it. Null: nothing. Only with an audience. */
  operator: { claim: string; value: string } | null;
  jwksUrl: string;
  algorithms: readonly string[];
  clockToleranceSeconds: number;
}

const textSchema = z.string("must be a string").min(1, "must not be empty").max(255, "must have at most 255 characters");

const MAXIMUM_PREFIX_CHARACTERS = 64;
const prefixSchema = z
  .string("must be a string")
  .max(MAXIMUM_PREFIX_CHARACTERS, `must have at most ${MAXIMUM_PREFIX_CHARACTERS} characters`)
  .regex(/^[\x21-\x7e]*$/, "must be printable ASCII without spaces");

const isJwksUrl = (text: string): boolean => URL.canParse(text) && isSecureEndpoint(new URL(text));

/** What keeps issuers from being told apart, from each other and from this gateway, each as a sentence that begins with the path. */
export function issuerProblems(issuers: readonly Issuer[], publicUrl: string): string[] {
  return issuers.flatMap(({ issuer, audience, userIdPrefix, groupIdPrefix }, index) => {
    const before = issuers.slice(0, index).filter((other) => other.issuer !== issuer);
    const isShared = (prefix: string, others: readonly (string | null)[]) =>
      prefix !== "" && others.some((other) => other && (other.startsWith(prefix) || prefix.startsWith(other)));
    const first = issuers.findIndex((other) => other.issuer === issuer && other.audience === audience);
    return [
      ...(issuer === publicUrl
        ? [`token_issuers.${index}.iss must not be this gateway's own URL: the gateway accepts its own tokens without an issuer`]
        : []),
      ...(isShared(
        userIdPrefix ?? "",
        before.map((other) => other.userIdPrefix),
      )
        ? [`token_issuers.${index}.user_id_prefix ${BEGINS_ALIKE}`]
        : []),
      ...(isShared(
        groupIdPrefix ?? "",
        before.map((other) => other.groupIdPrefix),
      )
        ? [`token_issuers.${index}.group_id_prefix ${BEGINS_ALIKE}`]
        : []),
      ...(first < index ? [`token_issuers.${index} must not have the same iss and aud as token_issuers.${first}`] : []),
    ];
  });
}

const BEGINS_ALIKE = "must not be the beginning of another issuer's prefix, or begin with it: both issuers could give the same id";

const OPERATOR_NEEDS_AUDIENCE =
  "is required with operator: without it, a token that was issued for another service makes its bearer an operator";

/** One entry of the configuration's issuers, in the file's spelling. */
export const issuerSchema = z
  .strictObject({
    iss: textSchema.describe("The issuer, exactly as in its tokens' `iss`."),
    aud: textSchema.nullable().default(null).describe("The value that `aud` must have or contain. Null: `aud` is not checked."),
    user_id_claim: textSchema.default("sub").describe("The claim with the user's id."),
    user_id_prefix: prefixSchema
      .nullable()
      .default(null)
      .describe(
        "Prefix of each user id, so that no other source of users can give the same id. Empty: the sources share their ids on purpose.",
      ),
    group_id_prefix: prefixSchema
      .nullable()
      .default(null)
      .describe(
        "Prefix of each group id, so that no other source of groups can give the same id. Empty: the sources share their ids on purpose.",
      ),
    group_id_claim: textSchema.nullable().default(null).describe("The claim with the group's id. Null: tokens say nothing about groups."),
    name_claim: textSchema.nullable().default(null).describe("The claim with the user's display name. Null: tokens say nothing about it."),
    operator: z
      .strictObject({ claim: textSchema, value: textSchema })
      .nullable()
      .default(null)
      .describe("The bearer of a token is an operator if this claim has this value, or is a list that contains it. It needs `aud`."),
    jwks_url: z
      .string("must be a string")
      .refine(isJwksUrl, "must be an https URL (http only on a loopback host)")
      .describe("Where the issuer's public keys are: https, or http on this machine."),
    algorithms: z
      .array(z.enum(ASYMMETRIC_ALGORITHMS, `must be asymmetric: one of ${ASYMMETRIC_ALGORITHMS.join(", ")}`))
      .min(1, "must name at least one algorithm")
      .default([...ASYMMETRIC_ALGORITHMS])
      .describe("The accepted signature algorithms."),
    clock_tolerance_seconds: z
      .int("must be a whole number of seconds")
      .min(0, "must be 0 or more seconds")
      .max(MAXIMUM_CLOCK_TOLERANCE_SECONDS, `must be at most ${MAXIMUM_CLOCK_TOLERANCE_SECONDS} seconds`)
      .default(CLOCK_TOLERANCE_SECONDS)
      .describe("How much the issuer's clock may differ, in seconds."),
  })
  .refine(({ aud, operator }) => operator === null || aud !== null, { path: ["aud"], error: OPERATOR_NEEDS_AUDIENCE })
  .transform((entry): Issuer => ({
    issuer: entry.iss,
    audience: entry.aud,
    userIdClaim: entry.user_id_claim,
    userIdPrefix: entry.user_id_prefix,
    groupIdPrefix: entry.group_id_prefix,
    groupIdClaim: entry.group_id_claim,
    nameClaim: entry.name_claim,
    operator: entry.operator,
    jwksUrl: entry.jwks_url,
    algorithms: entry.algorithms,
    clockToleranceSeconds: entry.clock_tolerance_seconds,
  }));
