import { z } from "zod";
import { PrivateKeyError } from "../oauth/assertion.ts";
import { CLIENT_KEY_ALGORITHMS, type ClientKey, type ClientKeyOptions, parseClientKey } from "../oauth/client-key.ts";
import type { OAuthClient } from "../oauth/provider.ts";
import type { ParsedFacts } from "./format.ts";

/** Longest private key, in characters: that of an RSA key of 8192 bits has 6,500. */
const MAXIMUM_KEY_LENGTH = 16_384;
const MAXIMUM_KEY_ID_LENGTH = 255;

const keyTextSchema = z.string().min(1, "must not be empty").max(MAXIMUM_KEY_LENGTH, "is too long for a private key");

/** A private key as text, or with what says which one it is: `{ "key": "${ACME_KEY}", "kid": "2026-11", "alg": "PS256" }`. */
const clientKeySchema = z
  .union([
    keyTextSchema,
    z.strictObject({
      key: keyTextSchema.describe("The key: PKCS #8 in PEM, or a JWK as text."),
      kid: z.string().min(1).max(MAXIMUM_KEY_ID_LENGTH).optional().describe("The key's id. Default: that of the JWK."),
      alg: z
        .enum(CLIENT_KEY_ALGORITHMS, `must be one of ${CLIENT_KEY_ALGORITHMS.join(", ")}`)
        .optional()
        .describe("The signature algorithm. Default: that of the JWK, else RS256 or the curve's."),
    }),
  ])
  .transform((written, context): ClientKey => {
    const [text, options, path] = typeof written === "string" ? ([written, {}, []] as const) : ([written.key, written, ["key"]] as const);
    const key = readKey(text, options);
    if (typeof key !== "string") return key;
    context.addIssue({ code: "custom", path: [...path], message: key });
    return z.NEVER;
  });

/** The key, or what is wrong with it. */
function readKey(text: string, options: ClientKeyOptions): ClientKey | string {
  try {
    return parseClientKey(text, options);
  } catch (error) {
    if (error instanceof PrivateKeyError) return error.message;
    throw error;
  }
}

/** An id or a secret. The line break at the end of a file is none of it, and a provider only says that the client is wrong. */
export const clientTextSchema = z
  .string()
  .min(1, "must not be empty")
  .refine((text) => text === text.trim(), "must not begin or end with white space");

/** What proves a client, beside its id. */
export const clientSecrets = {
  client_secret: clientTextSchema
    .nullable()
    .default(null)
    .describe('The client\'s secret. Take it from the environment: "${ACME_CLIENT_SECRET}".'),
  client_private_key: clientKeySchema
    .nullable()
    .default(null)
    .describe("The client's private key, for a provider with private_key_jwt: PKCS #8 in PEM, or a JWK as text."),
};

export interface WrittenClient {
  client_id?: string | undefined;
  client_secret: string | null;
  client_private_key: ClientKey | null;
}

export const toClient = ({ client_id, client_secret, client_private_key }: WrittenClient): OAuthClient => ({
  clientId: client_id ?? "",
  clientSecret: client_secret,
  signingKey: client_private_key,
});

const previousClientSchema = z.strictObject({ client_id: clientTextSchema, ...clientSecrets });

const MAXIMUM_PREVIOUS_CLIENTS = 16;

/** Clients that this platform used before. They refresh and revoke the grants that they were given. */
export const previousClientsSchema = z.array(previousClientSchema).max(MAXIMUM_PREVIOUS_CLIENTS).default([]);

type Problem = [path: string[], message: string];

/** What a client lacks for the way in which it proves itself, or has too much. */
export function clientProblems(
  written: WrittenClient & { previous_clients: readonly WrittenClient[] },
  facts: Pick<ParsedFacts, "client_authentication">,
): Problem[] {
  const method = facts.client_authentication;
  const of = ({ client_id: id, client_secret: secret, client_private_key: key }: WrittenClient, path: string[]): Problem[] => [
    ...(id !== undefined && method === "private_key_jwt" && key === null
      ? [[[...path, "client_private_key"], "is required if the provider's client_authentication is private_key_jwt"] satisfies Problem]
      : []),
    ...(id !== undefined && method === "client_secret_jwt" && secret === null
      ? [[[...path, "client_secret"], "is required if the provider's client_authentication is client_secret_jwt"] satisfies Problem]
      : []),
    ...(key !== null && method !== "private_key_jwt"
      ? [[[...path, "client_private_key"], "is allowed only if the provider's client_authentication is private_key_jwt"] satisfies Problem]
      : []),
  ];
  const previous = written.previous_clients.flatMap((client, index) => of(client, ["previous_clients", String(index)]));
  return [...of(written, []), ...previous];
}
