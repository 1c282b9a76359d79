import type { Permission } from "../../schema/upstream.ts";
import type { ParsedFacts } from "./format.ts";
import type { TokenKinds } from "./token-kinds.ts";

/** Scopes of OpenID Connect Core 1.0, sections 5.4 and 11, which providers do not describe. */
const standardTexts: Readonly<Record<string, string>> = {
  openid: "Know who you are at the provider",
  profile: "See your name and your picture",
  email: "See your email address",
  address: "See your postal address",
  phone: "See your phone number",
  offline_access: "Keep working while you are away",
};

const textOf = (scope: string, facts: ParsedFacts | null): string | null => {
  const texts = facts?.scopes.text ?? {};
  if (Object.hasOwn(texts, scope)) return texts[scope] ?? null;
  return Object.hasOwn(standardTexts, scope) ? (standardTexts[scope] ?? null) : null;
};

/** What a connector asks for at its provider, then what may be asked for later, each with the provider's text. */
export function permissionsOf(tokenKinds: TokenKinds, facts: ParsedFacts | null): Permission[] {
  const required = new Set(tokenKinds.flatMap(({ scopes }) => scopes));
  const all = new Set([...required, ...tokenKinds.flatMap(({ allowedScopes }) => allowedScopes)]);
  return [...all].map((scope) => ({ scope, text: textOf(scope, facts), isRequired: required.has(scope) }));
}
