import { z } from "zod";
import { findObject } from "./json.ts";
import { findAt } from "./path.ts";
import { findTokenKind, type OAuthProvider } from "./provider.ts";
import type { TokenKind } from "./provider-requests.ts";
import type { IssuedToken } from "./result.ts";

const STANDARD_PATH = "access_token";

/** The kind that is read. Null where the provider has one kind, or the kind's tokens are where the standard has them. */
export function findNestedKind(provider: OAuthProvider): TokenKind | null {
  const kind = findTokenKind(provider, provider.tokenKind);
  return kind?.path === STANDARD_PATH ? null : kind;
}

/** The kinds that one answer may hold beside the one that is read. */
export const furtherKinds = ({ tokenKinds, tokenKind }: OAuthProvider): [name: string, kind: TokenKind][] =>
  Object.entries(tokenKinds).filter(([name]) => name !== tokenKind);

/** The members of one kind of token, as a standard answer has them; null where the answer holds no such token. */
export function findTokenOfKind(
  answer: Record<string, unknown>,
  { path, refreshPath, scopePath }: TokenKind,
): Record<string, unknown> | null {
  const accessToken = findAt(answer, path);
  if (typeof accessToken !== "string" || accessToken === "") return null;
  const around = path.includes(".") ? findObject(findAt(answer, path.slice(0, path.lastIndexOf(".")))) : answer;
  return { ...around, access_token: accessToken, refresh_token: findAt(answer, refreshPath), scope: findAt(answer, scopePath) };
}

/** A further kind's tokens, on their way through oauth4webapi. */
const furtherSchema = z.record(
  z.string(),
  z.object({
    access_token: z.string(),
    token_type: z.string(),
    refresh_token: z.string().optional(),
    expires_in: z.number().optional(),
    refresh_token_expires_in: z.number().optional(),
    scope: z.string().optional(),
  }),
);

/** Tokens of further kinds, from the text that the normalized answer carries. Undefined: none. */
export function parseFurther(text: unknown): Record<string, IssuedToken> | undefined {
  if (typeof text !== "string") return undefined;
  const further = Object.entries(furtherSchema.parse(JSON.parse(text)));
  return Object.fromEntries(
    further.map(([kind, token]) => [
      kind,
      {
        accessToken: token.access_token,
        refreshToken: token.refresh_token ?? null,
        tokenType: token.token_type.toLowerCase(),
        expiresInSeconds: token.expires_in ?? null,
        refreshExpiresInSeconds: token.refresh_token_expires_in ?? null,
        scopes: token.scope?.split(" ") ?? null,
      },
    ]),
  );
}
