import { sentencesFor } from "../../client/languages/sentences.ts";
import { isStandardScope } from "../../client/languages/standard-scopes.ts";
import type { Permission } from "../../schema/upstream.ts";
import type { ParsedFacts } from "./format.ts";
import type { TokenKinds } from "./token-kinds.ts";

const textOf = (scope: string, facts: ParsedFacts | null): string | null => {
  const texts = facts?.scopes.text ?? {};
  if (Object.hasOwn(texts, scope)) return texts[scope] ?? null;
  return isStandardScope(scope) ? sentencesFor("en").standardScopes[scope] : null;
};

/** What a connector asks for at its provider, then what may be asked for later, each with the provider's text. */
export function permissionsOf(tokenKinds: TokenKinds, facts: ParsedFacts | null): Permission[] {
  const required = new Set(tokenKinds.flatMap(({ scopes }) => scopes));
  const all = new Set([...required, ...tokenKinds.flatMap(({ allowedScopes }) => allowedScopes)]);
  return [...all].map((scope) => ({ scope, text: textOf(scope, facts), isRequired: required.has(scope) }));
}
